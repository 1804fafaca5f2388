"""Who is found to be known already, what that counts for, and how a person settles it."""

import asyncio
import copy
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.triage.models import Case, Clock, Link, NewInformation
from shared.audit import audit_rows
from shared.db import transaction
from tests.fakes import eventually
from tests.triage.conftest import MANAGER, SCREENER, SCREENER_2, Front, example

NOW = datetime.now(UTC)


def changed(name: str, **child: Any) -> dict[str, Any]:
    """Return an example with its first child changed; None leaves a field out."""
    referral = copy.deepcopy(example(name))
    merged = {**referral["children"][0], **child}
    referral["children"][0] = {field: value for field, value in merged.items() if value is not None}
    return referral


def mistyped() -> dict[str, Any]:
    """Return the family hub's example with a mistyped name and no number: possibly the same child."""
    return changed("03", given_name="Oscra", upn=None)


async def settle(
    front: Front, case: dict[str, Any], word: str, link: dict[str, Any] | None = None, **body: str
) -> dict[str, Any]:
    """Confirm or remove the case's only link, unless another is named."""
    only = link or one(case["matches"])
    path = f"/v1/cases/{case['id']}/links/{only['id']}/{word}"
    reply = await front.http.post(path, json=body, headers=SCREENER)
    assert reply.status_code == 200, reply.text
    settled: dict[str, Any] = reply.json()
    return settled


