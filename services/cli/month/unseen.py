"""What must not be at the end of a simulated month: a contact that is nowhere, a clock that ran out in silence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from services.cli.month.ends import ENDS
from services.cli.month.front import Front
from shared.db import Database, transaction

# A case is in sight while a clock runs on it, and once a decision stands.
OUT_OF_SIGHT = """
    SELECT c.id FROM cases c WHERE c.unfinished ? 'details' OR CASE c.status
        WHEN 'decided' THEN NOT EXISTS (SELECT FROM decisions d WHERE d.case_id = c.id AND d.state = 'final')
        ELSE NOT EXISTS (SELECT FROM clocks k WHERE k.case_id = c.id AND k.ended_at IS NULL
                                                AND k.kind IN ('statutory', 'colour')) END
"""
# Said at the very moment: the step of the timeline, the event and, for a page, the page itself.
UNSAID = """
    SELECT k.kind, k.id FROM clocks k
    WHERE k.due_at <= coalesce(k.ended_at, clock_timestamp()) AND NOT EXISTS (
        SELECT FROM timeline t WHERE t.case_id = k.case_id
            AND t.at >= k.due_at AND t.at < k.due_at + interval '1 minute'
            AND t.what = CASE k.kind WHEN 'acknowledgement' THEN 'duty.paged' WHEN 'offer' THEN 'early_help.bounced'
                                     ELSE k.kind || '.over' END)
"""
OVER = "SELECT case_id::text, count(*) FROM timeline WHERE what LIKE '%.over' GROUP BY 1"
SAID = """
    SELECT convert_from(payload, 'UTF8')::jsonb ->> 'case_id', count(*) FROM outbox
    WHERE type IN ('uk.frontdoor.case.overdue.v1', 'uk.frontdoor.information.overdue.v1')
        AND convert_from(payload, 'UTF8')::jsonb ->> 'state' = 'over' GROUP BY 1
"""
STALE = "SELECT id FROM clocks WHERE ended_at IS NULL AND next_at < clock_timestamp()"
UNSENT = "SELECT id FROM pages WHERE sent_at IS NULL"
DEAD = "SELECT id FROM dead_letters"


async def broken_promises(front: Front, accepted: Sequence[str]) -> Mapping[str, object]:
    """Return what does not hold, by name; empty when everything does."""
    dbs = {name: service.resources.db for name, service in front.services.items()}
    triage = dbs["triage"]
    submitted = Counter(accepted)
    cases = Counter(str(one) for (one,) in await _rows(triage, "SELECT referral_id FROM cases"))
    stored = Counter(str(one) for (one,) in await _rows(dbs["referrals"], "SELECT id FROM referrals"))
    families = await _rows(triage, ENDS)
    late = [row for row in families if row.how == "out of time"]
    found: Mapping[str, Any] = {
        "accepted and not stored once each": submitted - stored or stored - submitted,
        "stored and not one case each": stored - cases or cases - stored,
        "out of sight": await _rows(triage, OUT_OF_SIGHT),
        "clocks that ran out and said nothing": await _rows(triage, UNSAID),
        "overdue on the timeline and not told, or told twice": set(await _rows(triage, OVER))
        ^ set(await _rows(triage, SAID)),
        "clocks whose step was not taken": await _rows(triage, STALE),
        "pages not sent": await _rows(triage, UNSENT),
        "dead letters": [row for db in dbs.values() for row in await _rows(db, DEAD)],
        "families out of time": late if 100 * len(late) > len(families) else [],
    }
    return {name: what for name, what in found.items() if what}


async def _rows(db: Database, query: str) -> Sequence[Any]:
    async with transaction(db) as session:
        return [*(await session.execute(text(query))).all()]
