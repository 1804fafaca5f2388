"""The synthetic referrals of `frontdoor demo`: taken by the front door, varied, and the same for the same seed."""

from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from nhs_number.validate import is_valid

from services.cli.synthetic import load_cast, synthetic_referrals
from services.referrals.domain import quality_of
from services.referrals.schemas import parse_referral
from shared.settings.hub import Hub
from tests.conftest import HUB_FOLDER

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CAST = load_cast(HUB_FOLDER)


@pytest.fixture(scope="module")
def made() -> list[tuple[str, dict[str, Any]]]:
    return list(islice(synthetic_referrals(CAST, 7, NOW.date()), 400))


def test_every_one_is_taken(made: list[tuple[str, dict[str, Any]]], hub: Hub) -> None:
    """The front door refuses none of them, and no identifier is wrong."""
    for _, document in made:
        referral = parse_referral(document, hub, "10", NOW)
        assert quality_of(referral.model_dump(mode="json"), NOW.date()).warnings == ()


def test_the_same_seed_gives_the_same_referrals(made: list[tuple[str, dict[str, Any]]]) -> None:
    """A run can be repeated, and another seed gives another one."""
    assert list(islice(synthetic_referrals(CAST, 7, NOW.date()), 400)) == made
    assert list(islice(synthetic_referrals(CAST, 8, NOW.date()), 400)) != made


def test_numbers_belong_to_no_person(made: list[tuple[str, dict[str, Any]]]) -> None:
    """NHS numbers are valid ones of the synthetic range, and telephones of the range kept for drama."""
    numbers = [c["nhs_number"] for _, d in made for c in d["children"] if "nhs_number" in c]
    assert numbers
    assert all(is_valid(number) and number.startswith("9") for number in numbers)
    assert all(d["referrer"]["phone"].startswith("01632 960") for _, d in made)


def test_they_differ_as_real_ones_do(made: list[tuple[str, dict[str, Any]]]) -> None:
    """Siblings, repeats, unborn, prose only, missing facts, other scripts, both councils: each occurs often."""
    documents = [d for _, d in made]
    first = [d["children"][0] for d in documents]
    districts = Counter(c["address"]["postcode"].split()[0] for c in first if "address" in c)
    seen = {
        "siblings": sum(len(d["children"]) > 1 for d in documents),
        "repeats": sum(count > 1 for count in Counter(c.get("nhs_number") for c in first).values()),
        "unborn": sum("expected_delivery_date" in c for c in first),
        "prose only": sum("indicators" not in d["concern"] for d in documents),
        "danger not known": sum(d["concern"]["immediate_danger"] == "not_known" for d in documents),
        "danger": sum(d["concern"]["immediate_danger"] == "yes" for d in documents),
        "nameless": sum(c["given_name"] == "not known" for c in first),
        "ageless": sum("estimated_age_years" in c for c in first),
        "no address": sum("address" not in c for c in first),
        "beyond ASCII": sum(not c["given_name"].isascii() for c in first),
        "beyond Latin": sum(c["given_name"][0] > "\u0370" for c in first),
        "west": sum(districts[d] for d in CAST.towns["west"]),
        "north": sum(districts[d] for d in CAST.towns["north"]),
        "one child's sign": sum("child" in i for d in documents for i in d["concern"].get("indicators", [])),
    }
    assert {name for name, count in seen.items() if count < 5} == set()
    assert {agency for agency, _ in made} == {"northants-police", "towcester-primary", "northampton-general"}
