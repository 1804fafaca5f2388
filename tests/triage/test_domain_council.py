"""The council of a child, by postcode district."""

from typing import Any

import pytest

from services.triage.domain import council_of, district_of

WEST, NORTH = "E06000062", "E06000061"
DISTRICTS = {WEST: ("NN1", "NN12"), NORTH: ("NN8", "NN16", "NN17")}


def _document(child: dict[str, Any], *household: dict[str, Any]) -> dict[str, Any]:
    return {"children": [{"given_name": "A"}, child], "household": list(household)}


def _at(postcode: str | None) -> dict[str, Any]:
    return {"address": {"lines": ["1 Some Street"], "postcode": postcode}}


@pytest.mark.parametrize(
    ("postcode", "district"),
    [
        ("NN12 6HQ", "NN12"),
        ("nn12 6hq", "NN12"),
        ("NN126HQ", "NN12"),
        (" NN12  6HQ ", "NN12"),
        ("NN12-6HQ", "NN12"),
        ("NN12", "NN12"),
        ("NN 12", "NN12"),
        ("NN12 6", "NN12"),
        ("NN1 2AB", "NN1"),
        ("NN12AB", "NN1"),
        ("NN1", "NN1"),
        ("EC1A 1BB", "EC1A"),
        ("W1A 0AX", "W1A"),
        ("M1 1AE", "M1"),
        ("", None),
        ("not known", None),
        ("12", None),
        ("\uff2e\uff2e12 6HQ", "NN12"),
        ("NN12 6H", "NN12"),
        ("NN126", "NN12"),
        ("Towcester NN12 6HQ", "NN12"),
        ("NN1 2AB and NN12 6HQ", None),
        ("²²² 3AB", None),
    ],
)
def test_the_district_of_what_was_written(postcode: str, district: str | None) -> None:
    """Whole and incomplete postcodes, with and without spaces; what has no shape has no district."""
    assert district_of(_document(_at(postcode)), 1) == district


@pytest.mark.parametrize(
    ("child", "council"),
    [
        (_at("NN12 6HQ"), WEST),
        (_at("NN17"), NORTH),
        (_at("NN7 1AA"), None),
        (_at(None), None),
        ({}, None),
        ({"address": None, "found_at": None}, None),
        ({"found_at": {"text": "A car park", "postcode": "NN16 8TQ"}}, NORTH),
        ({"found_at": {"text": "A car park"}}, None),
        ({**_at("NN1 5BD"), "found_at": {"postcode": "NN16 8TQ"}}, WEST),
        ({**_at("NN7 1AA"), "found_at": {"postcode": "NN16 8TQ"}}, None),
        ({**_at("unclear"), "found_at": {"postcode": "NN16 8TQ"}}, NORTH),
    ],
)
def test_the_child_s_address_decides_then_where_it_was_found(child: dict[str, Any], council: str | None) -> None:
    """An address across borders is not known, wherever the child was found."""
    assert council_of(_document(child), 1, DISTRICTS) == council


def test_the_household_s_address_is_not_the_child_s() -> None:
    """A born child without an address has no council, whatever the mother's."""
    document = _document({}, {"relationship": "mother", **_at("NN1 5BD")})
    assert council_of(document, 1, DISTRICTS) is None


def test_before_birth_it_is_the_mother_s() -> None:
    """The mother's address comes first, another member's never, and without hers the child's own serves."""
    unborn = {"expected_delivery_date": "2027-02-08"}
    father, mother = {"relationship": "father", **_at("NN16 1AA")}, {"relationship": "mother", **_at("NN1 5BD")}
    assert council_of(_document({**unborn, **_at("NN8 4LJ")}, father, mother), 1, DISTRICTS) == WEST
    assert council_of(_document({**unborn, **_at("NN8 4LJ")}, father), 1, DISTRICTS) == NORTH
    assert council_of(_document(unborn, father), 1, DISTRICTS) is None
