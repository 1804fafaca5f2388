"""Codes in the words that staff read; a code without words of its own is shown with spaces."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from shared.security import CASE_ROLES, Role

ROLES = {
    "screener": "Screener",
    "social_worker": "Social worker",
    "manager": "Manager",
    "out_of_hours": "Out of hours",
    "auditor": "Auditor",
    "admin": "Administrator",
}


def plain(code: object) -> str:
    """Return a code as words: `missed_health_checks` as `Missed health checks`."""
    text = str(code).replace("_", " ").replace(".", " ").strip()
    return text[:1].upper() + text[1:]


def label(table: Mapping[str, str], code: object) -> str:
    return table.get(str(code)) or plain(code)


MENU = (("/desk", "Your work", CASE_ROLES),)


def menu(roles: AbstractSet[Role]) -> list[tuple[str, str]]:
    """Return the places that somebody with these roles may go to, with their names."""
    return [(place, name) for place, name, allowed in MENU if roles & set(allowed)]
