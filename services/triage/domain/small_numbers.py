"""Hides numbers under five in counts, and as many more as keep them from being worked out. Pure.

Whoever reads a table may know every total that is told, and that what is told as nought is nought. A hidden number is
safe while all of that leaves it free to be any from one to four. Numbers that are hidden together make up for each
other along rows and columns, as a flow does between two sides of a network: how far one can move is how much flows.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SMALL = 5
"""Numbers from one up to, but not including, this one are hidden."""

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


def _hide(cells: Sequence[_Cell]) -> set[int]:
    """Return the places of all cells to be hidden: the small ones, and what keeps them safe."""
    small = [place for place, cell in enumerate(cells) if 0 < cell.number < SMALL]
    hidden, last = set(small), cells[-1].row
    while len(hidden) < len(cells) and (exposed := [place for place in small if not _is_safe(cells, hidden, place)]):
        for place in exposed:
            rest = [other for other in range(len(cells)) if other not in hidden]
            if rest and not _is_safe(cells, hidden, place):
                hidden.add(min(rest, key=lambda other: _cost(cells[place], cells[other], last)))
    for place in sorted(hidden - set(small), key=lambda place: (cells[place].row != last, -cells[place].number)):
        if all(_is_safe(cells, hidden - {place}, one) for one in small):
            hidden.remove(place)
    return hidden


def _cost(exposed: _Cell, other: _Cell, last: Node) -> tuple[bool, bool, bool, bool, int]:
    """Rank what could be hidden for a cell's sake: in its row or column, the smallest first.

    Noughts come last, and before them the totals of columns: another table may have the same.
    """
    apart = exposed.row != other.row and exposed.column != other.column
    return other.number == 0, other.row == last, apart, other.total, other.number


def _is_safe(cells: Sequence[_Cell], hidden: set[int], place: int) -> bool:
    return all(_could_be(cells, hidden, place, wanted) for wanted in cells[place].disguises)


def _could_be(cells: Sequence[_Cell], hidden: set[int], place: int, wanted: int) -> bool:
    """Tell whether the other hidden numbers can make up for this one being `wanted`."""
    least = int(all(cells[other].number for other in hidden))
    ways: Ways = defaultdict(lambda: defaultdict(int))
    for other in hidden - {place}:
        cell = cells[other]
        begin, end = (cell.row, cell.column)[:: cell.sign]
        ways[begin][end] += SMALL
        ways[end][begin] += cell.number - least
    cell = cells[place]
    out_by_row = (wanted > cell.number) == (cell.sign > 0)
    begin, end = (cell.column, cell.row) if out_by_row else (cell.row, cell.column)
    return all(_flows(ways, begin, end) for _ in range(abs(wanted - cell.number)))


def _flows(ways: Ways, begin: Node, end: Node) -> bool:
    """Send one more unit along the shortest way there is, and leave the way back open (Edmonds and Karp)."""
    came: dict[Node, Node] = {begin: begin}
    waiting = deque([begin])
    while waiting and end not in came:
        node = waiting.popleft()
        for following, room in ways[node].items():
            if room > 0 and following not in came:
                came[following] = node
                waiting.append(following)
    if end not in came:
        return False
    while end != begin:
        ways[came[end]][end] -= 1
        ways[end][came[end]] += 1
        end = came[end]
    return True
