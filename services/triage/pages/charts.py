"""Charts of the staff pages: one table of counts drawn, in words and as a CSV, always with the same numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from textwrap import shorten
from typing import Any

from fastapi import Response

from services.triage.pages.download import as_csv
from services.triage.pages.explained import code
from services.triage.pages.words import label, plain
from services.triage.queries.tables import OTHERS, Row, Table
from shared.problems import NotFound
from shared.settings.hub import Hub

UNTOLD = "not told"
NONE = "none"
ALL = 100.0
STUB = 4.0
"""How wide, in percent, a row is drawn whose total is not told: always the same."""
DIGIT = 3.5
"""How wide a part has to be, in percent, for each digit that stands in it."""
LONGEST_NAME = 36
"""How many letters of a row's name fit above its bar at 320 pixels, with its number; the table has all of them."""
LONG = 10
"""A table of more rows is folded away until it is asked for."""

Namer = Callable[[Hub, Any], str]


@dataclass(frozen=True)
class Share:
    """A last column: how much of some series others of them are."""

    name: str
    part: tuple[str, ...]
    whole: tuple[str, ...]

    def of(self, numbers: Mapping[str, int | None]) -> str:
        """Say it in whole percent, from numbers that are told alone."""
        part, whole = _sum(numbers, self.part), _sum(numbers, self.whole)
        if part is None or whole is None:
            return UNTOLD
        return f"{round(ALL * part / whole)} %" if whole else NONE


def _sum(numbers: Mapping[str, int | None], names: tuple[str, ...]) -> int | None:
    told = [number for name in names if (number := numbers[name]) is not None]
    return sum(told) if len(told) == len(names) else None


@dataclass(frozen=True)
class Caption:
    """What a chart says of its table: the heading of its rows and how they and the series are called.

    `days` says that the rows are drawn as columns, one a day.
    """

    title: str
    rows: str
    series: Mapping[str, str]
    name: Namer
    share: Share | None = None
    days: bool = False


@dataclass(frozen=True)
class Part:
    """A piece of a bar: where it begins and how wide it is, in percent; no number for what is not told."""

    series: int
    begins: float
    width: float
    number: int | None

    @property
    def label(self) -> str:
        """Return the number, where there is room for it."""
        return str(self.number) if self.number and self.width >= DIGIT * len(str(self.number)) else ""


@dataclass(frozen=True)
class Chart:
    """`place` is its name in addresses."""

    place: str
    caption: Caption
    table: Table
    hub: Hub

    @property
    def series(self) -> list[str]:
        return [label(self.caption.series, name) for name in self.table.series]

    @property
    def stacked(self) -> bool:
        return len(self.table.series) > 1

    @property
    def folded(self) -> bool:
        return len(self.table.rows) > LONG

    @property
    def untold(self) -> bool:
        return any(number is None for row in self.table.rows for number in (*row.numbers, row.total))

    @property
    def heads(self) -> list[str]:
        share = self.caption.share
        return [*self.series, *(["Total"] if self.stacked else []), *([share.name] if share else [])]

    @property
    def most(self) -> int:
        return max((row.total or sum(number or 0 for number in row.numbers) for row in self.table.rows), default=0)

    def name(self, row: Row) -> str:
        return "All others" if row.key == OTHERS else self.caption.name(self.hub, row.key)

    def lines(self) -> list[tuple[str, list[str]]]:
        """Return the table in words: of each row its name and its cells."""
        return [(self.name(row), self._cells(row)) for row in self.table.rows]

    def _cells(self, row: Row) -> list[str]:
        told = [*row.numbers, *([row.total] if self.stacked else [])]
        share = self.caption.share
        cells = [UNTOLD if number is None else str(number) for number in told]
        return [*cells, *([share.of(dict(zip(self.table.series, row.numbers, strict=True)))] if share else [])]

    def bars(self) -> list[tuple[str, str, list[Part]]]:
        """Return the rows as bars from left to right: name, total in words, parts."""
        scale = min(
            ((ALL - STUB * (row.total is None)) / told for row in self.table.rows if (told := _length(row))), default=0
        )
        return [
            (
                shorten(self.name(row), LONGEST_NAME, placeholder=" …"),
                UNTOLD if row.total is None else str(row.total),
                _parts(row, scale),
            )
            for row in self.table.rows
        ]

    def columns(self) -> list[tuple[str, float, int | None]]:
        """Return the days of a chart of one series: name, height in percent of the highest, number."""
        return [
            (self.name(row), ALL * (number or 0) / max(self.most, 1), number)
            for row in self.table.rows
            for number in row.numbers
        ]

    def csv(self) -> Response:
        named = zip(self.table.rows, self.lines(), strict=True)
        rows = [[row.key.isoformat() if isinstance(row.key, date) else name, *cells] for row, (name, cells) in named]
        return as_csv([self.caption.rows, *self.heads], rows)


def _length(row: Row) -> int:
    return sum(number or 0 for number in row.numbers) if row.total is None else row.total


def _parts(row: Row, scale: float) -> list[Part]:
    """Return what is told in its order, and after it, as one, what is not: as long as the rest of a told total."""
    parts: list[Part] = []
    begins = 0.0
    for series, number in enumerate(row.numbers):
        if number:
            parts.append(Part(series, round(begins, 2), round(number * scale, 2), number))
            begins += number * scale
    if None in row.numbers:
        width = STUB if row.total is None else row.total * scale - begins
        parts.append(Part(0, round(begins, 2), round(width, 2), None))
    return parts


def charts_of(captions: Mapping[str, Caption], tables: Mapping[str, Table], hub: Hub) -> Mapping[str, Chart]:
    return {place: Chart(place, captions[place], table, hub) for place, table in tables.items()}


def chart_of(captions: Mapping[str, Caption], tables: Mapping[str, Table], hub: Hub, place: str) -> Chart:
    """Return one of the charts of a page; raises `NotFound`."""
    if place not in tables:
        raise NotFound("There is no such chart.")
    return Chart(place, captions[place], tables[place], hub)


def day(_: Hub, at: date) -> str:
    return at.strftime("%a %-d %b")


def week(_: Hub, first: date) -> str:
    return f"{first.strftime('%-d %b')} to {(first + timedelta(days=6)).strftime('%-d %b')}"


def hour(hub: Hub, at: datetime | str) -> str:
    """Name a working hour by its end, and what is before and after all of them."""
    if isinstance(at, str):
        return {"overdue": "Overdue now", "later": "Later"}[at]
    return f"By {at.astimezone(hub.time_zone).strftime('%a %H:%M')}"


def source(hub: Hub, given: str) -> str:
    return code(hub, "referral_source", given)


def agency(_: Hub, slug: str) -> str:
    return plain(slug)


def named(words: Mapping[str, str]) -> Namer:
    return lambda _, given: label(words, given)
