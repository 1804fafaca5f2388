"""Working days, opening hours and the statutory clock of a hub. Pure; every service may ask."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import holidays
import holidays.countries  # which the package would load at the first question, while everybody waits

from shared.settings.hub import WEEKDAYS, Hours, Hub, Term


def decision_due_at(received_at: datetime, hub: Hub) -> datetime:
    """Return the end of one working day in UTC (Working Together: acknowledge and decide within one working day).

    Received on a working day before closing: the same local time on the next working day, but no later than
    its closing. Received at any other time: the closing of the next working day.
    """
    return _working_days_end_at(received_at, 1, hub)


def term_ends_at(started_at: datetime, term: Term, hub: Hub) -> datetime:
    """Return the end of a term in UTC; its working days end as the statutory one does."""
    if term.working_days is not None:
        return _working_days_end_at(started_at, term.working_days, hub)
    if term.open_hours is not None:
        return _open_hours_end_at(started_at, timedelta(hours=term.open_hours), hub)
    return started_at.astimezone(UTC) + timedelta(hours=term.hours or 0, minutes=term.minutes or 0)


def _working_days_end_at(started_at: datetime, days: int, hub: Hub) -> datetime:
    local = started_at.astimezone(hub.time_zone)
    today = opening_hours(local.date(), hub)
    before_closing = today is not None and local.time() < today[1]
    day, closes = local.date(), local.time()
    for _ in range(days):
        day, (_, closes) = _next_working_day(day, hub)
    return _utc(day, min(local.time(), closes) if before_closing else closes, hub)


def _open_hours_end_at(started_at: datetime, left: timedelta, hub: Hub) -> datetime:
    at = started_at.astimezone(UTC) if is_open(started_at, hub) else next_opening(started_at, hub)
    while (closes_at := _closing(at, hub)) - at < left:
        left -= closes_at - at
        at = next_opening(closes_at, hub)
    return at + left


def _closing(at: datetime, hub: Hub) -> datetime:
    """Return when the hub closes on the working day of `at`."""
    day = at.astimezone(hub.time_zone).date()
    hours = opening_hours(day, hub)
    return _utc(day, hours[1] if hours else time.max, hub)


def last_closing(at: datetime, hub: Hub) -> datetime:
    """Return the latest moment up to `at`, in UTC, at which the hub closed its doors."""
    local = at.astimezone(hub.time_zone)
    day, hours = local.date(), opening_hours(local.date(), hub)
    while hours is None or _utc(day, hours[1], hub) > at:
        day -= timedelta(days=1)
        hours = opening_hours(day, hub)
    return _utc(day, hours[1], hub)


def night_before(at: datetime, hub: Hub) -> tuple[datetime, datetime]:
    """Return the span, in UTC, in which others stood in for the day's staff: from the last closing to `at`.

    It ends at the handover on the working day after that closing, once this has passed.
    """
    since = last_closing(at, hub)
    handover_at = _utc(next_opening(since, hub).astimezone(hub.time_zone).date(), hub.clocks.handover_at, hub)
    return since, min(at.astimezone(UTC), handover_at)


def next_opening(at: datetime, hub: Hub) -> datetime:
    """Return the first moment after `at`, in UTC, at which the hub opens its doors."""
    local = at.astimezone(hub.time_zone)
    today = opening_hours(local.date(), hub)
    if today is not None and local.time() < today[0]:
        return _utc(local.date(), today[0], hub)
    day, (opens, _) = _next_working_day(local.date(), hub)
    return _utc(day, opens, hub)


def is_open(at: datetime, hub: Hub) -> bool:
    local = at.astimezone(hub.time_zone)
    today = opening_hours(local.date(), hub)
    return today is not None and today[0] <= local.time() < today[1]


def opening_hours(day: date, hub: Hub) -> Hours | None:
    """Return the local hours of a day, or None where it is no working day; the hub's own days win over all."""
    if day in hub.open_days:
        return hub.open_days[day]
    if day in hub.closed_days or day in _bank_holidays(day.year):
        return None
    return hub.opening_hours.get(WEEKDAYS[day.weekday()])


def _next_working_day(day: date, hub: Hub) -> tuple[date, Hours]:
    while True:
        day += timedelta(days=1)
        hours = opening_hours(day, hub)
        if hours is not None:
            return day, hours


def _utc(day: date, at: time, hub: Hub) -> datetime:
    return datetime.combine(day, at, hub.time_zone).astimezone(UTC)


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))
