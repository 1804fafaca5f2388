"""What the agency asked sees: whom it is asked about, and nothing of the rest."""

import asyncio
import json
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from services.triage.domain import RequestState, has_come, identity_of, withheld_of
from services.triage.domain.information import IDENTIFIERS, IDENTITY
from shared.audit import audit_rows
from shared.db import new_id, transaction
from tests.triage.asking import HOSPITAL, POLICE, QUESTION, SCHOOL, SECRETS, asked, claimed_case, family, respond
from tests.triage.conftest import Front


async def test_identity_and_questions_only(front: Front) -> None:
    """Neither list nor detail nor answer nor event holds narrative, referrer, address, household or another child."""
    case = await claimed_case(front)
    request = await asked(front, case)
    await asked(front, case, agency="a-police-force", children=[1], questions=["Is Brotherling known?"])
    listed = await front.http.get("/v1/information-requests", headers=HOSPITAL)
    detail = await front.http.get(f"/v1/information-requests/{request['id']}", headers=HOSPITAL)
    answered = await respond(front, request, {"answer": "Yes."})
    shown = detail.json()
    assert shown["children"] == [
        {
            "given_name": "Robin",
            "family_name": "Testling",
            "known_as": ["Rob"],
            "date_of_birth": "2018-05-23",
            "nhs_number": "9434765919",
        }
    ]
    assert (shown["questions"], shown["lawful_basis"]) == ([QUESTION], "public_task")
    assert shown["withhold"] == ["location", "referral"]
    events = json.dumps([event.fact.model_dump(mode="json") for event in await front.events()])
    for secret in (*SECRETS, "a-police-force", "2A"):
        assert all(secret not in text for text in (listed.text, detail.text, answered.text))
    assert all(secret not in events for secret in (*SECRETS, "Robin"))
    assert "Robin" not in listed.text


async def test_another_agencys_request_is_not_there(front: Front) -> None:
    """Reading, waiting and answering are all 404, the list is empty, and nothing is audited or changed by it."""
    request = await asked(front, await claimed_case(front))
    path = f"/v1/information-requests/{request['id']}"
    for url in (path, f"{path}?status=answered&wait=30", f"/v1/information-requests/{new_id()}", f"{path}x"):
        async with asyncio.timeout(10):
            assert (await front.http.get(url, headers=POLICE)).status_code == 404
    assert (await respond(front, request, {"answer": "Yes."}, SCHOOL)).status_code == 404
    assert (await front.http.get("/v1/information-requests", headers=POLICE)).json()["items"] == []
    async with transaction(front.db) as session:
        who = (await session.scalars(select(audit_rows.c.who))).all()
    assert not {"a-police-force", "a-school"} & set(who)


async def test_every_read_is_audited(front: Front) -> None:
    """List, detail and answer leave the agency, the purpose and the record."""
    case = await claimed_case(front)
    request = await asked(front, case)
    await front.http.get("/v1/information-requests", headers=HOSPITAL)
    await front.http.get(f"/v1/information-requests/{request['id']}", headers=HOSPITAL)
    await respond(front, request, {"answer": "Yes."})
    query = select(audit_rows).where(audit_rows.c.who == "a-hospital").order_by(audit_rows.c.position)
    async with transaction(front.db) as session:
        rows = [(row.action, row.record, row.record_id) for row in await session.execute(query)]
    assert rows == [
        ("information.listed", "information_request", UUID(request["id"])),
        ("information.read", "case", UUID(case["id"])),
        ("information.answered", "case", UUID(case["id"])),
    ]


async def test_the_list_goes_page_by_page(front: Front) -> None:
    """Each request comes once, the oldest first."""
    made = [(await asked(front, await claimed_case(front)))["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await front.http.get(f"/v1/information-requests?limit=2{cursor}", headers=HOSPITAL)).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made


async def test_a_reader_may_wait_for_the_answer(front: Front) -> None:
    """The path that news points at answers at once when the status is there, and when it comes."""
    request = await asked(front, await claimed_case(front))
    path = f"/v1/information-requests/{request['id']}"
    async with asyncio.timeout(20):
        assert (await front.http.get(f"{path}?status=asked&wait=30", headers=HOSPITAL)).json()["status"] == "asked"
        reading = asyncio.create_task(front.http.get(f"{path}?status=answered&wait=30", headers=HOSPITAL))
        await respond(front, request, {"refuse_reason": "We do not know the child."})
        assert (await reading).json()["status"] == "refused"


async def test_an_answer_can_be_sent_twice_under_its_key(front: Front) -> None:
    """A replay gets the first answer and changes nothing."""
    request = await asked(front, await claimed_case(front))
    sent = {**HOSPITAL, "Idempotency-Key": "once"}
    path = f"/v1/information-requests/{request['id']}/response"
    first = await front.http.post(path, json={"answer": "Yes."}, headers=sent)
    second = await front.http.post(path, json={"answer": "Yes."}, headers=sent)
    assert (first.status_code, second.status_code, second.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.json() == second.json()


async def test_what_is_asked_and_answered_is_sealed(front: Front) -> None:
    """Purpose, questions and answer stand in no column in the open."""
    case = await claimed_case(front)
    request = await asked(front, case, purpose="Quillpurpose", questions=["Quillquestion"])
    await respond(front, request, {"answer": "Quillanswer"})
    async with transaction(front.db) as session:
        connection = await session.connection()
        for table in ("information_requests", "information_responses", "new_information", "timeline", "outbox",
                      "audit_rows", "idempotent_answers"):  # fmt: skip
            for row in await connection.exec_driver_sql(f"SELECT t::text FROM {table} t"):
                assert not any(word in row[0] or word.encode().hex() in row[0] for word in WORDS)


WORDS = ("Quillpurpose", "Quillquestion", "Quillanswer")

CHILDREN = st.dictionaries(
    st.sampled_from([*IDENTITY, "nhs_number", "upn", "address", "found_at", "whereabouts_now", "school", "ethnicity"]),
    st.text(min_size=1),
)


@given(CHILDREN, st.sampled_from(["2A", "3E", "5A", "6", "9", None]))
def test_identity_is_never_more_than_identity(child: dict[str, Any], source: str | None) -> None:
    """Whatever is known of a child, only names, birth, sex and the numbers of that kind of agency are told."""
    allowed = {*IDENTITY, *IDENTIFIERS.get((source or "")[:1], ())}
    told = identity_of(child, source)
    assert told.keys() == child.keys() & allowed


def test_what_is_withheld_names_nobody() -> None:
    """The codes follow the children into the request; a protected place of another child does not."""
    referral = family()
    assert withheld_of(referral, [0]) == ["location", "referral"]
    assert withheld_of(referral, [1]) == ["referral"]
    assert withheld_of(family(household=[]), [1]) == []


def test_a_reader_stops_at_what_settles() -> None:
    """Who waits for an answer also stops at a refusal and a withdrawal, and silence ends no wait for an answer."""
    state = RequestState
    assert all(has_come(settled, awaited) for settled in (state.ANSWERED, state.REFUSED, state.WITHDRAWN)
               for awaited in state)  # fmt: skip
    assert has_come(state.OVERDUE, state.ASKED)
    assert not has_come(state.OVERDUE, state.ANSWERED)
    assert not has_come(state.ASKED, state.OVERDUE)
