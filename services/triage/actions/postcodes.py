"""Learns from the ONS Postcode Directory which council each postcode belongs to. Run by `frontdoor hub`."""

import csv
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import PostcodesUnreadable
from services.triage.models import Postcode
from shared.identifiers import read_postcode

COLUMNS = {
    "postcode": ("pcds", "pcd8", "pcd7", "pcd", "postcode"),
    "council": ("oslaua", "laua", r"lad\d\dcd"),
    "latitude": ("lat", "latitude"),
    "longitude": ("long", "longitude"),
    "ended": ("doterm",),
}
"""What is read, and the names that releases gave it in any case: what is named first is taken first."""

NEEDED = {"postcode": "pcds, pcd8, pcd7 or pcd", "council": "oslaua or, of any year, lad25cd"}
POLE = 90.0
"""The ONS writes 99.999999 for a postcode without a grid reference."""

UNREADABLE = (OSError, EOFError, UnicodeDecodeError, RuntimeError, csv.Error, BadZipFile, zlib.error)
ROWS_AT_ONCE = 5_000
COLUMNS_NAMED = 20

_is_code = re.compile(r"[A-Z]\d{8}", re.ASCII).fullmatch
_insert = insert(Postcode)
_put = _insert.on_conflict_do_update(
    index_elements=["postcode"],
    set_={name: _insert.excluded[name] for name in ("council", "latitude", "longitude")},
)


@dataclass(frozen=True)
class Line:
    """A line of the file; `postcode` None where it has no whole one, `ended` where that is no longer in use."""

    postcode: str | None
    district: str
    council: str
    latitude: str
    longitude: str
    ended: bool


async def import_postcodes(session: AsyncSession, file: Path, councils: frozenset[str]) -> int:
    """Take over what `read_postcodes` finds; returns how many."""
    rows = read_postcodes(file, councils)
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        await session.execute(_put, rows[begin : begin + ROWS_AT_ONCE])
    return len(rows)


def read_postcodes(file: Path, councils: frozenset[str]) -> list[dict[str, Any]]:
    """Return every postcode of the districts that reach into these councils, the neighbours' too.

    Those that have ended count as well, since families still give them. `file` is CSV, or a ZIP file that holds it.
    Raises `PostcodesUnreadable`.
    """
    try:
        districts = {line.district for line in _lines(file) if line.council in councils}
        lines: dict[str, Line] = {}
        for line in _lines(file):
            if line.postcode and line.district in districts and not (line.ended and line.postcode in lines):
                lines[line.postcode] = line
    except UNREADABLE as error:
        raise PostcodesUnreadable(f"{file} is no CSV file, nor a ZIP file with one, that can be read.") from error
    if not lines:
        raise PostcodesUnreadable(f"{file} has no postcode of {', '.join(sorted(councils))}. Give the file of the UK.")
    return [_row(plain, line) for plain, line in lines.items()]


def _lines(file: Path) -> Iterator[Line]:
    with _opened(file) as text:
        reader = csv.reader(text)
        names = next(reader, [])
        columns = _columns(names)
        if missing := [wanted for column, wanted in NEEDED.items() if column not in columns]:
            there = ", ".join(name.strip() for name in names[:COLUMNS_NAMED]) or "none"
            raise PostcodesUnreadable(f"{file} lacks a column: {'; '.join(missing)}. Its columns are: {there}.")
        for fields in reader:
            found = {name: fields[at].strip() if at < len(fields) else "" for name, at in columns.items()}
            postcode = read_postcode(found["postcode"])
            if postcode and _is_code(found["council"]):
                place = found.get("latitude", ""), found.get("longitude", "")
                yield Line(postcode.whole, postcode.district, found["council"], *place, bool(found.get("ended")))


def _columns(names: Sequence[str]) -> dict[str, int]:
    """Return where each column stands, by what it is."""
    plain = [name.strip().lower() for name in names]
    found = {
        column: next((at for form in forms for at, name in enumerate(plain) if re.fullmatch(form, name)), None)
        for column, forms in COLUMNS.items()
    }
    return {column: at for column, at in found.items() if at is not None}


@contextmanager
def _opened(file: Path) -> Iterator[IO[str]]:
    """Open the CSV; of a ZIP file the largest with the columns, for the ONS packs lists of names beside it."""
    if not is_zipfile(file):
        with file.open(encoding="utf-8-sig", newline="") as text:
            yield text
        return
    with ZipFile(file) as packed:
        files = sorted(packed.infolist(), key=lambda one: -one.file_size)
        names = [one.filename for one in files if one.filename.lower().endswith(".csv")]
        if not names:
            raise PostcodesUnreadable(f"{file} holds no CSV file.")
        with packed.open(next((name for name in names if _fits(packed, name)), names[0])) as raw:
            yield TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def _fits(packed: ZipFile, name: str) -> bool:
    with packed.open(name) as raw:
        header = next(csv.reader(TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")), [])
    return NEEDED.keys() <= _columns(header).keys()


def _row(plain: str, line: Line) -> dict[str, Any]:
    latitude, longitude = _degrees(line.latitude), _degrees(line.longitude)
    lies = latitude is not None and longitude is not None and abs(latitude) < POLE and abs(longitude) < 2 * POLE
    return {
        "postcode": plain,
        "council": line.council,
        "latitude": latitude if lies else None,
        "longitude": longitude if lies else None,
    }


def _degrees(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
