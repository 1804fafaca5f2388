"""What the referrals service may pass on to the referrer: that a person has it, advice, and what was decided."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import Acknowledgement, Case, Decision
from services.triage.queries.cases import standing_decision
from services.triage.schemas import Feedback
from shared.vault import Vault


async def feedback_of(session: AsyncSession, vault: Vault, case: Case) -> Feedback:
    """Return the latest advice and the decision that stands; what there is not yet is null."""
    decision = await standing_decision(session, case.id)
    return Feedback(
        status=case.status,
        acknowledged_at=case.acknowledged_at,
        advice=await _latest_advice(session, case),
        **({} if decision is None else _told(vault, decision)),
    )


async def _latest_advice(session: AsyncSession, case: Case) -> list[Any]:
    given = select(Acknowledgement.advice).where(Acknowledgement.case_id == case.id, Acknowledgement.advice != [])
    return (await session.scalars(given.order_by(Acknowledgement.acknowledged_at.desc()).limit(1))).first() or []


def _told(vault: Vault, decision: Decision) -> dict[str, Any]:
    sealed = vault.open(Decision.__tablename__, decision.id, decision.details)
    return {
        "feedback_to_referrer": sealed["feedback_to_referrer"],
        "next_step": sealed.get("next_step"),
        "decided_at": decision.countersigned_at or decision.decided_at,
    }
