"""Working days, opening hours and the statutory clock of a hub. Pure; every service may ask."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import holidays

from shared.settings.hub import WEEKDAYS, Hours, Hub, Term


def decision_due_at(received_at: datetime, hub: Hub) -> datetime:
    """Return the end of one working day in UTC (Working Together: acknowledge and decide within one working day).

    Received on a working day before closing: the same local time on the next working day, but no later than
    its closing. Received at any other time: the closing of the next working day.
    """
    local = received_at.astimezone(hub.time_zone)
    today = opening_hours(local.date(), hub)
    due_day, (_, closes) = _next_working_day(local.date(), hub)
    before_closing = today is not None and local.time() < today[1]
    due = min(local.time(), closes) if before_closing else closes
    return datetime.combine(due_day, due, hub.time_zone).astimezone(UTC)


def term_ends_at(started_at: datetime, term: Term, hub: Hub) -> datetime:
    """Return the end of a term in UTC; its working days end as the statutory one does."""
    ends_at = started_at.astimezone(UTC) + timedelta(hours=term.hours or 0)
    for _ in range(term.working_days or 0):
        ends_at = decision_due_at(ends_at, hub)
    return ends_at


def next_opening(at: datetime, hub: Hub) -> datetime:
    """Return the first moment after `at`, in UTC, at which the hub opens its doors."""
    local = at.astimezone(hub.time_zone)
    today = opening_hours(local.date(), hub)
    if today is not None and local.time() < today[0]:
        return datetime.combine(local.date(), today[0], hub.time_zone).astimezone(UTC)
    day, (opens, _) = _next_working_day(local.date(), hub)
    return datetime.combine(day, opens, hub.time_zone).astimezone(UTC)


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


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))
