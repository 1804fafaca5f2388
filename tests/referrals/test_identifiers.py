"""Identifiers that fail their check are warned of and kept; good ones are left alone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referrals.domain.identifiers import (
    nhs_number_problem,
    postcode_problem,
    upn_problem,
    uprn_problem,
    warnings_of,
)
from tests.referrals.documents import Document, child, document, member

RECEIVED_ON = date(2026, 11, 20)


@pytest.mark.parametrize("upn", ["A950000178301", "H243278544154", "C941159083016", "Y940091390996", "a941030824628"])
def test_good_upns_pass(upn: str) -> None:
    """The published good numbers and those of the examples pass, in either case."""
    assert upn_problem(upn) is None


@pytest.mark.parametrize(
    "upn",
    [
        "R247962919251",
        "A950000178310",
        "B950000178301",
        "I950000178301",
        "A95000017830",
        "A9500001783011",
        "A95000017830O",
        "٠٩٥٠٠٠٠١٧٨٣٠١",
        "?",
    ],
)
def test_bad_upns_are_warned_of(upn: str) -> None:
    """A wrong check letter, a changed digit, a letter that is never used or a wrong length is seen."""
    assert upn_problem(upn) is not None


def test_a_temporary_upn_ends_in_a_letter() -> None:
    """The letter at the end is weighed by its place in the alphabet without I, O and S."""
    passing = [first for first in "ABCDEFGHJKLMNPQRTUVWXYZ" if upn_problem(f"{first}94000012345B") is None]
    assert passing == ["W"]


@given(st.text("0123456789", min_size=11, max_size=11), st.integers(0, 10), st.integers(1, 9))
def test_one_changed_digit_of_a_upn_is_seen(digits: str, place: int, change: int) -> None:
    """The modulus is prime, so that no single digit changes unseen."""
    numbers = [f"{first}{digits}0" for first in "ABCDEFGHJKLMNPQRTUVWXYZ"]
    good = next(upn for upn in numbers if upn_problem(upn) is None)
    changed = str((int(good[place + 1]) + change) % 10)
    assert upn_problem(good[: place + 1] + changed + good[place + 2 :]) is not None


@pytest.mark.parametrize("number", ["9434765919", "943 476 5919", "943-476-5919", "9995260182", "9996131866"])
def test_good_nhs_numbers_pass(number: str) -> None:
    """Numbers of the synthetic range pass as they are commonly written."""
    assert nhs_number_problem(number) is None


@pytest.mark.parametrize("number", ["9990001234", "9434765918", "943476591", "94347659190", "٩٤٣٤٧٦٥٩١٩", "nine"])
def test_bad_nhs_numbers_are_warned_of(number: str) -> None:
    """A wrong check digit, a wrong length or other digits are seen."""
    assert nhs_number_problem(number) is not None


@pytest.mark.parametrize(
    ("uprn", "good"), [("1", True), ("100123456789", True), ("1001234567890", False), ("A", False)]
)
def test_property_references_have_up_to_twelve_digits(uprn: str, good: bool) -> None:
    """Up to twelve digits, and nothing else."""
    assert (uprn_problem(uprn) is None) is good


@pytest.mark.parametrize(
    "postcode", ["NN1 5BD", "nn15bd", "NN12 6HQ", "M1 1AA", "EC1A 1BB", "W1A 0AX", "CR2 6XH", "B33 8TH"]
)
def test_whole_postcodes_pass(postcode: str) -> None:
    """Each of the six shapes passes, in either case, with or without a space."""
    assert postcode_problem(postcode) is None


@pytest.mark.parametrize(
    ("postcode", "says"),
    [
        ("NN12", "incomplete"),
        ("nn12 6", "incomplete"),
        ("M1", "incomplete"),
        ("1234", "shape"),
        ("NN123 6HQ", "shape"),
    ],
)
def test_other_postcodes_are_warned_of(postcode: str, says: str) -> None:
    """A district alone is incomplete; anything else is no postcode."""
    assert says in (postcode_problem(postcode) or "")


WARNED: list[tuple[str, Document, list[str]]] = [
    ("nothing wrong", document(), []),
    ("child's number", document(children=[child(), child(nhs_number="9990001234")]), ["/children/1/nhs_number"]),
    ("where found", document(children=[child(found_at={"postcode": "NN12"})]), ["/children/0/found_at/postcode"]),
    (
        "both of an address",
        document(children=[child(address={"postcode": "NN12", "uprn": "x"})]),
        ["/children/0/address/uprn", "/children/0/address/postcode"],
    ),
    ("adult's address", document(household=[member(address={"postcode": "NN"})]), ["/household/0/address/postcode"]),
    ("eighteen today", document(children=[child(date_of_birth="2008-11-20")]), ["/children/0/date_of_birth"]),
    ("eighteen tomorrow", document(children=[child(date_of_birth="2008-11-21")]), []),
    ("a grown-up in the household", document(household=[member(date_of_birth="1980-01-01")]), []),
    (
        "delivery too far off",
        document(children=[{"given_name": "Unborn", "expected_delivery_date": "2027-09-20"}]),
        ["/children/0/expected_delivery_date"],
    ),
    (
        "delivery long past",
        document(children=[{"given_name": "Unborn", "expected_delivery_date": "2026-09-01"}]),
        ["/children/0/expected_delivery_date"],
    ),
    ("delivery near", document(children=[{"given_name": "Unborn", "expected_delivery_date": "2027-02-08"}]), []),
]


@pytest.mark.parametrize(("_case", "sent", "pointers"), WARNED, ids=[row[0] for row in WARNED])
def test_warnings_point_to_their_place(_case: str, sent: Document, pointers: list[str]) -> None:
    """What looks wrong is named by its place, and nothing else is."""
    assert [warned.pointer for warned in warnings_of(sent, RECEIVED_ON)] == pointers
