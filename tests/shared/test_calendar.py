"""The statutory clock and the opening hours, against the examples that everyone must compute the same way."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar import (
    decision_due_at,
    is_open,
    last_closing,
    next_opening,
    night_before,
    opening_hours,
    term_ends_at,
)
from shared.settings.hub import Hub, Term

LONDON = ZoneInfo("Europe/London")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


DUE = [
    ("Tuesday morning", "2026-11-17 10:00", "2026-11-18 10:00"),
    ("Friday, a minute before closing", "2026-11-20 16:29", "2026-11-23 16:29"),
    ("Friday at closing", "2026-11-20 16:30", "2026-11-23 17:00"),
    ("Friday, a minute after closing", "2026-11-20 16:31", "2026-11-23 17:00"),
    ("Thursday later than Friday closes", "2026-11-19 16:50", "2026-11-20 16:30"),
    ("Saturday night", "2026-11-21 02:10", "2026-11-23 17:00"),
    ("Christmas Eve", "2026-12-24 11:00", "2026-12-29 11:00"),
    ("Christmas Eve, late", "2026-12-24 18:00", "2026-12-29 17:00"),
    ("Boxing Day observed", "2026-12-28 11:00", "2026-12-29 17:00"),
    ("New Year's Eve", "2026-12-31 09:00", "2027-01-04 09:00"),
    ("Maundy Thursday", "2027-03-25 09:15", "2027-03-30 09:15"),
    ("before opening on a working day", "2026-11-17 06:00", "2026-11-18 06:00"),
    ("Friday over the spring change", "2026-03-27 10:00", "2026-03-30 10:00"),
    ("Friday over the autumn change", "2026-10-23 10:00", "2026-10-26 10:00"),
]


@pytest.mark.parametrize(("_case", "received", "due"), DUE, ids=[row[0] for row in DUE])
def test_one_working_day(_case: str, received: str, due: str, hub: Hub) -> None:
    """Each published example falls due where it says."""
    assert decision_due_at(local(received), hub) == local(due)


def test_the_hour_that_the_spring_change_skips(hub: Hub) -> None:
    """Received at 01:30Z on the Sunday of the change, due on Monday at 16:00Z, and stated in UTC."""
    due = decision_due_at(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), hub)
    assert due.isoformat() == "2026-03-30T16:00:00+00:00"


@pytest.mark.parametrize("hour", [0, 1])
def test_the_hour_that_the_autumn_change_repeats(hour: int, hub: Hub) -> None:
    """Both half past ones of the repeated hour fall due at Monday's closing."""
    due = decision_due_at(datetime(2026, 10, 25, hour, 30, tzinfo=UTC), hub)
    assert due == local("2026-10-26 17:00")


TERMS = [
    ("two hours over closing", Term(hours=2), "2026-11-20 16:00", "2026-11-20 18:00"),
    ("six hours over the spring change", Term(hours=6), "2026-03-28 22:00", "2026-03-29 05:00"),
    ("one working day on a Friday", Term(working_days=1), "2026-11-20 16:29", "2026-11-23 16:29"),
    ("a quarter of an hour over midnight", Term(minutes=15), "2026-11-20 23:50", "2026-11-21 00:05"),
    ("four hours through the autumn change", Term(hours=4), "2026-10-24 23:30", "2026-10-25 02:30"),
    ("four hours through the spring change", Term(hours=4), "2026-03-28 23:30", "2026-03-29 04:30"),
    ("four open hours within a day", Term(open_hours=4), "2026-11-17 10:00", "2026-11-17 14:00"),
    ("four open hours up to closing", Term(open_hours=4), "2026-11-17 13:00", "2026-11-17 17:00"),
    ("four open hours from before opening", Term(open_hours=4), "2026-11-17 06:00", "2026-11-17 12:30"),
    ("four open hours over a weekend", Term(open_hours=4), "2026-11-20 15:00", "2026-11-23 11:00"),
    ("four open hours over Christmas", Term(open_hours=4), "2026-12-24 16:00", "2026-12-29 11:30"),
    ("ten open hours over the spring change", Term(open_hours=10), "2026-03-27 14:30", "2026-03-30 16:30"),
    ("two working days from a Thursday evening hour", Term(working_days=2), "2026-11-19 16:50", "2026-11-23 16:50"),
    ("two working days from a Saturday", Term(working_days=2), "2026-11-21 02:10", "2026-11-24 17:00"),
    ("seven working days over Christmas", Term(working_days=7), "2026-12-22 11:00", "2027-01-05 11:00"),
]


