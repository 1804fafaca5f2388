"""What intake takes without a warning triage reads, and what triage reads intake does not warn of."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.referrals.domain.identifiers import warnings_of
from services.triage.domain import district_of, postcodes_of
from services.triage.matching.people import people_of

ON = date(2026, 11, 20)
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
BETWEEN = st.sampled_from(["", " ", "-", "\u00a0", "\u202f", "\u2009", "\u200b", "\u2013", ".", "/", "\t"])


@st.composite
def spellings(draw: st.DrawFn, *identifiers: str) -> str:
    """Draw an identifier as somebody may have typed it, mistyped at times."""
    signs = [draw(BETWEEN) + sign for sign in draw(st.sampled_from(identifiers))]
    if draw(st.booleans()):
        signs[draw(st.integers(0, len(signs) - 1))] = draw(st.sampled_from(["", "0", "x", "7"]))
    text = "".join(signs)
    return draw(st.sampled_from([text, text.lower(), f" {text} ", f"{text}, Towcester"]))


NUMBERS = st.text(max_size=14) | spellings("9434765919", "9995260182", "1111111111", "A950000178301")
POSTCODES = st.text(max_size=10) | spellings("NN126HQ", "NN15BD", "NN12", "EC1A1BB", "M1")


@given(NUMBERS, NUMBERS, POSTCODES)
def test_both_services_read_the_same(nhs_number: str, upn: str, postcode: str) -> None:
    """A number or a postcode is used where nobody was warned of it, and nowhere else."""
    child = {
        "given_name": "Robin",
        "nhs_number": nhs_number,
        "upn": upn,
        "address": {"postcode": postcode},
        "found_at": {"postcode": postcode},
    }
    document: dict[str, Any] = {"children": [child], "concern": {}}
    warned = {warning.pointer: warning.detail for warning in warnings_of(document, ON)}
    [person] = people_of(document, AT)

    assert bool(person.nhs_number) is (bool(nhs_number) and "/children/0/nhs_number" not in warned)
    assert bool(person.upn) is (bool(upn) and "/children/0/upn" not in warned)
    of_postcode = warned.get("/children/0/address/postcode", "")
    assert bool(person.postcode) is bool(postcodes_of(document)) is (bool(postcode) and not of_postcode)
    assert bool(district_of(document, 0)) is (bool(postcode) and "shape" not in of_postcode)
    assert warned.get("/children/0/found_at/postcode", "") == of_postcode
