"""Counts what is compared between two turns of the event loop."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import patch

from services.triage.actions import finish_case
from services.triage.matching import Comparison, Person, compare, effort_of, pairing


@asynccontextmanager
async def counted_by_turn() -> AsyncIterator[Counter[int]]:
    """Yield how many names are held against each other, by turn, wherever people are compared."""
    turn, units = 0, Counter[int]()

    def counted(one: Person, other: Person, crowded: frozenset[str] = frozenset()) -> Comparison:
        units[turn] += effort_of(one, other)
        return compare(one, other, crowded)

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    counting = asyncio.create_task(count_turns())
    with patch.object(finish_case, "compare", counted), patch.object(pairing, "compare", counted):
        yield units
    counting.cancel()
