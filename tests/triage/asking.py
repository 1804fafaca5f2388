"""A family of whom partners are asked, and the partners; everything that they must not learn has a word of its own."""

import secrets
from typing import Any

import httpx

from tests.fakes import as_partner
from tests.triage.conftest import SCREENER, Front

HOSPITAL = as_partner("a-hospital", "information:respond")
SCHOOL = as_partner("a-school", "information:respond")
POLICE = as_partner("a-police-force", "information:respond")
AGENCIES = {"a-hospital": "3E", "a-school": "2A", "a-police-force": "6"}

SECRETS = ("Marzipan", "Quillreferrer", "Brotherling", "Fatherling", "Bramble Lane", "NN12 6XX", "Hillside School")
QUESTION = "Was Robin seen in the last month, and by whom?"


def family(**said: Any) -> dict[str, Any]:
    """Return a referral of two children whose address is protected, from a father who must not learn where."""
    address = {"lines": ["2 Bramble Lane"], "postcode": "NN12 6XX"}
    robin = {
        "given_name": "Robin",
        "family_name": "Testling",
        "known_as": ["Rob"],
        "date_of_birth": "2018-05-23",
        "nhs_number": "9434765919",
        "upn": "A950000178301",
        "address": address,
        "location_protected": True,
        "school": {"name": "Hillside School"},
        "whereabouts_now": "Bramble Lane",
    }
    brother = {"given_name": "Brotherling", "family_name": "Testling", "date_of_birth": "2015-01-02"}
    return {
        "source": "2A",
        "referrer": {"name": "Quillreferrer", "phone": "01632 960444"},
        "children": [robin, brother],
        "household": [{"name": "Fatherling", "relationship": "father", "must_not_learn": ["referral"]}],
        "concern": {
            "what_happened": "Marzipan.",
            "immediate_danger": "no",
            "indicators": [{"code": "low_level_neglect", "status": "present", "note": "Marzipan."}],
        },
        **said,
    }


def questions(agency: str = "a-hospital", **said: Any) -> dict[str, Any]:
    return {
        "agency": agency,
        "children": [0],
        "purpose": "To decide what help the child needs.",
        "lawful_basis": "public_task",
        "questions": [QUESTION],
        **said,
    }


async def claimed_case(front: Front, referral: dict[str, Any] | None = None) -> dict[str, Any]:
    """Open a case and let a screener claim it; the agencies are known to the referrals service."""
    front.referrals.details["/internal/agencies/answering"] = {"agencies": AGENCIES}
    case = await front.case_of(await front.submit(referral or family()))
    await front.post(case, "claim", {}, SCREENER)
    return await front.case_of(case["referral_id"])


async def asked(front: Front, case: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Ask an agency something that has to be taken; returns the request as staff see it."""
    reply = await front.post(case, "information-requests", questions(**said), SCREENER)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def respond(
    front: Front, request: dict[str, Any], body: dict[str, Any], headers: dict[str, str] = HOSPITAL
) -> httpx.Response:
    sent = {"Idempotency-Key": secrets.token_hex(8), **headers}
    return await front.http.post(f"/v1/information-requests/{request['id']}/response", json=body, headers=sent)
