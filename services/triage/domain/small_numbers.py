"""Hides numbers under five in counts, and as many more as keep them from being worked out. Pure.

Whoever reads a table may know every total that is told, and that what is told as nought is nought. A hidden number is
safe while all of that leaves it free to be any from one to four. Numbers that are hidden together make up for each
other along rows and columns, as a flow does between two sides of a network: how far one can move is how much flows.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

SMALL = 5
"""Numbers from one up to, but not including, this one are hidden."""

MOST_WEIGHED = 200
"""In a table of more cells, totals included, some numbers stay hidden that might be told: trying each takes seconds."""

Numbers = Sequence[Sequence[int]]
Node = tuple[str, int]
Ways = dict[Node, dict[Node, int]]


@dataclass(frozen=True)
class Told:
    """A table as it may be shown, with the totals of its rows and of its columns; None is a number not told."""

    rows: list[list[int | None]]
    totals: list[int | None]
    columns: list[int | None]


@dataclass(frozen=True)
class _Cell:
    """A number between its row and its column; a total has the opposite `sign` of what it grows with."""

    number: int
    row: Node
    column: Node
    sign: int = 1
    total: bool = False

    @property
    def disguises(self) -> tuple[int, ...]:
        """What it has to pass for: a part for one and for four, a total for one that is not small."""
        return (SMALL,) if self.total else (1, SMALL - 1)


def tell(rows: Numbers) -> Told:
    """Hide whatever is small, and what else would give it away; a row of one number is its own total."""
    if not rows:
        return Told([], [], [])
    single = len(rows[0]) == 1
    cells = list(_in_one_line(rows) if single else _in_rows_and_columns(rows))
    hidden = _hide(cells)
    told = [None if place in hidden else cell.number for place, cell in enumerate(cells)]
    width = 1 if single else len(rows[0]) + 1
    *lines, last = [told[begin : begin + width] for begin in range(0, len(told), width)]
    return Told([line if single else line[:-1] for line in lines], [line[-1] for line in lines], last)


def _in_one_line(rows: Numbers) -> Iterator[_Cell]:
    line, outside = ("row", 0), ("column", 0)
    for row in rows:
        yield _Cell(row[0], line, outside)
    yield _Cell(sum(row[0] for row in rows), line, outside, -1, total=True)


def _in_rows_and_columns(rows: Numbers) -> Iterator[_Cell]:
    with_totals = [[*row, sum(row)] for row in rows]
    with_totals.append([sum(column) for column in zip(*with_totals, strict=True)])
    last, width = len(rows), len(rows[0])
    for y, row in enumerate(with_totals):
        for x, number in enumerate(row):
            below, beside = y == last, x == width
            yield _Cell(number, ("row", y), ("column", x), -1 if below != beside else 1, total=below or beside)


class _Hidden:
    """The places of a table that are not told, with the room that their numbers leave each other.

    A hidden number is at least one while every nought is told.
    """

    def __init__(self, cells: Sequence[_Cell]) -> None:
        self.cells = cells
        self.small = [place for place, cell in enumerate(cells) if 0 < cell.number < SMALL]
        self.places: set[int] = set()
        self._ways: Ways = defaultdict(lambda: defaultdict(int))
        self._least = 1
        for place in self.small:
            self.add(place)

    def add(self, place: int) -> None:
        if self._least and self.cells[place].number == 0:
            self._least = 0
            for other in self.places:
                begin, end = self._ends(other)
                self._ways[end][begin] += 1
        self.places.add(place)
        self._make_room(place, 1)

    def remove(self, place: int) -> None:
        self.places.remove(place)
        self._make_room(place, -1)

    def exposed(self) -> list[int]:
        """Return the places of small numbers that cannot pass for what they have to."""
        return [place for place in self.small if self.is_exposed(place)]

    def is_exposed(self, place: int) -> bool:
        return not all(self._could_be(place, wanted) for wanted in self.cells[place].disguises)

    def _could_be(self, place: int, wanted: int) -> bool:
        """Tell whether the other hidden numbers can make up for this one being `wanted`."""
        grows = wanted > self.cells[place].number
        begin, end = self._ends(place)
        begin, end = (end, begin) if grows else (begin, end)
        self._make_room(place, -1)
        sent = [_send(self._ways, begin, end) for _ in range(abs(wanted - self.cells[place].number))]
        for way in sent:
            _shift(self._ways, way[::-1])
        self._make_room(place, 1)
        return all(sent)

    def _ends(self, place: int) -> tuple[Node, Node]:
        cell = self.cells[place]
        return (cell.row, cell.column) if cell.sign > 0 else (cell.column, cell.row)

    def _make_room(self, place: int, times: int) -> None:
        begin, end = self._ends(place)
        self._ways[begin][end] += times * SMALL
        self._ways[end][begin] += times * (self.cells[place].number - self._least)


def _hide(cells: Sequence[_Cell]) -> set[int]:
    """Return the places of all cells to be hidden: the small ones, and what keeps them safe."""
    hidden = _Hidden(cells)
    while len(hidden.places) < len(cells) and (exposed := hidden.exposed()):
        for place in exposed:
            rest = [other for other in range(len(cells)) if other not in hidden.places]
            if rest and hidden.is_exposed(place):
                hidden.add(min(rest, key=lambda other: _cost(cells[place], cells[other], cells[-1].row)))
    if len(cells) <= MOST_WEIGHED:
        _tell_again(hidden)
    return hidden.places


def _cost(exposed: _Cell, other: _Cell, last: Node) -> tuple[bool, bool, bool, bool, int]:
    """Rank what could be hidden for a cell's sake: in its row or column, the smallest first.

    Noughts come last, and before them the totals of columns: another table may have the same.
    """
    apart = exposed.row != other.row and exposed.column != other.column
    return other.number == 0, other.row == last, apart, other.total, other.number


def _tell_again(hidden: _Hidden) -> None:
    """Tell what turned out not to be needed, totals of columns and large numbers first."""
    cells = hidden.cells
    spare = [place for place in hidden.places if cells[place].number >= SMALL]
    for place in sorted(spare, key=lambda place: (cells[place].row != cells[-1].row, -cells[place].number)):
        hidden.remove(place)
        if any(hidden.is_exposed(one) for one in hidden.small):
            hidden.add(place)


def _send(ways: Ways, begin: Node, end: Node) -> list[Node]:
    """Send one unit along the shortest way there is (Edmonds and Karp); returns the way, empty where there is none."""
    came: dict[Node, Node] = {begin: begin}
    waiting = deque([begin])
    while waiting and end not in came:
        node = waiting.popleft()
        for following, room in ways[node].items():
            if room > 0 and following not in came:
                came[following] = node
                waiting.append(following)
    if end not in came:
        return []
    way = [end]
    while way[-1] != begin:
        way.append(came[way[-1]])
    way.reverse()
    _shift(ways, way)
    return way


def _shift(ways: Ways, way: Sequence[Node]) -> None:
    """Move a unit along a way; the way back has room for it again."""
    for begin, end in pairwise(way):
        ways[begin][end] -= 1
        ways[end][begin] += 1
