"""A referral becomes durable: its row, its event, its audit row and its answer, in one statement. Run by the API."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from pydantic_core import to_json
from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError

from services.referrals.domain import (
    ReferralId,
    ReferralStatus,
    call_now_of,
    new_reference,
    parts_missing,
    quality_of,
)
from services.referrals.models import Referral, digest_of
from services.referrals.queries import Intake, self_link, source_of
from services.referrals.schemas import ReferralAccepted, ReferralIn, read_referral, read_strictly
from shared import clock
from shared.audit import audit_row, audit_rows
from shared.calendar import decision_due_at
from shared.db import new_id
from shared.events import Event, ReferralSubmitted
from shared.http.answers import Answer, Once
from shared.http.at_once import after_first, answer_at_once
from shared.http.lenient import Document, danger_ruled_out, tells_of_a_child
from shared.http.service import Resources
from shared.outbox import outbox, outbox_row
from shared.problems import Unavailable
from shared.security import Caller
from shared.settings.hub import Hub
from shared.vault import Vault

UNKNOWN_SOURCE = "10"

_referrals = Referral.metadata.tables[Referral.__tablename__]
_REFERRAL = (
    *(column.name for column in _referrals.columns if not column.nullable),
    "score",
    "missing",
    "agency_reference",
)
_AUDIT = ("who", "role", "purpose", "action", "record", "record_id", "correlation_id")
_OUTBOX = ("event_id", "type", "subject", "headers", "payload")


def _values(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{table.name}_{name}": value for name, value in row.items()}


_submit = after_first({_referrals: _REFERRAL, audit_rows: _AUDIT, outbox: _OUTBOX})


async def submit_referral(resources: Intake, caller: Caller, once: Once) -> Response:
    """Store the `Document` as a referral of the caller's agency and announce it, once, and answer so.

    Raises `Invalid` for a document that is no referral.
    """
    document: Document = once.document
    in_danger = not danger_ruled_out(document.content)
    lenient = document.is_lenient(danger=in_danger, enough=tells_of_a_child(document.content))

    async def make() -> tuple[Answer, Mapping[str, Any]]:
        source = _known_source(resources.hub, await source_of(resources, caller.agency))
        accepted, values = _received(resources, source, caller, document, lenient=lenient)
        return Answer(202, accepted, {"Location": accepted.links.self, **document.headers}), values

    try:
        return await answer_at_once(resources, caller, once, make, _submit)
    except IntegrityError as taken:
        raise Unavailable("The reference was taken. Send the same request again.", retry_after_seconds=1) from taken


def _known_source(hub: Hub, source: str | None) -> str:
    """Return the code that the agency is registered with; one that the hub does not have refuses no referral."""
    return source if source and hub.code_lists["referral_source"].takes(source) else UNKNOWN_SOURCE


def _received(
    resources: Resources, source: str, caller: Caller, document: Document, *, lenient: bool
) -> tuple[ReferralAccepted, dict[str, Any]]:
    """Return what the sender is told of its document, and the values of the rows that keep it."""
    received_at = clock.now()
    read = read_referral if lenient else read_strictly
    reading = read(document, resources.hub, source, received_at)
    referral, kept = reading.model, reading.document()
    referral_id = ReferralId(new_id())
    accepted = ReferralAccepted(
        id=referral_id,
        reference=new_reference(received_at),
        received_at=received_at,
        decision_due_at=decision_due_at(received_at, resources.hub),
        call_now=call_now_of(kept, resources.hub, received_at),
        quality=quality_of(kept, received_at.date()),
        links=self_link(referral_id),
    )
    row = _row(accepted, referral, caller, kept, resources.vault)
    audited = audit_row(caller, "referral.submitted", "referral", referral_id, purpose="referring")
    announced = outbox_row(_submitted(accepted, referral, caller))
    announced["headers"] = to_json(announced["headers"]).decode()
    return accepted, _values(_referrals, row) | _values(audit_rows, audited) | _values(outbox, announced)


def _row(
    accepted: ReferralAccepted, referral: ReferralIn, caller: Caller, kept: Mapping[str, Any], vault: Vault
) -> dict[str, Any]:
    return {
        "id": accepted.id,
        "reference": accepted.reference,
        "agency": caller.agency,
        "submitted_by": caller.subject,
        "source": referral.source or UNKNOWN_SOURCE,
        "kind": referral.kind,
        "urgency": referral.concern.immediate_danger,
        "restricted": referral.restricted,
        "status": ReferralStatus.RECEIVED,
        "received_at": accepted.received_at,
        "decision_due_at": accepted.decision_due_at,
        "score": accepted.quality.score,
        "missing": parts_missing(accepted.quality),
        "agency_reference": digest_of(vault, kept.get("agency_reference")),
        "details": vault.seal(_referrals.name, accepted.id, kept),
    }


def _submitted(accepted: ReferralAccepted, referral: ReferralIn, caller: Caller) -> Event:
    fact = ReferralSubmitted(
        referral_id=accepted.id,
        reference=accepted.reference,
        detail_url=f"/internal/referrals/{accepted.id}",
        agency=caller.agency,
        kind=referral.kind,
        received_at=accepted.received_at,
        decision_due_at=accepted.decision_due_at,
    )
    return Event(fact, audience=(caller.agency,), urgency=referral.concern.immediate_danger)
