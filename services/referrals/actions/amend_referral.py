"""A sender adds to its referral or withdraws it: a new record, nothing is overwritten. Run by the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.domain import ReferralId, ReferralStatus, call_now_of, check_withdrawal, warnings_of_reading
from services.referrals.models import Amendment, Referral
from services.referrals.queries import own_referral
from services.referrals.schemas import (
    AmendmentAccepted,
    AmendmentKind,
    WithdrawalIn,
    read_information,
    read_information_strictly,
)
from shared import clock
from shared.audit import record_access
from shared.db import new_id
from shared.events import AmendmentFact, Event, ReferralInformationAdded, ReferralWithdrawn
from shared.http.lenient import Document
from shared.http.service import Resources
from shared.http.validation import validated
from shared.outbox import emit
from shared.security import Caller


async def add_information(
    session: AsyncSession,
    resources: Resources,
    caller: Caller,
    referral_id: ReferralId,
    document: Document,
    *,
    lenient: bool,
) -> AmendmentAccepted:
    """Keep what was added, whatever became of the referral. Raises `Invalid` for a document that adds nothing."""
    locked = await own_referral(session, caller.agency, referral_id, lock=True)
    received_at = clock.now()
    children = len(resources.vault.open(Referral.__tablename__, locked.id, locked.details)["children"])
    read = read_information if lenient else read_information_strictly
    kept = read(document, resources.hub, children).document()
    accepted = await _amend(session, resources, caller, locked, "information", kept, received_at)
    concern = {"immediate_danger": "no", "indicators": kept["indicators"]}
    call_now = call_now_of({"concern": concern}, resources.hub, received_at)
    return accepted.model_copy(update={"call_now": call_now, "warnings": tuple(warnings_of_reading(kept))})


async def withdraw_referral(
    session: AsyncSession, resources: Resources, caller: Caller, referral_id: ReferralId, document: Any
) -> AmendmentAccepted:
    """Show the referral withdrawn; its case stays open until a person decides."""
    given = validated(WithdrawalIn, document)
    locked = await own_referral(session, caller.agency, referral_id, lock=True)
    check_withdrawal(ReferralStatus(locked.status))
    locked.status = ReferralStatus.WITHDRAWN
    return await _amend(session, resources, caller, locked, "withdrawal", given.model_dump(mode="json"), clock.now())


FACTS: dict[AmendmentKind, type[AmendmentFact]] = {
    "information": ReferralInformationAdded,
    "withdrawal": ReferralWithdrawn,
}


async def _amend(
    session: AsyncSession,
    resources: Resources,
    caller: Caller,
    referral: Referral,
    kind: AmendmentKind,
    details: Mapping[str, Any],
    received_at: datetime,
) -> AmendmentAccepted:
    amendment_id = new_id()
    sealed = resources.vault.seal(Amendment.__tablename__, amendment_id, details)
    session.add(
        Amendment(
            id=amendment_id,
            referral_id=referral.id,
            kind=kind,
            submitted_by=caller.subject,
            received_at=received_at,
            details=sealed,
        )
    )
    fact = FACTS[kind](
        referral_id=referral.id,
        reference=referral.reference,
        detail_url=f"/internal/referrals/{referral.id}",
        amendment_id=amendment_id,
        received_at=received_at,
    )
    urgency: Any = referral.urgency
    await emit(session, Event(fact, (referral.agency,), urgency=urgency))
    await record_access(session, caller, f"referral.{kind}", "referral", [referral.id], purpose="referring")
    return AmendmentAccepted(id=amendment_id, received_at=received_at, call_now=None, warnings=())
