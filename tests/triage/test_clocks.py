"""When clocks run out and what they say on the way, computed by hand in local time."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.triage.clocks import ClockKind, colour_due_at, needs_acknowledgement, steps_of
from shared.calendar import decision_due_at, term_ends_at
from shared.settings.hub import Colour, Hub, SoonBefore

LONDON = ZoneInfo("Europe/London")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


COLOURS: list[tuple[str, Colour, str, str]] = [
    ("red within the day", "red", "2026-11-17 10:00", "2026-11-17 14:00"),
    ("red runs through closing", "red", "2026-11-17 15:30", "2026-11-17 19:30"),
    ("red a minute after Friday's closing", "red", "2026-11-20 16:31", "2026-11-20 20:31"),
    ("red at night", "red", "2026-11-21 02:10", "2026-11-21 06:10"),
    ("red on Christmas Eve", "red", "2026-12-24 15:00", "2026-12-24 19:00"),
    ("red on Christmas Day", "red", "2026-12-25 23:00", "2026-12-26 03:00"),
    ("red through the hour that spring skips", "red", "2026-03-28 23:30", "2026-03-29 04:30"),
    ("red through the hour that autumn repeats", "red", "2026-10-24 23:30", "2026-10-25 02:30"),
    ("amber", "amber", "2026-11-17 10:00", "2026-11-18 10:00"),
    ("amber a minute before Friday's closing", "amber", "2026-11-20 16:29", "2026-11-23 16:29"),
    ("amber a minute after Friday's closing", "amber", "2026-11-20 16:31", "2026-11-23 17:00"),
    ("green later than Friday closes", "green", "2026-11-19 16:50", "2026-11-20 16:30"),
    ("blue on Saturday night", "blue", "2026-11-21 02:10", "2026-11-23 17:00"),
    ("blue on Christmas Eve", "blue", "2026-12-24 11:00", "2026-12-29 11:00"),
    ("green over the spring change", "green", "2026-03-27 10:00", "2026-03-30 10:00"),
    ("green over the autumn change", "green", "2026-10-23 10:00", "2026-10-26 10:00"),
]


@pytest.mark.parametrize(("_case", "colour", "received", "due"), COLOURS, ids=[row[0] for row in COLOURS])
def test_colour_clocks(_case: str, colour: Colour, received: str, due: str, hub: Hub) -> None:
    """Red runs on for four hours whatever the hour; the other colours end one working day later."""
    at = local(received)
    assert colour_due_at(colour, at, decision_due_at(at, hub), hub) == local(due)


def test_a_colour_clock_never_ends_after_the_statutory_one(hub: Hub) -> None:
    """A green of three working days shows as the statutory day, and so does one that starts anew at noon."""
    slow = hub.clocks.model_copy(
        update={"colour": {**hub.clocks.colour, "green": hub.clocks.parallel_routes["private_fostering"]}}
    )
    statutory = local("2026-11-18 10:00")
    slower = hub.model_copy(update={"clocks": slow})
    assert colour_due_at("green", local("2026-11-17 10:00"), statutory, slower) == statutory
    assert colour_due_at("amber", local("2026-11-17 12:00"), statutory, hub) == statutory


STEPS = [
    (ClockKind.STATUTORY, "2026-11-17 10:00", "2026-11-18 10:00", ("2026-11-18 09:00", "2026-11-18 10:00")),
    (ClockKind.NEEDED_BY, "2026-11-17 10:00", "2026-11-17 10:10", ("2026-11-17 10:00", "2026-11-17 10:10")),
    (ClockKind.NEEDED_BY, "2026-11-17 10:00", "2026-11-17 09:00", ("2026-11-17 09:00", "2026-11-17 09:00")),
    (ClockKind.COLOUR, "2026-10-24 23:30", "2026-10-25 02:30", ("2026-10-25 01:30 fold", "2026-10-25 02:30")),
    (ClockKind.PARALLEL_ROUTE, "2026-11-17 10:00", "2026-11-26 10:00", ("2026-11-26 06:00", "2026-11-26 10:00")),
    (ClockKind.ACKNOWLEDGEMENT, "2026-11-21 02:10", "2026-11-21 02:25", ("2026-11-21 02:25", "2026-11-21 02:40")),
]


@pytest.mark.parametrize(("kind", "started", "due", "steps"), STEPS)
def test_steps(kind: ClockKind, started: str, due: str, steps: tuple[str, ...], hub: Hub) -> None:
    """A clock warns before its end and at it; the acknowledgement pages the first in line and then the next."""
    expected = tuple(
        local(step.removesuffix(" fold")) + timedelta(hours=1 if step.endswith("fold") else 0) for step in steps
    )
    assert steps_of(kind, local(started), local(due), hub) == expected


def test_the_hub_has_a_warning_for_every_kind() -> None:
    """Each kind of clock but the acknowledgement's has its minutes, and no other is named."""
    assert set(SoonBefore.model_fields) == set(ClockKind) - {ClockKind.ACKNOWLEDGEMENT}


@pytest.mark.parametrize(
    ("colour", "urgency", "needed"),
    [("red", "no", True), ("amber", "yes", True), ("amber", "not_known", False), ("blue", "no", False)],
)
def test_what_has_to_be_acknowledged_at_once(colour: Colour, urgency: str, needed: bool) -> None:
    """A red case, whatever was said of danger, and a danger, whatever its colour."""
    assert needs_acknowledgement(colour, urgency) is needed


@settings(max_examples=300, derandomize=True)
@given(
    at=st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    colour=st.sampled_from(get_args(Colour)),
)
def test_steps_stand_in_order(at: datetime, colour: Colour, hub: Hub) -> None:
    """Whenever a case comes in, its clocks end after it and warn between start and end."""
    statutory = decision_due_at(at, hub)
    due = colour_due_at(colour, at, statutory, hub)
    assert at < due <= statutory
    soon, over = steps_of(ClockKind.COLOUR, at, due, hub)
    assert at <= soon <= over == due
    for term in (*hub.partner_reply.values(), *hub.clocks.new_information.values()):
        assert term_ends_at(at, term, hub) > at
