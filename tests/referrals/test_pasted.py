"""Referrals with what was pasted from a telephone or a spreadsheet: taken, and read as it was meant."""

from tests.referrals.conftest import TRIAGE, Front
from tests.referrals.documents import Document


async def kept_of(front: Front, document: Document) -> tuple[list[str], Document]:
    """Submit a document; return the pointers that were warned about, and what is kept of it."""
    accepted = await front.submit(document)
    detail = await front.http.get(f"/internal/referrals/{accepted['id']}", headers=TRIAGE)
    referral: Document = detail.json()["referral"]
    return [warning["pointer"] for warning in accepted["quality"]["warnings"]], referral


async def test_a_number_pasted_from_a_telephone(front: Front) -> None:
    """The unseen marks around it go, and the number is whole."""
    document = {
        "referrer": {"name": "Ina Probe", "phone": "\u202a01632 960001\u202c"},
        "children": [{"given_name": "Robin", "family_name": "Sample", "date_of_birth": "2016-05-04"}],
        "concern": {"what_happened": "A child is in danger now.", "immediate_danger": "yes"},
    }
    _, referral = await kept_of(front, document)
    assert referral["referrer"]["phone"] == "01632 960001"


async def test_no_break_spaces_as_spreadsheets_leave_them(front: Front) -> None:
    """They are spaces, and nobody is warned of them."""
    child = {
        "given_name": "Theo",
        "family_name": "Sample",
        "date_of_birth": "2016-05-04",
        "nhs_number": "943\u00a0476\u00a05919",
        "address": {"postcode": "NN12\u00a06AB"},
    }
    document = {
        "referrer": {"name": "Ina Probe", "phone": "01632\u00a0960001"},
        "children": [child],
        "concern": {"what_happened": "No-break spaces, as spreadsheets leave them.", "immediate_danger": "no"},
    }
    warned, referral = await kept_of(front, document)
    assert warned == []
    assert referral["children"][0]["nhs_number"] == "943 476 5919"
    assert referral["children"][0]["address"]["postcode"] == "NN12 6AB"
