"""A screener codes what was written; the case is assessed again and keeps both receipts."""

from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.attempt_step import attempt_or_leave
from services.triage.actions.desk import Desk, Verdict, note, now
from services.triage.actions.open_case import follow_assessment, judge_again, record_verdict
from services.triage.actions.parallel_routes import open_duties
from services.triage.domain import (
    CaseAlreadyDecided,
    CaseStatus,
    CountersignatureAwaited,
    DetailsPending,
    Unfinished,
    check_coding,
)
from services.triage.models import Case, Coding
from services.triage.queries.cases import open_details
from services.triage.schemas import FactsIn
from shared.db import new_id
from shared.security import Caller


async def code_facts(session: AsyncSession, desk: Desk, case: Case, caller: Caller, coded: FactsIn) -> None:
    """Record the coding and assess again. The caller holds the case's lock.

    A case may leave the automatic route by it, or take it. The coding stands whatever fails after it.
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
    await note(session, case, caller, "facts.coded")

    async def assess() -> Verdict:
        verdict = await judge_again(session, desk, case, referral)
        await record_verdict(session, desk, case, verdict, cause="coded")
        return verdict

    open_called_for = partial(open_duties, session, desk, case, referral, plain, await now(session))
    await attempt_or_leave(session, case, Unfinished.DUTIES, open_called_for)
    await follow_assessment(session, desk, case, assess)


def _referral_to_code(desk: Desk, case: Case) -> dict[str, Any]:
    if case.status == CaseStatus.DECIDED:
        raise CaseAlreadyDecided("Nothing can be coded on a decided case.")
    if case.status == CaseStatus.AWAITING_COUNTERSIGNATURE:
        raise CountersignatureAwaited("A manager countersigns first, or refuses.")
    referral = open_details(desk.vault, case)
    if referral is None:
        raise DetailsPending("The referral is being fetched. Try again in a moment.")
    return referral
