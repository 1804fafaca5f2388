"""Challenges of decisions, as staff and the partners who raised them see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import ChallengeState
from services.triage.models import Case, Challenge
from services.triage.schemas import ChallengeList, ChallengeOfPartner, ChallengeOut, OpenChallenge, OpenChallenges
from shared.http.reading import encode_cursor
from shared.problems import NotFound
from shared.settings.hub import Hub, Stage
from shared.vault import Vault

MOST_SHOWN = 200
SEALED = ("reason", "wanted_outcome", "answer")


async def own_case(session: AsyncSession, agency: str, referral_id: UUID) -> Case:
    """Return the case of the agency's own referral; raises `NotFound` for another's."""
    case = (
        await session.scalars(select(Case).where(Case.referral_id == referral_id, Case.agency == agency))
    ).one_or_none()
    if case is None:
        raise NotFound("There is no such referral of yours in triage.")
    return case


async def find_challenge(session: AsyncSession, case_id: UUID, challenge_id: UUID) -> Challenge:
    """Return the challenge of this case; raises `NotFound`."""
    challenge = await session.get(Challenge, challenge_id)
    if challenge is None or challenge.case_id != case_id:
        raise NotFound("There is no such challenge of this case.")
    return challenge


async def challenges_of(session: AsyncSession, case_id: UUID, decision_id: UUID | None = None) -> Sequence[Challenge]:
    """Return the challenges of a case, or of one of its decisions, the first before the others."""
    query = select(Challenge).where(Challenge.case_id == case_id).order_by(Challenge.raised_at, Challenge.id)
    if decision_id is not None:
        query = query.where(Challenge.decision_id == decision_id)
    return (await session.scalars(query)).all()


async def show_challenges(session: AsyncSession, vault: Vault, case: Case) -> list[ChallengeOut]:
    return [ChallengeOut(**_shown(vault, one)) for one in await challenges_of(session, case.id)]


async def show_own_challenges(session: AsyncSession, vault: Vault, case: Case) -> ChallengeList:
    items = [ChallengeOfPartner(**_shown(vault, one)) for one in await challenges_of(session, case.id)]
    return ChallengeList(items=items)


def _shown(vault: Vault, challenge: Challenge) -> dict[str, Any]:
    sealed = vault.open("challenges", challenge.id, challenge.details)
    plain = {column.key: getattr(challenge, column.key) for column in Challenge.__table__.columns}
    return plain | {name: sealed.get(name) for name in SEALED}


async def open_challenges(
    session: AsyncSession, hub: Hub, limit: int = MOST_SHOWN, after: tuple[datetime, UUID] | None = None
) -> OpenChallenges:
    """Return the challenges that wait for an answer, those due first before the others."""
    query = (
        select(Challenge, Case.reference)
        .join(Case, Case.id == Challenge.case_id)
        .where(Challenge.state == ChallengeState.OPEN)
        .order_by(Challenge.due_at, Challenge.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(tuple_(Challenge.due_at, Challenge.id) > after)
    rows = (await session.execute(query)).all()
    last = rows[limit - 1][0] if len(rows) > limit else None
    plain = ("id", "stage", "due_at", "case_id", "agency")
    return OpenChallenges(
        items=[
            OpenChallenge(
                **{name: getattr(one, name) for name in plain},
                reference=reference,
                role=stage_of(hub, one.stage).role,
            )
            for one, reference in rows[:limit]
        ],
        next_cursor=None if last is None else encode_cursor([last.due_at.isoformat(), last.id]),
    )


def stage_of(hub: Hub, stage: int) -> Stage:
    """Return who answers at a stage; the last one, where the hub has shortened its escalation since."""
    return hub.challenge.stages[min(stage, len(hub.challenge.stages)) - 1]
