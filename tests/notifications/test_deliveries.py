"""The states of a delivery and its retry schedule."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.deliveries import (
    CLAIMABLE,
    CLOSED,
    MOVES,
    OPEN,
    SCHEDULE,
    DeliveryState,
    Failure,
    Reply,
    can_move,
    judge,
    parse_retry_after,
)

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
MIDDLE = 0.5


def test_schedule_is_about_three_days() -> None:
    """Ten attempts span about 75 hours, the first at once."""
    seconds = [delay.total_seconds() for delay in SCHEDULE]
    assert seconds == [0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert timedelta(hours=75) < sum(SCHEDULE, timedelta()) < timedelta(hours=76)


@given(status=st.integers(100, 599), attempts=st.integers(1, 12), chance=st.floats(0, 1, exclude_max=True))
def test_only_2xx_is_success(status: int, attempts: int, chance: float) -> None:
    """A delivery is delivered by 2xx and by nothing else, redirects included."""
    delivered = judge(attempts, Reply(status), chance).state is DeliveryState.DELIVERED
    assert delivered == (200 <= status <= 299)


@given(attempts=st.integers(1, 12), chance=st.floats(0, 1, exclude_max=True), failure=st.sampled_from(Failure))
def test_every_verdict_is_a_legal_move(attempts: int, chance: float, failure: Failure) -> None:
    """An attempt leaves `leased` by a legal move, and retrying alone has a delay, within ±20 %."""
    verdict = judge(attempts, Reply(failure=failure), chance)
    assert can_move(DeliveryState.LEASED, verdict.state)
    assert (verdict.delay is not None) == (verdict.state is DeliveryState.RETRYING)
    if verdict.delay is not None:
        assert SCHEDULE[attempts] * 0.8 <= verdict.delay <= SCHEDULE[attempts] * 1.2


def test_tenth_failure_is_the_end() -> None:
    """Nine failures are retried, the tenth is dead."""
    states = [judge(attempts, Reply(500), MIDDLE).state for attempts in range(1, 11)]
    assert states == [DeliveryState.RETRYING] * 9 + [DeliveryState.DEAD]


def test_jitter_reaches_both_ends() -> None:
    """The chance drawn moves the pause from -20 % over none to +20 %."""
    delays = [judge(2, Reply(500), chance).delay for chance in (0.0, 0.5, 1.0)]
    assert delays == [timedelta(minutes=4), timedelta(minutes=5), timedelta(minutes=6)]


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (429, timedelta(minutes=1), timedelta(minutes=1)),
        (503, timedelta(hours=2), timedelta(hours=2)),
        (503, timedelta(seconds=1), timedelta(seconds=5)),
        (429, timedelta(days=400), timedelta(hours=24)),
        (500, timedelta(hours=2), timedelta(seconds=5)),
        (429, None, timedelta(seconds=5)),
    ],
)
def test_retry_after(status: int, asked: timedelta | None, expected: timedelta) -> None:
    """429 and 503 may lengthen the pause, up to a day, and never shorten it; other statuses may not."""
    assert judge(1, Reply(status, asked), MIDDLE).delay == expected


@pytest.mark.parametrize("attempts", [1, 10])
def test_gone_disables_the_endpoint(attempts: int) -> None:
    """410 disables the endpoint, whichever attempt it answers; nothing else does."""
    assert judge(attempts, Reply(410), MIDDLE).disables_endpoint
    assert not judge(attempts, Reply(404), MIDDLE).disables_endpoint


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta(0)),
        ("Sun, 22 Nov 2026 10:01:30 GMT", timedelta(seconds=90)),
        ("Sun, 22 Nov 2026 09:00:00 GMT", timedelta(0)),
        ("Sunday, 22-Nov-26 10:00:05 GMT", timedelta(seconds=5)),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("\u0663\u0664", None),
        ("Sun, 99 Nov 2026 10:01:30 GMT", None),
    ],
)
def test_parse_retry_after(header: str, expected: timedelta | None) -> None:
    """Seconds and HTTP dates are read, anything else is as if it were absent."""
    assert parse_retry_after(header, NOW) == expected


@given(header=st.text(max_size=40) | st.integers(0, 10**30).map(str))
def test_no_retry_after_breaks_an_attempt(header: str) -> None:
    """Whatever a receiver sends, the answer is a pause or nothing."""
    asked = parse_retry_after(header, NOW)
    assert asked is None or asked >= timedelta(0)
    assert judge(1, Reply(503, asked), MIDDLE).delay is not None


def test_moves_keep_every_state_reachable_and_closed_ones_closed() -> None:
    """Closed deliveries leave only by a replay, and claims start from the claimable states alone."""
    assert set(MOVES) == set(DeliveryState)
    assert all(MOVES[state] == {DeliveryState.SCHEDULED} for state in CLOSED)
    assert {state for state in DeliveryState if can_move(state, DeliveryState.LEASED)} == CLAIMABLE
    assert set(DeliveryState) == OPEN | CLOSED
