"""`frontdoor trace`: the steps of one referral through the three databases, in the order in which they happened.

Reads ids, states and times only, with the credentials of the data folder; nothing sealed is opened.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple
from uuid import UUID

import typer

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from shared.problems import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Row

    from shared.db import Database

FIND: Final = "SELECT id FROM referrals WHERE reference = :reference"
EMITTED: Final = "SELECT created_at AS at, 'emitted ' || type AS step, event_id, type FROM outbox WHERE subject = :id"
TAKEN: Final = "SELECT taken_at AS at, event_id, outcome FROM inbox WHERE event_id = ANY(:events)"
STEPS: Final = (
    ("referrals", "SELECT received_at AS at, 'received from ' || agency AS step FROM referrals WHERE id = :id"),
    ("triage", "SELECT opened_at AS at, 'case opened' AS step FROM cases WHERE referral_id = :id"),
    (
        "triage",
        """
        SELECT t.at, t.what || ' by ' || t.who AS step
        FROM timeline t JOIN cases c ON c.id = t.case_id WHERE c.referral_id = :id
        """,
    ),
    (
        "triage",
        """
        SELECT a.assessed_at AS at, 'child ' || a.child || ' assessed (' || a.cause || '): level '
               || (a.receipt ->> 'level') || ', ' || (a.receipt ->> 'route') AS step
        FROM assessments a JOIN cases c ON c.id = a.case_id WHERE c.referral_id = :id
        """,
    ),
    (
        "triage",
        """
        SELECT o.offered_at AS at, 'child ' || o.child || ' offered to ' || o.provider AS step
        FROM offers o JOIN cases c ON c.id = o.case_id WHERE c.referral_id = :id
        """,
    ),
    (
        "notifications",
        """
        SELECT created_at AS at, 'in the feed of ' || agency || ': ' || type AS step
        FROM feed_entries WHERE subject = :text_id
        """,
    ),
    (
        "notifications",
        """
        SELECT created_at AS at, 'delivery ' || sequence || ' to ' || agency || ' scheduled' AS step
        FROM deliveries WHERE referral_id = :id
        """,
    ),
    (
        "notifications",
        """
        SELECT a.started_at AS at, 'delivery ' || d.sequence || ' to ' || d.agency || ' tried: '
               || coalesce(a.status::text, a.failure) || ' in ' || a.duration_ms || ' ms' AS step
        FROM attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE d.referral_id = :id
        """,
    ),
)


class Step(NamedTuple):
    at: datetime
    service: str
    what: str


def trace(
    reference: Annotated[str, typer.Argument(help="The referral's reference, such as FD-2611-7K3M-9PXQ.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Show the steps of one referral with their times."""
    steps = asyncio.run(_steps(data_dir, reference.strip().upper()))
    for step in steps:
        elapsed = (step.at - steps[0].at).total_seconds()
        typer.echo(f"{step.at:%Y-%m-%d %H:%M:%S.%f}Z  +{elapsed:.3f}s  {step.service:<13}  {step.what}")


async def _steps(data_dir: Path, reference: str) -> list[Step]:
    from services.cli.running import opened

    async with opened(data_dir) as databases:
        found = await _rows(databases["referrals"], FIND, {"reference": reference})
        if not found:
            raise NotFound("There is no referral of this reference on this data folder.")
        subject: UUID = found[0].id
        named = {"id": subject, "text_id": str(subject)}
        steps = [
            Step(row.at, service, row.step)
            for service, query in STEPS
            for row in await _rows(databases[service], query, named)
        ]
        steps += await _events(databases, str(subject))
    return sorted(steps)


async def _events(databases: Mapping[str, "Database"], subject: str) -> list[Step]:
    """Return when each event about the referral was emitted, and when each consumer took it."""
    steps: list[Step] = []
    types: dict[UUID, str] = {}
    for service, db in databases.items():
        for row in await _rows(db, EMITTED, {"id": subject}):
            types[row.event_id] = row.type
            steps.append(Step(row.at, service, row.step))
    for service, db in databases.items():
        taken = await _rows(db, TAKEN, {"events": list(types)})
        steps += [Step(row.at, service, f"took {types[row.event_id]} ({row.outcome})") for row in taken]
    return steps


async def _rows(db: "Database", query: str, named: Mapping[str, object]) -> list["Row[tuple[object, ...]]"]:
    from sqlalchemy import text

    from shared.db import transaction

    async with transaction(db) as session:
        return list((await session.execute(text(query), dict(named))).all())
