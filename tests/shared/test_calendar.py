"""The statutory clock and the opening hours, against the examples that everyone must compute the same way."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar import decision_due_at, is_open, next_opening, opening_hours, term_ends_at
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
