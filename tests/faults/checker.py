"""What must hold once everything is at rest, read from the databases and from what the receiver was sent."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from services.cli.running import opened
from shared.db import Database, transaction
from tests.faults.load import Partners
from tests.faults.receiver import Received


@dataclass(frozen=True)
class Record:
    """Everything that the front door holds of the run.

    `told` are (event id, type, subject, audience) of each service's events in the order of its outbox, `at_floor` the
    referrals whose case stands at level 4 and red, `succeeded` the deliveries once for each attempt that succeeded.
    """

    referrals: Sequence[str]
    cases: Sequence[str]
    at_floor: Sequence[str]
    accepted_in_audit: Sequence[str]
    read_in_audit: Sequence[str]
    told: Sequence[tuple[str, str, str, tuple[str, ...]]]
    succeeded: Sequence[str]
    dead_letters: int
    open_deliveries: int


TOLD = "SELECT event_id, type, subject, headers ->> 'ce_audience' AS audience FROM outbox ORDER BY position"
SUBMITTED = "SELECT record_id AS id FROM audit_rows WHERE action = 'referral.submitted'"
READ = "SELECT record_id AS id FROM audit_rows WHERE action = 'referral.read' AND purpose = 'following'"
WAITING = "SELECT id FROM deliveries WHERE state NOT IN ('delivered', 'dead')"
SUCCEEDED = "SELECT delivery_id AS id FROM attempts WHERE status BETWEEN 200 AND 299"


async def read_record(data_dir: Path) -> Record:
    """Read a front door that `up` runs."""
    async with opened(data_dir) as dbs:
        return await record_of(dbs)


async def record_of(dbs: Mapping[str, Database]) -> Record:
    """Read the services' databases by their names."""
    referrals, triage, notifications = dbs["referrals"], dbs["triage"], dbs["notifications"]
    told = [
        (str(row.event_id), str(row.type), str(row.subject), tuple(str(row.audience or "").split()))
        for db in (referrals, triage)
        for row in await _rows(db, TOLD)
    ]
    return Record(
        referrals=await _ids(referrals, "SELECT id FROM referrals"),
        cases=await _ids(triage, "SELECT referral_id AS id FROM cases WHERE NOT unfinished ? 'details'"),
        at_floor=await _ids(triage, "SELECT referral_id AS id FROM cases WHERE level = 4 AND priority = 'red'"),
        accepted_in_audit=await _ids(referrals, SUBMITTED),
        read_in_audit=await _ids(referrals, READ),
        told=told,
        succeeded=await _ids(notifications, SUCCEEDED),
        dead_letters=sum([len(await _ids(db, "SELECT id FROM dead_letters")) for db in dbs.values()]),
        open_deliveries=len(await _ids(notifications, WAITING)),
    )


def missing_at(receivers: Sequence[str], record: Record, received: Sequence[Received]) -> set[tuple[str, str]]:
    """Return (agency, event id) of what an endpoint should have been sent and was not."""
    due = {(agency, event) for event, _, _, audience in record.told for agency in audience if agency in receivers}
    return due - {(one.agency, one.webhook_id) for one in received}


def broken_promises(
    partners: Partners, receivers: Sequence[str], record: Record, received: Sequence[Received]
) -> Mapping[str, Any]:
    """Return what does not hold, by name; empty when everything does."""
    acknowledged = Counter(answer["id"] for answer in partners.accepted.values())
    stored = Counter(record.referrals)
    submitted = Counter(subject for _, kind, subject, _ in record.told if kind.endswith("referral.submitted.v1"))
    opened_cases = Counter(subject for _, kind, subject, _ in record.told if kind.endswith("case.opened.v1"))
    found = {
        "keys without a known outcome": partners.invoked - set(partners.accepted),
        "answers that contradict": partners.contradicted,
        "two keys, one referral": [one for one, count in acknowledged.items() if count > 1],
        "acknowledged and lost": set(acknowledged) - set(stored),
        "stored without a request": set(stored) - set(acknowledged),
        "not one case each": stored - Counter(record.cases) or Counter(record.cases) - stored,
        "not one submission each": stored - submitted or submitted - stored,
        "not one opening each": stored - opened_cases or opened_cases - stored,
        "no one audit row each": stored - Counter(record.accepted_in_audit)
        or Counter(record.accepted_in_audit) - stored,
        "read without an audit row": partners.viewed - Counter(record.read_in_audit),
        "in danger and below the floor": partners.in_danger - set(record.at_floor),
        "dead letters": record.dead_letters,
        "not delivered": missing_at(receivers, record, received),
        "told to the wrong agency": _leaked(record, received),
        "delivered again after a success": [one for one, count in Counter(record.succeeded).items() if count > 1],
        "out of order": _disordered(received) + _against_the_outbox(record, received),
    }
    return {name: what for name, what in found.items() if what}


def _leaked(record: Record, received: Sequence[Received]) -> set[tuple[str, str]]:
    audiences = {event: audience for event, _, _, audience in record.told}
    return {(one.agency, one.webhook_id) for one in received if one.agency not in audiences.get(one.webhook_id, ())}


def _disordered(received: Sequence[Received]) -> list[str]:
    """Name the referrals whose sequence an agency saw step back, skip, or under a second id."""
    lines: dict[tuple[str, str], list[Received]] = defaultdict(list)
    for one in received:
        lines[one.agency, one.referral_id].append(one)
    wrong = []
    for (agency, referral), line in lines.items():
        sequences = [one.sequence for one in line]
        ids = {(one.sequence, one.webhook_id) for one in line}
        whole = sorted(set(sequences)) == list(range(1, len(set(sequences)) + 1))
        if sequences != sorted(sequences) or not whole or len(ids) != len(set(sequences)):
            wrong.append(f"{agency} {referral} {sequences}")
    return wrong


def _against_the_outbox(record: Record, received: Sequence[Received]) -> list[str]:
    """Name the referrals whose events of one service first reached an agency in another order than its outbox has."""
    places = {event: (kind.startswith("uk.frontdoor.referral"), place)
              for place, (event, kind, _, _) in enumerate(record.told)}  # fmt: skip
    latest: dict[tuple[str, str, bool], int] = {}
    seen: set[tuple[str, str]] = set()
    wrong = []
    for one in received:
        if one.webhook_id not in places or (one.agency, one.webhook_id) in seen:
            continue
        seen.add((one.agency, one.webhook_id))
        service, place = places[one.webhook_id]
        line = (one.agency, one.referral_id, service)
        if place < latest.get(line, -1):
            wrong.append(f"{one.agency} {one.referral_id} {one.type}")
        latest[line] = place
    return wrong


async def _ids(db: Database, query: str) -> list[str]:
    return [str(row.id) for row in await _rows(db, query)]


async def _rows(db: Database, query: str) -> Sequence[Any]:
    async with transaction(db) as session:
        return (await session.execute(text(query))).all()
