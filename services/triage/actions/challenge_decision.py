"""A partner disagrees with a decision, and somebody who did not decide answers, stage by stage."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.clocks import end_clocks, start_clock
from services.triage.actions.desk import Desk, note
from services.triage.actions.reopen_case import reopen_case
from services.triage.clocks import ClockKind
from services.triage.domain import (
    AnswererMustDiffer,
    CaseNotDecided,
    CaseStatus,
    ChallengeAnswered,
    ChallengeState,
    next_stage,
)
from services.triage.models import Case, Challenge, Decision
from services.triage.queries.cases import standing_decision
from services.triage.queries.challenges import challenges_of, find_challenge, stage_of
from services.triage.schemas import AnswerIn, ChallengeIn
from shared.calendar import term_ends_at
from shared.db import new_id
from shared.security import Caller, Policy, Relation, Role, may


async def raise_challenge(
    session: AsyncSession, desk: Desk, case: Case, caller: Caller, said: ChallengeIn
) -> Challenge:
    """Record the disagreement at the next stage, and start its clock. The caller holds the case's lock."""
    decision = await standing_decision(session, case.id)
    if decision is None or case.status != CaseStatus.DECIDED:
        raise CaseNotDecided("Send what you know by adding information to the referral.")
    earlier = await challenges_of(session, case.id, decision.id)
    stage = next_stage([one.state for one in earlier], len(desk.hub.challenge.stages))
    raised_at = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    row_id = new_id()
    challenge = Challenge(
        id=row_id,
        case_id=case.id,
        decision_id=decision.id,
        agency=caller.agency,
        stage=stage,
        state=ChallengeState.OPEN,
        raised_at=raised_at,
        due_at=term_ends_at(raised_at, stage_of(desk.hub, stage).within, desk.hub),
        details=desk.vault.seal(Challenge.__tablename__, row_id, said.model_dump(mode="json")),
    )
    session.add(challenge)
    await session.flush()
    await start_clock(session, desk, case, ClockKind.CHALLENGE, raised_at, challenge.due_at, about=row_id)
    await note(session, case, caller, "challenge.raised")
    return challenge


async def answer_challenge(
    session: AsyncSession, desk: Desk, case: Case, caller: Caller, challenge_id: UUID, said: AnswerIn
) -> None:
    """Answer for the partner to read; `reopen` sends the case back to work. The caller holds the case's lock."""
    challenge = await find_challenge(session, case.id, challenge_id)
    role = stage_of(desk.hub, challenge.stage).role
    judged = await _judges(session, case, challenge)
    if not may(caller, Policy(roles=frozenset({Role(role)})), Relation(conflicted=judged)):
        raise AnswererMustDiffer(f"Somebody else with the role {role} answers this stage.")
    if challenge.state != ChallengeState.OPEN:
        raise ChallengeAnswered("Read the answer on the case.")
    sealed = desk.vault.open(Challenge.__tablename__, challenge.id, challenge.details)
    challenge.details = desk.vault.seal(Challenge.__tablename__, challenge.id, {**sealed, "answer": said.answer})
    challenge.state = ChallengeState(said.outcome)
    challenge.answered_by = caller.subject
    challenge.answered_at = await session.scalar(select(func.clock_timestamp()))
    await end_clocks(session, case, ClockKind.CHALLENGE, about=challenge.id)
    await note(session, case, caller, "challenge.answered")
    if challenge.state == ChallengeState.REOPEN and case.status == CaseStatus.DECIDED:
        await reopen_case(session, desk, case, caller, said.answer)


async def _judges(session: AsyncSession, case: Case, challenge: Challenge) -> frozenset[str]:
    """Return those who would judge themselves: who decided, who countersigned, who answered at an earlier stage."""
    decision = await session.get_one(Decision, challenge.decision_id)
    earlier = await challenges_of(session, case.id, decision.id)
    said = [decision.decided_by, decision.countersigned_by]
    said += [one.answered_by for one in earlier if one.stage < challenge.stage]
    return frozenset(who for who in said if who is not None)
