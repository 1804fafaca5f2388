"""How many cases stand where, and whose clocks run out: for `/metrics`."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal_column, or_, select, text, union_all

from services.triage.clocks import ClockKind
from services.triage.domain import CaseStatus, Unfinished
from services.triage.models import Case, Clock, Page
from services.triage.queries.cases import Due
from shared.inbox import dead_letters
from shared.telemetry.gauges import MOST, GaugeQuery

OPEN = [status for status in CaseStatus if status is not CaseStatus.DECIDED]
SOON = timedelta(hours=1)

_now = func.statement_timestamp()
_at = Case.due_at
_TIMES: dict[Due, ColumnElement[bool]] = {
    Due.OVERDUE: _at < _now,
    Due.WITHIN_HOUR: _at.between(_now, _now + SOON),
    Due.LATER: _at > _now + SOON,
}


def _counted(label: str, *where: ColumnElement[bool]) -> Select[Any, int]:
    found = select(Case.id).where(*where).limit(MOST).subquery()
    return select(literal_column(f"'{label}'").label("label"), func.count().label("number")).select_from(found)


_by_status = union_all(*(_counted(status, Case.status == status) for status in CaseStatus))
_open_by_due = union_all(
    *(_counted(due, Case.status == status, time) for due, time in _TIMES.items() for status in OPEN)
).subquery()
_clocks = select(_open_by_due.c.label, func.sum(_open_by_due.c.number)).group_by(_open_by_due.c.label)
# A clock has run out where it has said so, or would have if the worker had come: either is an index of its own.
_overdue = text(
    """
    SELECT k.kind, count(c.kind) FROM unnest(CAST(:kinds AS text[])) k (kind) LEFT JOIN (
        (SELECT kind FROM clocks WHERE ended_at IS NULL AND next_at IS NULL LIMIT :most)
        UNION ALL
        (SELECT kind FROM clocks
         WHERE ended_at IS NULL AND next_at <= statement_timestamp() AND due_at <= statement_timestamp() LIMIT :most)
    ) c ON c.kind = k.kind
    GROUP BY k.kind
    """
).bindparams(kinds=[str(kind) for kind in ClockKind], most=MOST)
_awaited = and_(Clock.case_id == Page.case_id, Clock.kind == ClockKind.ACKNOWLEDGEMENT, Clock.ended_at.is_(None))
_is_dead = exists().where(dead_letters.c.id == Page.letter_id, dead_letters.c.state == "dead")
_unsent = select(func.count()).select_from(
    select(Page.id).where(Page.sent_at.is_(None), or_(exists().where(_awaited), _is_dead)).limit(MOST).subquery()
)
_unfinished = text(
    """
    SELECT s.step, (
        SELECT count(*) FROM (
            SELECT 1 FROM cases c WHERE c.unfinished <> '{}' AND c.unfinished ? s.step LIMIT :most) capped)
    FROM unnest(CAST(:steps AS text[])) s (step)
    """
).bindparams(steps=[str(step) for step in Unfinished], most=MOST)
_pending = text(
    "SELECT count(*) FROM (SELECT 1 FROM cases c WHERE c.unfinished <> '{}' AND c.unfinished ? 'details' LIMIT :most) d"
).bindparams(most=MOST)

GAUGES = (
    GaugeQuery(_by_status, {"frontdoor_cases": "Cases by status, counted up to 10,000 each."}, ("status",)),
    GaugeQuery(
        _clocks,
        {"frontdoor_clocks": "Open cases by when their decision is due: `overdue`, `within_hour` or `later`."},
        ("due",),
    ),
    GaugeQuery(
        _overdue,
        {"frontdoor_clocks_overdue": "Clocks that have run out and still run, counted up to 10,000."},
        ("kind",),
    ),
    GaugeQuery(
        _unsent,
        {"frontdoor_pages_unsent": "Calls to the line of duty not sent, of cases not acknowledged and dead letters."},
    ),
    GaugeQuery(_pending, {"frontdoor_cases_details_pending": "Cases that opened without their referral's details."}),
    GaugeQuery(
        _unfinished,
        {"frontdoor_cases_unfinished": "Cases that stand without a step of their opening, counted up to 10,000 each."},
        ("step",),
    ),
)