@pytest.mark.parametrize(("_case", "term", "started", "ends"), TERMS, ids=[row[0] for row in TERMS])
def test_terms(_case: str, term: Term, started: str, ends: str, hub: Hub) -> None:
    """Hours run on through closing and both changes of the clock; working days skip what is none."""
    assert term_ends_at(local(started), term, hub) == local(ends).astimezone(UTC)


def test_extra_days_of_the_hub_win(hub: Hub) -> None:
    """A day closed by the hub is skipped; a Saturday or a bank holiday that it opens counts with its own hours."""
    extended = hub.model_copy(
        update={
            "closed_days": frozenset({date(2026, 11, 18)}),
            "open_days": {date(2026, 12, 28): (time(10), time(14))},
        }
    )
    assert decision_due_at(local("2026-11-17 10:00"), extended) == local("2026-11-19 10:00")
    assert decision_due_at(local("2026-12-24 15:00"), extended) == local("2026-12-28 14:00")
    assert opening_hours(date(2026, 12, 28), hub) is None


OPENINGS = [
    ("2026-11-17 08:29", "2026-11-17 08:30", False),
    ("2026-11-17 08:30", "2026-11-18 08:30", True),
    ("2026-11-17 16:59", "2026-11-18 08:30", True),
    ("2026-11-17 17:00", "2026-11-18 08:30", False),
    ("2026-11-20 16:30", "2026-11-23 08:30", False),
    ("2026-11-21 12:00", "2026-11-23 08:30", False),
    ("2026-12-24 20:00", "2026-12-29 08:30", False),
    ("2026-03-28 12:00", "2026-03-30 08:30", False),
]


@pytest.mark.parametrize(("at", "opens", "open_now"), OPENINGS)
def test_openings(at: str, opens: str, open_now: bool, hub: Hub) -> None:
    """The next opening lies after the moment asked about, and the door is open between opening and closing."""
    assert next_opening(local(at), hub) == local(opens)
    assert is_open(local(at), hub) is open_now


NIGHTS = [
    ("a Tuesday at noon", "2026-11-17 12:00", "2026-11-16 17:00", "2026-11-17 09:00"),
    ("a Tuesday at opening, before the handover", "2026-11-17 08:30", "2026-11-16 17:00", "2026-11-17 08:30"),
    ("a Monday at noon", "2026-11-23 12:00", "2026-11-20 16:30", "2026-11-23 09:00"),
    ("a Friday a minute after closing", "2026-11-20 16:31", "2026-11-20 16:30", "2026-11-20 16:31"),
    ("a Saturday night", "2026-11-21 02:10", "2026-11-20 16:30", "2026-11-21 02:10"),
    ("the Tuesday after Christmas", "2026-12-29 10:00", "2026-12-24 17:00", "2026-12-29 09:00"),
    ("the Monday after the spring change", "2026-03-30 10:00", "2026-03-27 16:30", "2026-03-30 09:00"),
    ("the Monday after the autumn change", "2026-10-26 10:00", "2026-10-23 16:30", "2026-10-26 09:00"),
]


@pytest.mark.parametrize(("_case", "at", "since", "until"), NIGHTS, ids=[row[0] for row in NIGHTS])
def test_the_night_before(_case: str, at: str, since: str, until: str, hub: Hub) -> None:
    """The night lasts from the last closing to the handover at nine, or to now while it still lasts."""
    assert night_before(local(at), hub) == (local(since).astimezone(UTC), local(until).astimezone(UTC))


@settings(max_examples=200, derandomize=True)
@given(at=st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_closed_since_the_last_closing(at: datetime, hub: Hub) -> None:
    """At any moment the hub is open exactly where it has opened since it last closed."""
    closed_at = last_closing(at, hub)
    assert closed_at <= at
    assert not is_open(closed_at, hub)
    assert is_open(at, hub) == (next_opening(closed_at, hub) <= at)


def _within_hours(at: datetime, hub: Hub) -> bool:
    hours = opening_hours(at.astimezone(LONDON).date(), hub)
    return hours is not None and at.astimezone(LONDON).time() <= hours[1]


@settings(max_examples=200, derandomize=True)
@given(at=st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_due_is_always_on_a_working_day(at: datetime, hub: Hub) -> None:
    """Whenever it is received, a referral falls due later, on a working day, no later than its closing."""
    due = decision_due_at(at, hub)
    assert due > at
    assert _within_hours(due, hub)
