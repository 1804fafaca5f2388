"""A screener codes what was written; the case is assessed again and keeps both receipts."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import Desk, note, now
from services.triage.actions.open_case import judge_again, record_verdict
from services.triage.actions.parallel_routes import open_duties
from services.triage.actions.route_case import follow_verdict
from services.triage.domain import (
    CaseAlreadyDecided,
    CaseStatus,
    CountersignatureAwaited,
    DetailsPending,
    check_coding,
)
from services.triage.models import Case, Coding
from services.triage.queries.cases import open_details
from services.triage.schemas import FactsIn
from shared.db import new_id
from shared.security import Caller


async def code_facts(session: AsyncSession, desk: Desk, case: Case, caller: Caller, coded: FactsIn) -> None:
    """Record the coding and assess again. The caller holds the case's lock.

    A case may leave the automatic route by it, or take it.
    """
    referral = _referral_to_code(desk, case)
    plain = [indicator.model_dump(exclude={"note"}, exclude_none=True) for indicator in coded.indicators]
    check_coding(desk.policy.vocabulary, plain, coded.facts, children=len(referral["children"]))
    coding_id = new_id()
    sealed = {"source": coded.source, "notes": [indicator.note for indicator in coded.indicators]}
    session.add(
        Coding(
            id=coding_id,
            case_id=case.id,
            coded_by=caller.subject,
            indicators=plain,
            facts=coded.facts,
            details=desk.vault.seal("codings", coding_id, sealed),
        )
    )
    await session.flush()
    verdict = await judge_again(session, desk, case, referral)
    await record_verdict(session, desk, case, verdict, cause="coded")
    await note(session, case, caller, "facts.coded")
    await open_duties(session, desk, case, referral, plain, await now(session))
    await follow_verdict(session, desk, case, verdict)


def _referral_to_code(desk: Desk, case: Case) -> dict[str, Any]:
    if case.status == CaseStatus.DECIDED:
        raise CaseAlreadyDecided("Nothing can be coded on a decided case.")
    if case.status == CaseStatus.AWAITING_COUNTERSIGNATURE:
        raise CountersignatureAwaited("A manager countersigns first, or refuses.")
    referral = open_details(desk.vault, case)
    if referral is None:
        raise DetailsPending("The referral is being fetched. Try again in a moment.")
    return referral
