"""Numbers under five are not told, and cannot be worked out from those that are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.triage.domain.small_numbers import SMALL, Told, tell

MOST = 20
"""More than any number of these tables: a reader who tries up to this misses nothing."""

Table = list[list[int]]
Place = tuple[int, int]


def tables(width: int, height: int) -> st.SearchStrategy[Table]:
    row = st.lists(st.integers(0, 9), min_size=width, max_size=width)
    return st.lists(row, min_size=1, max_size=height)


@dataclass
class Reader:
    """Somebody who knows what is told, every total of it, and that no nought is hidden unless all are."""

    told: Told
    least: int

    def could_be(self, fixed: Place, number: int) -> bool:
        """Try numbers in the place of all that is hidden, until they fit."""
        self.grid = [list(row) for row in self.told.rows]
        self.grid[fixed[0]][fixed[1]] = number
        return self._fill([place for place in places(self.told) if self.at(place) is None])

    def at(self, place: Place) -> int | None:
        return self.grid[place[0]][place[1]]

    def _fill(self, empty: list[Place]) -> bool:
        if not self._fits():
            return False
        if not empty:
            return True
        (y, x), *rest = empty
        for number in range(self.least, MOST):
            self.grid[y][x] = number
            if self._fill(rest):
                return True
        self.grid[y][x] = None
        return False

    def _fits(self) -> bool:
        columns = [list(column) for column in zip(*self.grid, strict=True)]
        lines = list(zip(columns, self.told.columns, strict=False))
        if len(columns) > 1:
            lines += list(zip(self.grid, self.told.totals, strict=True))
            lines.append(([cell for row in self.grid for cell in row], self.told.columns[-1]))
        return all(total is None or self._sums_to(line, total) for line, total in lines)

    def _sums_to(self, line: list[int | None], total: int) -> bool:
        said = sum(number for number in line if number is not None)
        unsaid = line.count(None)
        return said + self.least * unsaid <= total if unsaid else said == total


def places(told: Told) -> Iterator[Place]:
    return product(range(len(told.rows)), range(len(told.rows[0]))) if told.rows else iter(())


@settings(deadline=None)
@given(st.one_of(tables(1, 5), tables(2, 3), tables(3, 3)))
def test_no_small_number_can_be_worked_out(numbers: Table) -> None:
    """Each could be any from one to four for a reader who knows every number and every total that is told."""
    told = tell(numbers)
    hidden = [place for place in places(told) if told.rows[place[0]][place[1]] is None]
    reader = Reader(told, int(all(numbers[y][x] for y, x in hidden)))
    for y, x in hidden:
        if 0 < numbers[y][x] < SMALL:
            assert [n for n in range(1, SMALL) if not reader.could_be((y, x), n)] == []


@settings(deadline=None)
@given(st.one_of(tables(1, 12), tables(4, 6)))
def test_what_is_told_is_true_and_not_small(numbers: Table) -> None:
    """Numbers and totals that are told are the counted ones, and none of them lies between nought and five."""
    told = tell(numbers)
    sums = [sum(row) for row in numbers]
    columns = [sum(column) for column in zip(*numbers, strict=True)]
    counted = [*(cell for row in numbers for cell in row), *sums, *columns]
    shown = [*(cell for row in told.rows for cell in row), *told.totals, *told.columns]
    for number, cell in zip(counted, shown, strict=False):
        assert cell in (None, number)
        assert cell is None or cell == 0 or cell >= SMALL


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([], []),
        ([0, 0], [0, 0]),
        ([7, 8], [7, 8]),
        ([3, 0], [None, 0]),
        ([30, 20, 4], [30, None, None]),
        ([1, 1, 9, 30], [None, None, None, 30]),
        ([4, 4, 30], [None, None, 30]),
    ],
)
def test_a_line_of_counts(counts: list[int], told: list[int | None]) -> None:
    """A second number hides the first from who knows the total; two that make up for each other need no third."""
    assert [row[0] for row in tell([[count] for count in counts]).rows] == told


def test_rows_and_columns_hide_together() -> None:
    """One small number takes another of its row and of its column along, and a fourth that closes the ring."""
    assert tell([[12, 3, 0], [40, 20, 9], [7, 0, 30]]).rows == [[None, None, 0], [40, None, None], [None, 0, None]]
