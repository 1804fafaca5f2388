"""Counts as charts, tables and CSVs show them: rows of numbers, of which the small ones are not told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.triage.domain.small_numbers import tell

MOST_ROWS = 15
OTHERS = "others"

Counts = Mapping[Any, Sequence[int]]


@dataclass(frozen=True)
class Row:
    """The numbers of what `key` stands for, in the order of the table's series, and their total; None is not told."""

    key: Any
    numbers: tuple[int | None, ...]
    total: int | None


@dataclass(frozen=True)
class Table:
    """What was counted, by the codes of its series and the keys of its rows."""

    series: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def empty(self) -> bool:
        return all(number == 0 for row in self.rows for number in row.numbers)


def told_table(series: Sequence[str], counts: Counts) -> Table:
    """Return the counts in their order, small numbers and what would give them away hidden."""
    told = tell(list(counts.values()))
    rows = zip(counts, told.rows, told.totals, strict=True)
    return Table(tuple(series), tuple(Row(key, tuple(numbers), total) for key, numbers, total in rows))


def exact_table(series: Sequence[str], counts: Counts) -> Table:
    """Return the counts as they are: for what is no secret, such as work that waits now."""
    return Table(tuple(series), tuple(Row(key, tuple(numbers), sum(numbers)) for key, numbers in counts.items()))


def largest_first(counts: Counts) -> Counts:
    """Return the rows with the most first, those after the first fourteen as one where there are more than fifteen."""
    ordered = sorted(counts.items(), key=lambda row: (-sum(row[1]), str(row[0])))
    if len(ordered) <= MOST_ROWS:
        return dict(ordered)
    rest = [sum(column) for column in zip(*(numbers for _, numbers in ordered[MOST_ROWS - 1 :]), strict=True)]
    return {**dict(ordered[: MOST_ROWS - 1]), OTHERS: rest}
