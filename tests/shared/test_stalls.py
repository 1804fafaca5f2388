"""Whoever keeps the event loop from everybody else is seen."""

import asyncio
import time

from shared.telemetry.stalls import WINDOW_SECONDS, LongestStall, longest_stall, watch_loop


def test_the_longest_of_the_last_minute_shows() -> None:
    """A longer stall hides shorter ones before it, and is forgotten after a minute; then the next longest shows."""
    stalls = LongestStall()
    for seconds, at in ((0.2, 10), (0.9, 20), (0.1, 30), (0.3, 40), (0.2, 50)):
        stalls.observe(seconds, at)

    shown = [stalls.seconds(at) for at in (50, 20 + WINDOW_SECONDS, 21 + WINDOW_SECONDS, 41 + WINDOW_SECONDS)]
    assert shown == [0.9, 0.9, 0.3, 0.2]
    assert stalls.seconds(1000) == 0.0


def test_asking_takes_nothing_away() -> None:
    """Two that scrape see the same."""
    stalls = LongestStall()
    stalls.observe(0.5, time.monotonic())

    assert [next(iter(stalls.collect())).samples[0].value for _ in range(2)] == [0.5, 0.5]


async def test_a_blocked_loop_is_seen() -> None:
    """What blocks the loop is observed for at least as long as it did, less the pause between two looks."""
    watching = asyncio.create_task(watch_loop())
    await asyncio.sleep(0)
    time.sleep(0.5)  # noqa: ASYNC251 - the fault itself
    while longest_stall.seconds(time.monotonic()) < 0.4:  # noqa: ASYNC110 - the watcher has its turn in between
        await asyncio.sleep(0.01)
    watching.cancel()
