"""What triage does with a referral, kept for its sender: the state moves, feedback is stored. Run by the consumer."""

from collections.abc import Mapping

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.domain import IllegalMove, ReferralId, ReferralStatus, can_move
from services.referrals.models import Decision, Referral
from services.referrals.schemas import Feedback
from shared.audit import audit_row, audit_rows, record_access
from shared.problems import NotFound
from shared.security import Caller
from shared.vault import Vault

CONSUMER = Caller("service-referrals", "service-referrals")

_take_in = (
    update(Referral)
    .where(Referral.id.in_(bindparam("ids", expanding=True)), Referral.status == ReferralStatus.RECEIVED)
    .values(status=ReferralStatus.IN_TRIAGE)
    .returning(Referral.id)
    .execution_options(synchronize_session=False)
)


async def take_in_triage(session: AsyncSession, opened: Mapping[ReferralId, str]) -> None:
    """Move received referrals to `in_triage`; those that are further on stay where they are.

    `opened` gives the correlation id under which each referral's case was opened.
    """
    moved = (await session.scalars(_take_in, {"ids": list(opened)})).all()
    rows = [audit_row(CONSUMER, "referral.in_triage", "referral", moved_id, purpose="triage") for moved_id in moved]
    if rows:
        traced = [{**row, "correlation_id": opened[ReferralId(i)]} for row, i in zip(rows, moved, strict=True)]
        await session.execute(insert(audit_rows), traced)


_new_decision = upsert(Decision.metadata.tables[Decision.__tablename__])
_set_decision = _new_decision.on_conflict_do_update(
    index_elements=["referral_id"],
    set_={"decided_at": _new_decision.excluded.decided_at, "details": _new_decision.excluded.details},
)


async def follow_questions(session: AsyncSession, referral_id: ReferralId, *, waits: bool) -> None:
    """Show that triage waits for information about a referral, or no longer; one that is further on stays there."""
    asked = (ReferralStatus.IN_TRIAGE, ReferralStatus.INFORMATION_REQUESTED)
    await _move(session, referral_id, *(asked if waits else reversed(asked)))


async def take_up_again(session: AsyncSession, referral_id: ReferralId) -> None:
    """Show a referral whose case was reopened in triage; the next decision replaces the one that stood."""
    await _move(session, referral_id, ReferralStatus.DECIDED, ReferralStatus.IN_TRIAGE)


async def _move(session: AsyncSession, referral_id: ReferralId, status: ReferralStatus, to: ReferralStatus) -> None:
    there = update(Referral).where(Referral.id == referral_id, Referral.status == status)
    moved = await session.scalar(there.values(status=to).returning(Referral.id))
    if moved is not None:
        await record_access(session, CONSUMER, f"referral.{to}", "referral", [moved], purpose="triage")


async def record_acknowledgement(session: AsyncSession, referral_id: ReferralId, feedback: Feedback) -> None:
    """Keep when a person said that they have the referral, and what its sender is to do meanwhile."""
    told = {"acknowledged_at": feedback.acknowledged_at, "advice": feedback.advice}
    done = update(Referral).where(Referral.id == referral_id).values(**told).returning(Referral.id)
    if await session.scalar(done) is None:
        raise NotFound
    await record_access(session, CONSUMER, "referral.acknowledged", "referral", [referral_id], purpose="triage")


async def record_decision(session: AsyncSession, vault: Vault, referral_id: ReferralId, feedback: Feedback) -> None:
    """Keep the feedback and move the referral to `decided`; raises `IllegalMove` where it cannot go there."""
    if feedback.decided_at is None:
        raise IllegalMove("The decision was set aside before it was read.")
    referral = await session.scalar(select(Referral).where(Referral.id == referral_id).with_for_update())
    if referral is None:
        raise NotFound
    if referral.status == ReferralStatus.RECEIVED:
        # A decision says that a case was open, even where that news was lost to the dead letters.
        referral.status = ReferralStatus.IN_TRIAGE
    if not can_move(ReferralStatus(referral.status), ReferralStatus.DECIDED):
        raise IllegalMove("It is decided already.")
    referral.status = ReferralStatus.DECIDED
    told = {"feedback": feedback.feedback_to_referrer, "next_step": feedback.next_step}
    sealed = vault.seal(Decision.__tablename__, referral_id, told)
    decision = {"referral_id": referral_id, "decided_at": feedback.decided_at, "details": sealed}
    await session.execute(_set_decision, decision)
    await record_access(session, CONSUMER, "referral.decided", "referral", [referral_id], purpose="triage")
