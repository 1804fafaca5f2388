"""A case that is linked very often is shown all the same, without opening every referral behind its links."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import inspect, select

from services.triage.models import Case, Link
from services.triage.queries.history import links_of
from services.triage.queries.links import MOST_SHOWN
from shared.db import new_id, transaction
from shared.vault import Vault
from tests.factories import another_family
from tests.triage.conftest import SCREENER, Front, example


async def linked(front: Front, count: int) -> tuple[UUID, UUID]:
    """Return two cases with so many possible links between them, each of another person of the first."""
    first = await front.submit(another_family(example("03"), "First", born="2016-02-03"))
    second = await front.submit(another_family(example("03"), "Second", born="2014-05-06"))
    async with transaction(front.db) as session:
        ids = {row.referral_id: row.id for row in await session.execute(select(Case.id, Case.referral_id))}
        for number in range(count):
            session.add(
                Link(
                    id=new_id(),
                    case_id=ids[second],
                    person=f"/children/{number}",
                    other_case_id=ids[first],
                    other_person="/children/0",
                    relation="child",
                    state="possible",
                    score=0.6,
                    reasons=["given_name_same"],
                )
            )
    return ids[second], ids[first]


async def test_a_referral_behind_many_links_is_opened_once(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """All links are told of; whom some of them name is read, from a referral that is opened once."""
    case_id, other_id = await linked(front, MOST_SHOWN + 10)
    opened, usual = Counter[UUID](), Vault.open

    def counted(self: Vault, purpose: str, row_id: UUID, sealed: bytes) -> Any:
        opened[row_id] += 1
        return usual(self, purpose, row_id, sealed)

    monkeypatch.setattr(Vault, "open", counted)
    matches = (await front.http.get(f"/v1/cases/{case_id}", headers=SCREENER)).json()["matches"]

    assert len(matches) == MOST_SHOWN + 10
    assert Counter(match["candidate"] is not None for match in matches) == {True: MOST_SHOWN, False: 10}
    assert {match["candidate"]["name"] for match in matches if match["candidate"]} == {"Tsrif First"}
    assert opened[other_id] == 1


async def test_links_do_not_bring_the_referrals_along(front: Front) -> None:
    """Whoever asks for the links of a case gets the cases at their other ends without what is sealed."""
    case_id, _ = await linked(front, 3)
    async with transaction(front.db) as session:
        found = await links_of(session, case_id)

    assert len(found) == 3
    assert all("details" in inspect(other).unloaded for _, other in found)