def one(items: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(items) == 1, items
    return items[0]


async def test_a_number_birth_date_and_name_join_without_a_person(front: Front) -> None:
    """The second referral is linked automatically, keeps its route, and names the earlier one as history."""
    first = await front.case_of(await front.submit(example("04"), received_at=NOW - timedelta(days=9)))
    second = await front.case_of(await front.submit(example("04"), received_at=NOW))
    match = one(second["matches"])
    assert (match["state"], match["relation"], match["person"]) == ("automatic", "child", "/children/0")
    assert {"nhs_number_same", "birth_date_same", "given_name_same"} <= set(match["reasons"])
    assert match["other_case"]["reference"] == first["reference"]
    assert match["candidate"]["name"] == "Noah Brandt"
    history = one(second["history"])
    assert (history["reference"], history["relation"], history["level"]) == (first["reference"], "child", 2)
    assert second["status"] == "routed"
    assert second["receipt"]["facts"]["previous_contacts_90_days"] == 1
    assert one((await front.case_of(UUID(first["referral_id"])))["matches"])["other_case"]["id"] == second["id"]


async def test_a_possible_match_holds_the_route_until_a_person_settles_it(front: Front) -> None:
    """While it waits nothing is routed and nothing counts; confirmed, it counts and the route is taken."""
    await front.submit(example("03"), received_at=NOW - timedelta(days=9))
    case = await front.case_of(await front.submit(mistyped(), received_at=NOW))
    assert one(case["matches"])["state"] == "possible"
    assert case["receipt"]["facts"]["possible_match_waiting"] is True
    assert (case["status"], case["receipt"]["auto_route"], case["history"]) == ("unassigned", False, [])
    settled = await settle(front, case, "confirmation", reason="Same mother, same school.")
    assert settled["receipt"]["facts"]["previous_contacts_90_days"] == 1
    assert settled["receipt"]["facts"]["possible_match_waiting"] is False
    assert settled["status"] == "routed"
    assert len(settled["history"]) == 1
    assert [kept["cause"] for kept in settled["assessments"]] == ["opened", "link_confirmed"]
    assert "link.confirmed" in [step["what"] for step in settled["timeline"]]


async def test_a_removed_link_assesses_again(front: Front) -> None:
    """Two earlier contacts raise the third notice to level 4; with one of them removed it is level 3 again."""
    for days in (60, 30):
        await front.submit(example("07"), received_at=NOW - timedelta(days=days))
    case = await front.case_of(await front.submit(example("07"), received_at=NOW))
    assert (case["level"], len(case["history"])) == (4, 2)
    removed = await settle(front, case, "removal", case["matches"][0], reason="Another Casey.")
    assert (removed["level"], len(removed["history"])) == (3, 1)
    assert removed["receipt"]["facts"]["previous_contacts_90_days"] == 1
    assert sorted(match["state"] for match in removed["matches"]) == ["possible", "removed"]


async def test_settling_twice_the_same_way_is_settling_once(front: Front) -> None:
    """The second confirmation changes nothing; a removal takes it back."""
    await front.submit(example("03"), received_at=NOW - timedelta(days=9))
    case = await front.case_of(await front.submit(mistyped(), received_at=NOW))
    first = await settle(front, case, "confirmation")
    again = await settle(front, case, "confirmation")
    assert len(again["timeline"]) == len(first["timeline"])
    assert one((await settle(front, case, "removal"))["matches"])["state"] == "removed"


async def test_a_link_of_another_case_is_not_found(front: Front) -> None:
    """A link is settled on the cases that it joins, and nowhere else."""
    await front.submit(example("03"), received_at=NOW - timedelta(days=9))
    case = await front.case_of(await front.submit(mistyped(), received_at=NOW))
    stranger = await front.case_of(await front.submit(example("05")))
    link = case["matches"][0]["id"]
    for path in (f"{stranger['id']}/links/{link}/removal", f"{case['id']}/links/{case['id']}/confirmation"):
        assert (await front.http.post(f"/v1/cases/{path}", json={}, headers=SCREENER)).status_code == 404


async def test_nothing_is_settled_under_a_countersignature(front: Front) -> None:
    """While another manager looks at a decision, the grounds for it stay."""
    await front.submit(example("02"), received_at=NOW - timedelta(days=9))
    case = await front.case_of(await front.submit(example("02"), received_at=NOW))
    children = [{"child": child, "level": 2, "outcome": "family_hub"} for child in (0, 1)]
    told = {"rationale": "r", "feedback_to_referrer": "f", "override_reason": "o"}
    assert (await front.post(case, "decision", {"children": children, **told}, MANAGER)).status_code == 202
    path = f"/v1/cases/{case['id']}/links/{case['matches'][0]['id']}/removal"
    assert (await front.http.post(path, json={}, headers=SCREENER)).status_code == 409


async def test_a_twin_is_linked_by_the_mother_alone(front: Front) -> None:
    """A twin is no match of the other; the mother at the same address may be, and waits for a person."""
    await front.submit(example("03"))
    twin = await front.case_of(await front.submit(changed("03", given_name="Rufus", upn=None)))
    match = one(twin["matches"])
    assert (match["relation"], match["person"], match["state"]) == ("household", "/household/0", "possible")


async def test_families_in_one_refuge_are_strangers(front: Front) -> None:
    """The same refuge, surname and birth date link nobody."""
    refuge = {"lines": ["Orchard Refuge"], "postcode": "NN12 6HQ"}
    await front.submit(changed("03", address=refuge))
    case = await front.case_of(await front.submit(changed("03", given_name="Rufus", upn=None, address=refuge)))
    assert case["matches"] == []


async def test_an_address_of_many_families_counts_for_nothing(front: Front) -> None:
    """Once three strangers are known at an address, a namesake there is no match without a birth date."""

    def family(given: str, surname: str) -> dict[str, Any]:
        referral = changed("03", given_name=given, family_name=surname, upn=None, date_of_birth=None)
        return {**referral, "household": [{"name": f"Ann {surname}", "parental_responsibility": "yes"}]}

    await front.submit(family("Oscar", "Pell"))
    joined = await front.case_of(await front.submit(family("Oscar", "Pell")))
    assert [match["person"] for match in joined["matches"]] == ["/children/0"]
    for given, surname in (("Bilal", "Nasser"), ("Greta", "Thornbury"), ("Ivo", "Castellano")):
        await front.submit(family(given, surname))
    assert (await front.case_of(await front.submit(family("Oscar", "Pell"))))["matches"] == []


async def test_children_of_one_batch_find_each_other(front: Front) -> None:
    """Of two referrals that arrive at once, the later one is linked to the earlier; siblings in one never."""
    events = [front.announce(example("10")) for _ in range(2)]
    await front.consume(*events)
    first, second = [await front.case_of(event.fact.subject) for event in events]
    assert {match["other_case"]["id"] for match in second["matches"]} == {first["id"]}
    assert sorted(match["person"] for match in second["matches"]) == ["/children/0", "/children/1"]


async def test_a_protected_location_is_neither_compared_nor_shown(front: Front) -> None:
    """Where a child may not be found, its address gives no reason, and a candidate never has one."""
    await front.submit(example("02"))
    case = await front.case_of(await front.submit(example("02")))
    assert len(case["matches"]) == 2
    assert not [r for match in case["matches"] for r in match["reasons"] if "address" in r or "postcode" in r]
    fields = {"name", "known_as", "date_of_birth", "expected_delivery_date", "sex", "relationship"}
    assert all(match["candidate"].keys() == fields for match in case["matches"])


async def test_a_restricted_referral_names_nobody(front: Front) -> None:
    """The link is there to be asked about; whom it names is not."""
    await front.submit({**example("04"), "restricted": True})
    case = await front.case_of(await front.submit(example("04")))
    assert one(case["matches"])["candidate"] is None


async def test_reading_a_match_is_a_read_of_the_other_case(front: Front) -> None:
    """The other child's record has an audit row of who saw it here."""
    first = await front.case_of(await front.submit(example("04")))
    await front.case_of(await front.submit(example("04")), SCREENER_2)
    query = select(audit_rows).where(audit_rows.c.action == "match.read", audit_rows.c.who == "screener-2")
    async with transaction(front.db) as session:
        assert [str(row.record_id) for row in await session.execute(query)] == [first["id"]]


async def test_news_of_a_child_goes_to_its_worker(front: Front) -> None:
    """A referral about the child of a claimed case puts news and a clock on that case, and is offered to its owner."""
    first = await front.case_of(await front.submit(example("05")))
    await front.post(first, "claim", {}, SCREENER_2)
    second = await front.case_of(await front.submit(example("05")))
    assert one(second["matches"])["other_case"]["owner"] == "screener-2"
    async with transaction(front.db) as session:
        news = (await session.scalars(select(NewInformation))).one()
        clocks = (await session.scalars(select(Clock.kind).where(Clock.about == news.id))).all()
        known_to = await session.scalar(select(Case.known_to).where(Case.id == UUID(second["id"])))
    assert (str(news.case_id), str(news.from_case_id), news.kind) == (first["id"], second["id"], "linked_case")
    assert (clocks, known_to) == (["new_information"], "screener-2")


async def test_an_earlier_case_that_is_completed_later_counts_in_the_later_one(front: Front) -> None:
    """When a pending referral can be read at last, those received after it are assessed again."""
    front.referrals.away = True
    pending = await front.submit(example("07"), received_at=NOW - timedelta(days=30), fetched=False)
    front.referrals.away = False
    later = await front.submit(example("07"), received_at=NOW)
    assert (await front.case_of(later))["history"] == []
    front.answer(pending, example("07"), NOW - timedelta(days=30))

    async def assessed() -> dict[str, Any] | None:
        case = await front.case_of(later)
        return case if case["receipt"]["facts"]["previous_contacts_90_days"] == 1 else None

    case = await eventually(assessed)
    assert len(case["history"]) == 1
    assert case["assessments"][-1]["cause"] == "earlier_case_known"


async def test_events_say_nothing_of_earlier_cases(front: Front) -> None:
    """What partners are told of the second case names neither the first one nor its reference."""
    first = await front.case_of(await front.submit(example("04")))
    before = len(await front.events())
    await front.submit(example("04"))
    said = str([event.fact.model_dump(mode="json") for event in (await front.events())[before:]])
    assert first["reference"] not in said
    assert first["id"] not in said


async def test_two_processes_at_once_miss_nothing(front: Front) -> None:
    """Of referrals about one child that are taken in side by side, each is linked to those before it."""
    events = [front.announce(example("04")) for _ in range(4)]
    await asyncio.gather(*(front.consume(event) for event in events))
    async with transaction(front.db) as session:
        ends = (await session.execute(select(Link.case_id, Link.other_case_id))).all()
    assert len({frozenset(end) for end in ends}) == len(ends) == 6
