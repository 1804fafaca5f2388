"""Makes the plain values that tests start from; every argument can be said, none has to be."""

from typing import Any

from shared import clock
from shared.db import new_id
from shared.events import CaseOpened, Event, ReferralSubmitted, Urgency


def case_opened(**said: Any) -> CaseOpened:
    values = {
        "referral_id": new_id(),
        "reference": "FD-2611-0000-0000",
        "detail_url": "/internal/cases/none/feedback",
        "case_id": new_id(),
    }
    return CaseOpened(**{**values, **said})


def referral_submitted(urgency: Urgency, **said: Any) -> Event:
    """Return the event of a referral whose sender said this of danger."""
    now = clock.now()
    values = {
        "referral_id": new_id(),
        "reference": "FD-2611-0000-0000",
        "detail_url": "/internal/referrals/none",
        "agency": "a-school",
        "kind": "request",
        "received_at": now,
        "decision_due_at": now,
    }
    return Event(ReferralSubmitted(**{**values, **said}), urgency=urgency)


def another_family(document: dict[str, Any], surname: str, *, born: str) -> dict[str, Any]:
    """Return the referral as of a family that nobody knows yet: other names, birth date and address, no numbers."""
    (child,) = document["children"]
    numbers = {"upn": None, "nhs_number": None}
    address = {"lines": [f"1 {surname} Lane"], "postcode": child["address"]["postcode"]}
    child |= {"given_name": surname[::-1].title(), "family_name": surname, "date_of_birth": born, "address": address}
    for person in document.get("household", []):
        person["name"] = f"{surname[:3]}a {surname}"
    return {**document, "children": [{name: value for name, value in child.items() if name not in numbers}]}


def large_family(number: int) -> dict[str, Any]:
    """Return a referral of as many people as there may be, all of one name and birth date, as in every other such."""
    born = "2015-03-10"
    children = [{"given_name": "Sam", "family_name": "Example", "date_of_birth": born} for _ in range(20)]
    household = [{"name": "Sam Example", "date_of_birth": born, "lives_with_child": "yes"} for _ in range(30)]
    return {
        "referrer": {"name": "A Sender", "phone": "01632 960000"},
        "children": [{**child, "address": {"postcode": "NN12 6XX"}} for child in children],
        "household": household,
        "concern": {"what_happened": f"Synthetic, number {number}.", "immediate_danger": "no"},
    }
