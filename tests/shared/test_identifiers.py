"""Each identifier is read as people write it, into the one form that everything compares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.identifiers import (
    UPN_LETTERS,
    Postcode,
    read_nhs_number,
    read_postcode,
    read_upn,
    read_uprn,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9434765919", "9434765919"),
        ("943 476 5919", "9434765919"),
        ("943-476-5919", "9434765919"),
        ("943\u2013476\u20135919", "9434765919"),
        ("943\u00a0476\u202f5919", "9434765919"),
        ("\u202a943 476 5919\u202c", "9434765919"),
        ("\uff19\uff14\uff13 476 5919", "9434765919"),
        ("NHS 943 476 5919", "9434765919"),
        ("NHS no. 943 476 5919", "9434765919"),
        ("9995260182", "9995260182"),
        ("9990001234", None),
        ("9434765918", None),
        ("943476591", None),
        ("94347659190", None),
        ("9434765919.0", None),
        ("\u0669\u0664\u0663\u0664\u0667\u0666\u0665\u0669\u0661\u0669", None),
        ("9434765919 or 9995260182", None),
        ("1111111111", None),
        ("0000000000", None),
        ("not known", None),
        ("", None),
    ],
)
def test_nhs_numbers_as_they_are_written(text: str, number: str | None) -> None:
    """Spaces, hyphens and a label are passed over; a wrong check, a wrong length or one digit alone is no number."""
    assert read_nhs_number(text) == number


@pytest.mark.parametrize(
    ("text", "upn"),
    [
        ("A950000178301", "A950000178301"),
        ("H243278544154", "H243278544154"),
        ("a941030824628", "A941030824628"),
        ("A950 0001 78301", "A950000178301"),
        ("A950-000-178-301", "A950000178301"),
        ("R247962919251", None),
        ("A950000178310", None),
        ("B950000178301", None),
        ("I950000178301", None),
        ("A95000017830", None),
        ("A9500001783011", None),
        ("A95000017830O", None),
        ("\u0660\u0669\u0665\u0660\u0660\u0660\u0660\u0661\u0667\u0668\u0663\u0660\u0661", None),
        ("?", None),
    ],
)
def test_unique_pupil_numbers_as_they_are_written(text: str, upn: str | None) -> None:
    """A wrong check letter, a changed digit, a letter that is never used or a wrong length is seen."""
    assert read_upn(text) == upn


def test_a_temporary_upn_ends_in_a_letter() -> None:
    """The letter at the end is weighed by its place in the alphabet without I, O and S."""
    assert [first for first in UPN_LETTERS if read_upn(f"{first}94000012345B")] == ["W"]


@given(st.text("0123456789", min_size=11, max_size=11), st.integers(0, 10), st.integers(1, 9))
def test_one_changed_digit_of_a_upn_is_seen(digits: str, place: int, change: int) -> None:
    """The modulus is prime, so that no single digit changes unseen."""
    good = next(upn for first in UPN_LETTERS if (upn := read_upn(f"{first}{digits}0")))
    changed = str((int(good[place + 1]) + change) % 10)
    assert read_upn(good[: place + 1] + changed + good[place + 2 :]) is None


@pytest.mark.parametrize(
    ("text", "uprn"),
    [
        ("1", "1"),
        ("100123456789", "100123456789"),
        ("000100123456", "100123456"),
        ("100 123 456 789", "100123456789"),
        ("1001234567890", None),
        ("0", None),
        ("A", None),
    ],
)
def test_property_references_as_they_are_written(text: str, uprn: str | None) -> None:
    """Up to twelve digits and nothing else; leading zeros are no difference."""
    assert read_uprn(text) == uprn


@pytest.mark.parametrize(
    ("text", "district", "whole"),
    [
        ("NN1 5BD", "NN1", "NN15BD"),
        ("nn15bd", "NN1", "NN15BD"),
        ("NN12 6HQ", "NN12", "NN126HQ"),
        ("NN 12 6HQ", "NN12", "NN126HQ"),
        ("NN12-6HQ", "NN12", "NN126HQ"),
        ("NN12\u00a06HQ", "NN12", "NN126HQ"),
        ("NN1\u200b2 6HQ", "NN12", "NN126HQ"),
        ("\uff2e\uff2e12 6HQ", "NN12", "NN126HQ"),
        ("M1 1AA", "M1", "M11AA"),
        ("EC1A 1BB", "EC1A", "EC1A1BB"),
        ("W1A 0AX", "W1A", "W1A0AX"),
        ("CR2 6XH", "CR2", "CR26XH"),
        ("B33 8TH", "B33", "B338TH"),
        ("NN12 6HQ, Towcester", "NN12", "NN126HQ"),
        ("Towcester NN12 6HQ", "NN12", "NN126HQ"),
        ("flat 2, NN12 6HQ", "NN12", "NN126HQ"),
        ("NN12 6HQ or NN12 6HR", "NN12", None),
        ("NN12", "NN12", None),
        ("NN1\u200b2", "NN12", None),
        ("NN12 ???", "NN12", None),
        ("NN 12", "NN12", None),
        ("NN12 6", "NN12", None),
        ("NN12 6H", "NN12", None),
        ("NN126", "NN12", None),
        ("NN16", "NN16", None),
        ("M1 1", "M1", None),
    ],
)
def test_postcodes_as_they_are_written(text: str, district: str, whole: str | None) -> None:
    """Each of the six shapes, whole, cut short or among other words."""
    assert read_postcode(text) == Postcode(district, whole)


@pytest.mark.parametrize(
    "text", ["", "not known", "12", "1234", "NN123 6HQ", "\u00b2\u00b2\u00b2 3AB", "near the M1", "NN1 2AB or NN12 6HQ"]
)
def test_what_has_no_shape_is_no_postcode(text: str) -> None:
    """Nothing is guessed, and of two places neither is chosen."""
    assert read_postcode(text) is None


@given(st.text() | st.text("NnAaBb12 0-\u00a0\u200b", max_size=12))
def test_whatever_is_written_is_read_or_not(text: str) -> None:
    """No reader breaks, and what one returns it reads again as the same."""
    for read in (read_nhs_number, read_upn, read_uprn):
        found = read(text)
        assert found is None or read(found) == found
    postcode = read_postcode(text)
    assert postcode is None or read_postcode(postcode.whole or postcode.district) == postcode
