"""What a row of the benchmark is: ours and its floor, measured in turns within one run. Run by `make bench`."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median

ROUNDS = 7
"""Turns of each side, after one of each that is not counted."""

Side = Callable[[], Awaitable[float]]
"""Does one turn and returns what it reached, per second."""


@dataclass(frozen=True)
class Row:
    """Both sides' rates per second, turn by turn; `goal` is the least ratio that is asked for."""

    name: str
    unit: str
    ours: Sequence[float]
    floor: Sequence[float]
    goal: float
    note: str

    @property
    def ratios(self) -> list[float]:
        """Each turn of ours against the turn of the floor beside it, which met the same neighbours on the machine."""
        return [ours / floor for ours, floor in zip(self.ours, self.floor, strict=True)]

    @property
    def table(self) -> list[tuple[str, ...]]:
        """Name, ours, floor, ratio with its spread, goal: as the terminal and the page show them."""
        ratios = self.ratios
        line = (
            self.name,
            f"{median(self.ours):,.0f} {self.unit}",
            f"{median(self.floor):,.0f} {self.unit}",
            f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            f"at least {self.goal}",
        )
        return [line]


@dataclass(frozen=True)
class Figures:
    """Figures that have a goal and no floor, such as times; each is (what, measured, goal)."""

    name: str
    lines: Sequence[tuple[str, str, str]]
    note: str

    @property
    def table(self) -> list[tuple[str, ...]]:
        return [(f"{self.name}: {what}", measured, "", "", goal) for what, measured, goal in self.lines]


async def in_turns(ours: Side, floor: Side, rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """Let both sides warm up, then take turns; returns the rates of each."""
    await ours()
    await floor()
    rates: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        sides = ((ours, rates[0]), (floor, rates[1]))
        for side, reached in sides if turn % 2 == 0 else reversed(sides):
            reached.append(await side())
    return rates
