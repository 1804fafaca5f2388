"""Row charts: what the oversight and early help pages count, over more and more years of cases, beside themselves."""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text

from services.triage.pages import early_help, oversight
from shared.db import Database, open_database, transaction
from shared.settings.hub import load_hub
from tests.bench.growth import GOAL, SIZES, Turn, fastest
from tests.bench.rows import Figures
from tests.bench.stage import Stage
from tests.conftest import HUB_FOLDER

STEP: Final = 50_000
NOTE: Final = (
    "All counts of a page, in the fastest of 15 turns. The database makes a case every four minutes, about 10,000 in "
    "the 28 days that are counted, each with two lines of its timeline, every fourth with an offer; the last 200 wait "
    "for somebody to take them. Set GROWTH to other numbers of cases."
)
FILL: Final = (
    """
    INSERT INTO cases (id, referral_id, reference, agency, source, kind, status, urgency, level, priority, queue_rank,
                       received_at, opened_at, decision_due_at, due_at, decided_at, decided_level)
    SELECT uuidv7(at - now()), gen_random_uuid(), 'FD-CHARTS-' || nth, 'agency-' || nth % 40,
           (ARRAY['6', '2A', '3E', '1A', '3B', '4'])[1 + nth % 6], 'request',
           CASE WHEN nth <= 200 THEN 'unassigned' ELSE 'decided' END, 'no', 2, 'green', 2, at, at,
           at + interval '1 day', at + interval '1 day', CASE WHEN nth > 200 THEN at + interval '9 hours' END,
           CASE WHEN nth > 200 THEN 1 + nth % 4 END
    FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS nth,
         LATERAL (SELECT now() - nth * interval '4 minutes' AS at) AS received
    """,
    """
    INSERT INTO timeline (id, case_id, at, who, what)
    SELECT uuidv7(line.at - now()), cases.id, line.at, 'somebody', line.what
    FROM cases, generate_series(CAST(:first AS int), CAST(:last AS int)) AS nth,
         LATERAL (VALUES (opened_at, 'case.opened'), (decided_at, 'case.decided')) AS line (at, what)
    WHERE reference = 'FD-CHARTS-' || nth AND line.at IS NOT NULL
    """,
    """
    INSERT INTO offers (id, case_id, child, provider, service, band, status, offered_at)
    SELECT uuidv7(received_at - now()), cases.id, 0, 'hub-' || nth % 9, 'hub-' || nth % 9, '72-239',
           CASE WHEN nth < 2000 THEN 'started' ELSE 'closed' END, received_at
    FROM cases, generate_series(CAST(:first AS int), CAST(:last AS int)) AS nth
    WHERE reference = 'FD-CHARTS-' || nth AND nth % 4 = 0
    """,
)


async def charts(stage: Stage) -> Figures:
    hub = load_hub(HUB_FOLDER)
    now = datetime.now(UTC)
    turns: dict[str, Turn] = {
        "oversight": lambda session: oversight.tables(session, now, hub),
        "early help": lambda session: early_help.tables(session, now, hub),
    }
    db = open_database(stage.ways["triage"].owner)
    found: dict[int, dict[str, float]] = {}
    filled = 0
    for size in SIZES:
        await _fill(db, filled, size)
        filled = size
        found[size] = {name: await fastest(db, turn) for name, turn in turns.items()}
    await db.close()
    least, *more = SIZES
    lines = [
        (
            f"{name}, {size:,} cases against {least:,}",
            f"{found[size][name] / found[least][name]:.2f} times ({found[size][name] * 1000:,.0f} ms)",
            f"at most {GOAL} times",
        )
        for size in more
        for name in turns
    ]
    return Figures("charts", lines, NOTE)


async def _fill(db: Database, first: int, last: int) -> None:
    for begin in range(first, last, STEP):
        async with transaction(db) as session:
            for statement in FILL:
                await session.execute(text(statement), {"first": begin + 1, "last": min(begin + STEP, last)})
    async with transaction(db) as session:
        await session.execute(text("ANALYZE"))
