"""Identifiers that are not read are warned of and kept; good ones are left alone."""

from datetime import date

import pytest

from services.referrals.domain.identifiers import postcode_problem, warnings_of
from tests.referrals.documents import Document, child, document, member

RECEIVED_ON = date(2026, 11, 20)


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
    (
        "as spreadsheets leave them",
        document(
            children=[
                child(
                    nhs_number="943\u00a0476\u202f5919",
                    upn="H 243278544154",
                    address={"postcode": "NN12\u20096AB", "uprn": "100 041 093 784"},
                )
            ]
        ),
        [],
    ),
    ("one digit ten times over", document(children=[child(nhs_number="1111111111")]), ["/children/0/nhs_number"]),
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
