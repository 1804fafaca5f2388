"""Reads lists of strings with whole numbers as parameters: the part of RFC 9651 that headers of ours are written in."""

import re

ITEM = re.compile(
    r'"(?P<name>[\x20-\x21\x23-\x5b\x5d-\x7e]*)"(?P<parameters>(?:; *[a-z*][a-z0-9_.*-]*=-?[0-9]{1,15})*)'
)
BETWEEN = re.compile(r"[ \t]*,[ \t]*")


def parse_items(field: str) -> dict[str, dict[str, int]]:
    """Return the parameters of each item by its string; raises `ValueError` where RFC 9651 says that parsing fails."""
    items: dict[str, dict[str, int]] = {}
    place = 0
    while True:
        item = ITEM.match(field, place)
        if item is None:
            msg = f"no item at {place}"
            raise ValueError(msg)
        pairs = (parameter.strip().split("=") for parameter in item["parameters"].split(";")[1:])
        items[item["name"]] = {key: int(value) for key, value in pairs}
        if item.end() == len(field):
            return items
        comma = BETWEEN.match(field, item.end())
        if comma is None:
            msg = f"no comma at {item.end()}"
            raise ValueError(msg)
        place = comma.end()
