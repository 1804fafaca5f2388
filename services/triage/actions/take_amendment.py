"""What a sender adds to its referral, or its withdrawal, comes to the case; a person decides what follows."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.attempt_step import attempt_step
from services.triage.actions.clocks import set_colour_clock
from services.triage.actions.desk import TRIAGE, Desk, note, set_priority
from services.triage.actions.new_information import add_new_information
from services.triage.domain import CaseStatus, NewInformationKind
from services.triage.models import Case, NewInformation
from shared.events import AmendmentFact, ReferralInformationAdded, ReferralWithdrawn

URGENT = "red"
AMENDMENTS_AT_ONCE = 20
COLOUR_CLOCK = "colour_clock"

KINDS = {
    ReferralInformationAdded.type: NewInformationKind.INFORMATION,
    ReferralWithdrawn.type: NewInformationKind.WITHDRAWAL,
}

Detail = Mapping[str, Any]
"""The answer of `GET /internal/referrals/{id}/amendments/{id}`."""


class PendingAmendment(NamedTuple):
    """What came in to a case without its details: the row, and what to fetch."""

    row_id: UUID
    referral_id: UUID
    amendment_id: UUID


async def take_amendment(session: AsyncSession, desk: Desk, fact: AmendmentFact, detail: Detail | None) -> None:
    """Put the amendment before the case's worker, also where the case is decided; `detail` is None until fetched.

    Raises `LookupError` without a case: the referral itself is among the dead letters, and this goes there too.
    """
    case = await session.scalar(select(Case).where(Case.referral_id == fact.referral_id).with_for_update())
    if case is None:
        raise LookupError("an amendment without its case")
    said = None if detail is None else _content(detail)
    row_id = await add_new_information(session, desk, case, KINDS[fact.type], details=said)
    if said is None:
        row = await session.get_one(NewInformation, row_id)
        row.amendment_id = fact.amendment_id
    else:
        await _raise_colour(session, desk, case, said)


async def pending_amendments(session: AsyncSession, after: UUID | None) -> Sequence[PendingAmendment]:
    """Return the next that came in without their details, those whose rows follow this id, oldest first."""
    query = select(NewInformation.id, Case.referral_id, NewInformation.amendment_id)
    query = query.join(Case, Case.id == NewInformation.case_id)
    waiting = query.where(NewInformation.amendment_id.is_not(None)).order_by(NewInformation.id)
    if after is not None:
        waiting = waiting.where(NewInformation.id > after)
    rows = await session.execute(waiting.limit(AMENDMENTS_AT_ONCE))
    return [PendingAmendment(row.id, row.referral_id, row.amendment_id) for row in rows.all()]


async def complete_amendment(session: AsyncSession, desk: Desk, row_id: UUID, detail: Detail) -> None:
    """Fill in what came in without its details."""
    row = await session.get_one(NewInformation, row_id)
    case = await session.get_one(Case, row.case_id, with_for_update=True)
    await session.refresh(row)
    if row.amendment_id is not None:
        said = _content(detail)
        row.details, row.amendment_id = desk.vault.seal(NewInformation.__tablename__, row.id, said), None
        await _raise_colour(session, desk, case, said)
        await note(session, case, TRIAGE, "new_information.details_completed")


def _content(detail: Detail) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if value}


async def _raise_colour(session: AsyncSession, desk: Desk, case: Case, said: Mapping[str, Any]) -> None:
    """Let a sign of serious harm make the case red at once; its worker codes it, which assesses the case again."""
    present = {sign["code"] for sign in said.get("indicators", ()) if sign["status"] == "present"}
    if present & desk.hub.level_4_indicators and case.priority != URGENT and case.status != CaseStatus.DECIDED:
        set_priority(case, URGENT)
        await attempt_step(session, case, COLOUR_CLOCK, partial(set_colour_clock, session, desk, case))
        await note(session, case, TRIAGE, "case.raised_by_information")
