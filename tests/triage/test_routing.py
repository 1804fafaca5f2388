"""Which service of early help fits a child."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.triage.routing import AgeBand, Service, choose, read_directory
from tests.conftest import HUB_FOLDER

WEST, NORTH = "E06000062", "E06000061"
DIRECTORY = read_directory((HUB_FOLDER / "directory.json").read_bytes())
BAND = AgeBand(unborn=True, from_months=0, to_months=71, places=1)


def _slug(district: str | None, *, council: str | None = None, age: int | None = 100, unborn: bool = False,
          level: int = 2) -> str | None:  # fmt: skip
    found = choose(DIRECTORY, council=council, district=district, age_months=age, unborn=unborn, level=level)
    return found.slug if found else None


def _service(slug: str, **changes: Any) -> Service:
    return Service(slug=slug, provider=slug, name=slug, level=2, age_bands=(BAND,), **changes)


@pytest.mark.parametrize(
    ("slug", "districts"),
    [
        ("towcester-family-hub", "NN7 NN11 NN12 NN13"),
        ("northampton-family-hub", "NN1 NN2 NN3 NN4 NN5 NN6"),
        ("kettering-family-hub", "NN14 NN15 NN16"),
        ("wellingborough-family-hub", "NN8 NN9 NN10 NN29"),
        (None, "NN17 NN18 PE8 MK19 OX17 CV23"),
    ],
)
def test_the_family_hub_of_a_district(slug: str | None, districts: str) -> None:
    """Each district has one hub; some have none on purpose, and a person finds something else."""
    assert {_slug(district, council=NORTH) for district in districts.split()} == {slug}


@pytest.mark.parametrize(
    ("age", "unborn", "fits"),
    [
        (0, True, True),
        (0, False, True),
        (71, False, True),
        (72, False, True),
        (239, False, True),
        (240, False, False),
        (None, False, False),
        (None, True, True),
    ],
)
def test_the_ages_a_hub_takes(age: int | None, unborn: bool, fits: bool) -> None:
    """From before birth to 19; an age not known fits nowhere."""
    assert (_slug("NN12", age=age, unborn=unborn) is not None) is fits


@pytest.mark.parametrize(
    ("level", "council", "slug"),
    [
        (3, WEST, "trust-targeted-support"),
        (3, NORTH, "trust-targeted-support"),
        (3, None, None),
        (1, WEST, None),
        (4, WEST, None),
    ],
)
def test_other_levels_are_not_for_family_hubs(level: int, council: str | None, slug: str | None) -> None:
    """Level 3 is the trust's in both councils; levels 1 and 4 have no service."""
    assert _slug("NN12", council=council, level=level) == slug


def test_a_child_of_no_known_place_fits_nowhere() -> None:
    """Neither district nor council, no service."""
    assert _slug(None) is None


def test_a_child_before_birth_needs_a_band_for_it() -> None:
    """A band from 0 months is not yet one for the unborn."""
    band = AgeBand(from_months=0, to_months=71, places=1)
    service = Service(slug="s", provider="s", name="s", level=2, areas=frozenset({"NN1"}), age_bands=(band,))
    asked: dict[str, Any] = {"council": None, "district": "NN1", "age_months": 0, "level": 2}
    assert choose((service,), unborn=True, **asked) is None
    assert choose((service,), unborn=False, **asked) is service


def test_the_own_district_comes_before_the_council_then_the_lower_slug() -> None:
    """Nearness ranks first, and the name breaks the tie."""
    far = _service("a-far", councils=frozenset({WEST}))
    near, nearer = _service("z-near", areas=frozenset({"NN1"})), _service("y-near", areas=frozenset({"NN1"}))
    asked: dict[str, Any] = {"council": WEST, "district": "NN1", "age_months": 3, "unborn": False, "level": 2}
    assert choose((far, near, nearer), **asked) is nearer
    assert choose((far,), **asked) is far


@settings(derandomize=True, deadline=None, max_examples=100, database=None)
@given(
    council=st.sampled_from([WEST, NORTH, None]),
    district=st.sampled_from(["NN1", "NN12", "NN16", "NN17", "NN7", None]),
    age=st.none() | st.integers(0, 300),
    unborn=st.booleans(),
    level=st.integers(1, 4),
)
def test_the_order_of_the_directory_never_matters(
    council: str | None, district: str | None, age: int | None, unborn: bool, level: int
) -> None:
    """The same child gets the same service, one of its level, from any order of the listing."""
    asked: dict[str, Any] = {
        "council": council, "district": district, "age_months": age, "unborn": unborn, "level": level
    }  # fmt: skip
    found = choose(DIRECTORY, **asked)
    shuffled = tuple(random.Random(str(asked)).sample(DIRECTORY, len(DIRECTORY)))
    assert choose(shuffled, **asked) == found
    assert found is None or found.level == level


@pytest.mark.parametrize(
    "listing",
    [
        "{}",
        '[{"slug": "s"}]',
        '[{"slug": "s", "provider": "s", "name": "s", "level": 2, "age_bands": []}]',
        '[{"slug": "s", "provider": "s", "name": "s", "level": "2", "areas": ["NN1"], "age_bands": []}]',
    ],
)
def test_a_listing_that_does_not_fit_is_refused(listing: str) -> None:
    """A directory with holes stops the start, not an offer."""
    with pytest.raises(ValidationError):
        read_directory(listing)
