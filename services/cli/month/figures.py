"""What became of a simulated month, counted in the databases of its services when it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text

from services.cli.month.calls import Calls
from services.cli.month.ends import ENDS
from services.cli.month.front import Front
from services.cli.month.unseen import broken_promises
from shared.db import transaction


@dataclass(frozen=True)
class Figure:
    """So many of so many; `whole` is None where a share would say nothing."""

    name: str
    count: int
    whole: int | None = None

    @property
    def share(self) -> float | None:
        return self.count / self.whole if self.whole else None


@dataclass(frozen=True)
class Month:
    """`sections` are figures under their titles; `broken` says by name what should never be, and is empty."""

    contacts: int
    sections: Mapping[str, Sequence[Figure]]
    broken: Mapping[str, object]

    def figure(self, section: str, name: str) -> Figure:
        """Return a figure that was counted, or one of none."""
        return next((one for one in self.sections[section] if one.name == name), Figure(name, 0))


# Each counts by a name; the share is of the sum, or of the rows of `of` where that differs.
COUNTED: Mapping[str, str] = {
    "Contacts by agency": "SELECT agency, count(*) FROM cases GROUP BY 1 ORDER BY 2 DESC, 1",
    "Contacts by council": "SELECT coalesce(council, 'not known'), count(*) FROM cases GROUP BY 1 ORDER BY 1",
    "Contacts by level": "SELECT 'level ' || level, count(*) FROM cases GROUP BY 1 ORDER BY 1",
    "Contacts by status": "SELECT replace(status, '_', ' '), count(*) FROM cases GROUP BY 1 ORDER BY 2 DESC, 1",
    "Routes": """
        SELECT CASE WHEN NOT routed THEN 'to a person from the start'
                    WHEN confirmed THEN 'automatic, confirmed by a person'
                    WHEN withdrawn THEN 'automatic, came back to a person'
                    WHEN decided THEN 'automatic, decided otherwise'
                    ELSE 'automatic, to be confirmed' END, count(*)
        FROM (SELECT bool_or(t.what = 'case.routed') AS routed, bool_or(t.what = 'route.confirmed') AS confirmed,
                     bool_or(t.what = 'case.route_withdrawn') AS withdrawn,
                     bool_or(t.what = 'case.decided') AS decided
              FROM timeline t GROUP BY t.case_id) one
        GROUP BY 1 ORDER BY 2 DESC, 1""",
    "Outcomes of children": """
        SELECT replace(coalesce(outcome, 'not decided yet'), '_', ' '), count(*) FROM children
        GROUP BY 1 ORDER BY 2 DESC, 1""",
    "Offers by state": """
        SELECT CASE WHEN status = 'closed' AND result IS NULL THEN 'withdrawn'
                    WHEN status = 'closed' THEN 'closed with a result' ELSE replace(status, '_', ' ') END, count(*)
        FROM offers GROUP BY 1 ORDER BY 2 DESC, 1""",
    "Open offers by age": """
        SELECT status || ', ' || CASE WHEN age < interval '3 days' THEN 'less than 3 days'
                                      WHEN age < interval '8 days' THEN '3 to 7 days'
                                      WHEN age < interval '15 days' THEN '8 to 14 days'
                                      ELSE '15 days and more' END, count(*)
        FROM (SELECT status, clock_timestamp() - offered_at AS age FROM offers
              WHERE status IN ('offered', 'accepted', 'started')) one
        GROUP BY 1 ORDER BY min(status), min(age)""",
    "Unmet need of children": "SELECT replace(why, '_', ' '), count(*) FROM unmet_needs GROUP BY 1 ORDER BY 2 DESC, 1",
    "Below-threshold families": f"SELECT how, count(*) FROM ({ENDS}) one GROUP BY 1 ORDER BY 2 DESC, 1",  # noqa: S608 - our own text
}

# Each counts something of a whole of its own.
SHARES: Mapping[str, str] = {
    "Clocks met": """
        SELECT replace(kind, '_', ' '), count(*) FILTER (WHERE ended_at < due_at), count(*)
        FROM clocks WHERE ended_at IS NOT NULL OR due_at < clock_timestamp() GROUP BY 1 ORDER BY 1""",
    "Of all contacts": """
        SELECT name, count(*) FILTER (WHERE what), count(*) FROM (
            SELECT c.id, n.name, CASE n.name
                WHEN 're-referral of a known family' THEN EXISTS (
                    SELECT FROM links l WHERE l.case_id = c.id AND l.state IN ('automatic', 'confirmed'))
                WHEN 'a possible match held by a person' THEN EXISTS (
                    SELECT FROM links l WHERE l.case_id = c.id AND l.settled_by IS NOT NULL)
                WHEN 'reopened' THEN EXISTS (
                    SELECT FROM timeline t WHERE t.case_id = c.id AND t.what = 'case.reopened')
                WHEN 'countersigned' THEN EXISTS (
                    SELECT FROM decisions d WHERE d.case_id = c.id AND d.countersigned_by IS NOT NULL)
                WHEN 'a partner was asked' THEN EXISTS (
                    SELECT FROM information_requests r WHERE r.case_id = c.id)
                WHEN 'stepped up' THEN EXISTS (
                    SELECT FROM offers o WHERE o.case_id = c.id AND o.status = 'stepped_up')
                ELSE EXISTS (SELECT FROM offers o WHERE o.case_id = c.id AND o.status = 'bounced') END AS what
            FROM cases c CROSS JOIN (VALUES ('re-referral of a known family'), ('a possible match held by a person'),
                ('reopened'), ('countersigned'), ('a partner was asked'), ('stepped up'), ('an offer bounced')) n(name)
        ) one GROUP BY 1 ORDER BY 1""",
}


async def month_of(front: Front, calls: Calls, accepted: Sequence[str]) -> Month:
    """Count what stands in the databases; `accepted` are the ids of the referrals that got a 202."""
    sections: dict[str, Sequence[Figure]] = {}
    councils = front.desk.hub.councils
    for title, query in COUNTED.items():
        rows = await _rows(front, text(query))
        whole = sum(count for _, count in rows)
        sections[title] = [Figure(councils.get(name, name), count, whole) for name, count in rows]
    for title, query in SHARES.items():
        sections[title] = [Figure(*row) for row in await _rows(front, text(query))]
    sections["Beside"] = [
        Figure("requests", calls.sent),
        Figure("requests that came too late", calls.too_late, calls.sent),
        Figure("pages to the line of duty", front.pager.sent),
    ]
    return Month(len(accepted), sections, await broken_promises(front, accepted))


async def _rows(front: Front, query: TextClause) -> Sequence[Any]:
    async with transaction(front.db) as session:
        return [tuple(row) for row in (await session.execute(query)).all()]
