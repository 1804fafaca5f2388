"""Which service of early help fits a child, why it does, and why the others do not."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.triage.routing import AgeBand, Choice, Seeker, Service, Why, choice, choose
from tests.triage.directory import starter_directory

WEST, NORTH = "E06000062", "E06000061"
DIRECTORY = starter_directory()
BAND = AgeBand(unborn=True, from_months=0, to_months=71, places=1)
OLDER = AgeBand(from_months=72, to_months=239, places=1)


def seeker(child: int = 0, **told: Any) -> Seeker:
    known: dict[str, Any] = {"council": WEST, "district": "NN1", "age_months": 3, "unborn": False, "level": 2}
    return Seeker(child, **{**known, **told})


def service(slug: str, *bands: AgeBand, **told: Any) -> Service:
    return Service(slug=slug, provider=slug, name=slug, level=2, age_bands=bands or (BAND,), **told)


def taken(choices: Sequence[Choice]) -> list[str | None]:
    return [choice.service.slug if choice.service else None for choice in choices]


def _slug(district: str | None, *, council: str | None = None, age: int | None = 100, unborn: bool = False,
          level: int = 2) -> str | None:  # fmt: skip
    asked = seeker(council=council, district=district, age_months=age, unborn=unborn, level=level)
    return taken(choose(DIRECTORY, [asked]))[0]


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


def test_a_child_before_birth_needs_a_band_for_it() -> None:
    """A band from 0 months is not yet one for the unborn."""
    born = service("s", AgeBand(from_months=0, to_months=71), areas=frozenset({"NN1"}))
    assert taken(choose((born,), [seeker(unborn=True, age_months=0)])) == [None]
    assert taken(choose((born,), [seeker(age_months=0)])) == ["s"]


def test_the_order_of_preference() -> None:
    """The own district comes before the council, then more named needs, then more free places, then the lower slug."""
    near = {"areas": frozenset({"NN1"})}
    far = service("a-far", councils=frozenset({WEST}))
    plain, other = service("y-near", **near), service("x-near", **near)
    for_sleep = service("z-sleep", **near, needs=frozenset({"sleep", "debt"}))
    roomy = service("zz-roomy", AgeBand(from_months=0, to_months=71, places=9), **near)
    asked = [seeker(needs=frozenset({"sleep"}))]
    directory: tuple[Service, ...] = (far, plain, other, for_sleep, roomy)
    for expected in ("z-sleep", "zz-roomy", "x-near", "y-near", "a-far"):
        assert taken(choose(directory, asked)) == [expected]
        directory = tuple(one for one in directory if one.slug != expected)
    assert taken(choose((), asked)) == [None]


def test_every_service_is_explained() -> None:
    """The chosen one comes first with what speaks for it, then those that fit, then each other with what bars it."""
    near = service("near", areas=frozenset({"NN1"}))
    far = service("far", councils=frozenset({WEST}))
    elsewhere = service("elsewhere", OLDER, areas=frozenset({"NN9"}))
    for_debt = service("for-debt", areas=frozenset({"NN1"}), needs=frozenset({"debt"}))
    (choice,) = choose((elsewhere, for_debt, far, near), [seeker(tried=frozenset({"for-debt"}))])
    assert [(one.service, one.fits, one.reasons) for one in choice.considered] == [
        ("near", True, (Why.OWN_DISTRICT,)),
        ("far", True, (Why.OWN_COUNCIL,)),
        ("elsewhere", False, (Why.AREA, Why.AGE)),
        ("for-debt", False, (Why.NEED, Why.OFFERED_BEFORE)),
    ]


@pytest.mark.parametrize(
    ("told", "free", "why"),
    [
        ({}, 0, Why.FULL),
        ({"tried": frozenset({"s"})}, 1, Why.OFFERED_BEFORE),
        ({"age_months": 100}, 1, Why.AGE),
        ({"district": "NN9", "council": NORTH}, 0, Why.AREA),
        ({"agreed": False}, 1, Why.NO_AGREEMENT),
    ],
)
def test_why_a_child_found_none(told: dict[str, Any], free: int, why: Why) -> None:
    """It is told apart whether there is no such service or none is free, and a refusal is no lack of services."""
    (choice,) = choose((service("s", areas=frozenset({"NN1"})),), [seeker(**told)], {("s", BAND.key): free})
    assert (choice.service, choice.why_none) == (None, why)


def test_brothers_and_sisters_stay_together() -> None:
    """A service that has places for all comes before nearer ones that part them; with none for all, most stay."""
    near = {"areas": frozenset({"NN1"})}
    young, old = service("for-the-young", BAND, **near), service("for-the-old", OLDER, **near)
    both = service("z-for-both", BAND, OLDER, councils=frozenset({WEST}))
    family = [seeker(0, age_months=3), seeker(1, age_months=100)]
    choices = choose((young, old, both), family)
    assert taken(choices) == ["z-for-both", "z-for-both"]
    assert all(Why.WITH_SIBLINGS in choice.considered[0].reasons for choice in choices)
    assert [choice.band for choice in choices] == [BAND.key, OLDER.key]
    assert taken(choose((young, old, both), family, {("z-for-both", OLDER.key): 0})) == ["for-the-young", "for-the-old"]
    assert taken(choose((both, young), [*family, seeker(2, age_months=5)])) == [
        "z-for-both",
        "z-for-both",
        "for-the-young",
    ]


def test_no_place_is_given_twice() -> None:
    """Of two children of one age, one place holds one; the other finds the service full."""
    choices = choose((service("s", areas=frozenset({"NN1"})),), [seeker(0), seeker(1)])
    assert taken(choices) == ["s", None]
    assert choices[1].why_none is Why.FULL


seekers = st.builds(
    seeker,
    child=st.just(0),
    council=st.sampled_from([WEST, NORTH, None]),
    district=st.sampled_from(["NN1", "NN12", "NN16", "NN17", "NN7", None]),
    age_months=st.none() | st.integers(0, 300),
    unborn=st.booleans(),
    level=st.integers(1, 4),
)


@settings(derandomize=True, deadline=None, max_examples=100, database=None)
@given(family=st.lists(seekers, min_size=1, max_size=4), free=st.integers(0, 3))
def test_the_order_of_the_directory_never_matters(family: list[Seeker], free: int) -> None:
    """The same children get the same services, of their level and within the places, from any order of the listing."""
    children = [Seeker(**{**one.__dict__, "child": child}) for child, one in enumerate(family)]
    places = {(one.slug, band.key): free for one in DIRECTORY for band in one.age_bands}
    found = choose(DIRECTORY, children, places)
    shuffled = tuple(random.Random(str(children)).sample(DIRECTORY, len(DIRECTORY)))
    assert choose(shuffled, children, places) == found
    held = [(choice.service.slug, choice.band) for choice in found if choice.service]
    assert all(held.count(place) <= free for place in held)
    assert all(choice.service.level == choice.seeker.level for choice in found if choice.service)
    assert all((choice.service is None) is (choice.why_none is not None) for choice in found)


def test_each_service_is_held_against_each_child_a_fixed_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty children who each need a place of their own are found one without starting anew for each."""
    looked, usual = 0, choice._against  # noqa: SLF001 - what is counted

    def counted(*asked: Any) -> Any:
        nonlocal looked
        looked += 1
        return usual(*asked)

    monkeypatch.setattr(choice, "_against", counted)
    directory = tuple(service(f"s{number:03}", areas=["NN1"]) for number in range(50))
    found = taken(choose(directory, [seeker(child) for child in range(20)]))

    assert found == [f"s{number:03}" for number in range(20)]
    assert looked == 2 * 50 * 20
