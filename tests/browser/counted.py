"""Four weeks of decided cases, offers and unmet needs, for the charts: made in the database, of nobody."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import text

from services.front_door.folder import database_urls
from shared.db import open_database, transaction

STATEMENTS = (
    """
    INSERT INTO cases (id, referral_id, reference, agency, source, kind, status, urgency, level, priority, queue_rank,
                       received_at, opened_at, decision_due_at, due_at, acknowledged_at, decided_at,
                       decided_level)
    SELECT uuidv7(at - now()), gen_random_uuid(), 'FD-COUNTED-' || nth,
           (ARRAY['towcester-primary', 'northants-police', 'northampton-general', 'a-nursery'])[1 + nth % 4],
           (ARRAY['2A', '6', '3E', '8', '3F', '1A', '9'])[1 + nth % 4 + CASE WHEN nth % 37 < 9 THEN nth % 4 ELSE 0 END],
           'request', 'decided', 'no', 2, 'green', 2, at, at, at + interval '1 day', at + interval '1 day',
           at + CASE WHEN nth % 9 = 0 THEN interval '2 days' ELSE interval '2 hours' END,
           at + CASE WHEN nth % 5 = 0 THEN interval '2 days' ELSE interval '5 hours' END,
           CASE WHEN nth % 6 = 0 THEN 4 ELSE 2 END
    FROM generate_series(1, 420) AS nth,
         LATERAL (SELECT now() - interval '90 minutes' * (nth + (nth * nth) % 11)) AS received (at)
    """,
    """
    INSERT INTO timeline (id, case_id, at, who, what)
    SELECT uuidv7(at - now()), id, at, 'somebody', what
    FROM cases, LATERAL (VALUES (opened_at, 'case.opened'),
                                (opened_at + interval '9 hours', 'case.claimed')) AS t (at, what)
    WHERE reference LIKE 'FD-COUNTED-%'
    """,
    """
    INSERT INTO offers (id, case_id, child, provider, service, band, status, offered_at)
    SELECT uuidv7(received_at - now()), id, 0, provider, provider, '72-239',
           (ARRAY['offered', 'accepted', 'started', 'started', 'declined', 'bounced', 'stepped_up', 'closed', 'closed',
                  'started', 'closed'])[1 + nth % 11], received_at
    FROM (SELECT *, row_number() OVER (ORDER BY reference) AS nth FROM cases WHERE reference LIKE 'FD-COUNTED-%') AS c,
         LATERAL (SELECT (ARRAY['north-hub', 'south-hub', 'trust-support', 'new-hub'])[
             1 + CASE WHEN nth % 40 = 0 THEN 3 ELSE nth % 3 END] AS provider) AS p
    WHERE nth % 2 = 0
    """,
    """
    INSERT INTO unmet_needs (case_id, child, council, district, age_band, level, needs, why)
    SELECT id, 0, 'E06000061', (ARRAY['NN17', 'NN18', 'NN14', 'NN16'])[1 + nth * nth % 17 % 4],
           (ARRAY['unborn', 'under 1', '1-4', '5-9', '10-15', '16-19'])[1 + nth % 23 % 6], 2,
           jsonb_build_array((ARRAY['bullying', 'financial_hardship', 'attendance_slipping'])[1 + nth % 7 % 3]), 'area'
    FROM (SELECT id, row_number() OVER (ORDER BY reference) AS nth FROM cases WHERE reference LIKE 'FD-COUNTED-%') AS c
    WHERE nth % 2 = 1
    """,
)


def count_up(data_dir: Path) -> None:
    """Fill the running front door of this folder; Playwright's own event loop is left alone."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _fill(database_urls(data_dir)["triage"].owner)).result()


async def _fill(url: str) -> None:
    db = open_database(url)
    async with transaction(db) as session:
        for statement in STATEMENTS:
            await session.execute(text(statement))
    await db.close()
