"""Learns from the ONS Postcode Directory which council each postcode belongs to. Run by `frontdoor hub`."""

import csv
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import PostcodesUnreadable
from services.triage.models import Postcode
from shared.identifiers import read_postcode

POSTCODE, COUNCIL = "pcds", "oslaua"
LATITUDE, LONGITUDE = "lat", "long"
NO_LATITUDE = 90.0
"""What the ONS writes for a postcode without a grid reference: 99.999999."""

ROWS_AT_ONCE = 5_000

_insert = insert(Postcode)
_put = _insert.on_conflict_do_update(
    index_elements=["postcode"],
    set_={name: _insert.excluded[name] for name in ("council", "latitude", "longitude")},
)

Line = Mapping[str, str]


async def import_postcodes(session: AsyncSession, file: Path, councils: frozenset[str]) -> int:
    """Take over every postcode of the districts that reach into these councils, the neighbours' too.

    Returns how many; raises `PostcodesUnreadable`.
    """
    inside = (read_postcode(line[POSTCODE]) for line in _lines(file) if line[COUNCIL] in councils)
    districts = {postcode.district for postcode in inside if postcode}
    placed = ((line, read_postcode(line[POSTCODE])) for line in _lines(file) if line[COUNCIL])
    rows = (_row(line, read.whole) for line, read in placed if read and read.whole and read.district in districts)
    count = 0
    while batch := list(islice(rows, ROWS_AT_ONCE)):
        await session.execute(_put, batch)
        count += len(batch)
    return count


def _lines(file: Path) -> Iterator[Line]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            lines = csv.DictReader(opened)
            if not {POSTCODE, COUNCIL} <= set(lines.fieldnames or ()):
                raise PostcodesUnreadable(f"Give a CSV file with the columns {POSTCODE} and {COUNCIL}.")
            yield from lines
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise PostcodesUnreadable(f"{file} is no CSV file that can be read.") from error


def _row(line: Line, postcode: str) -> dict[str, Any]:
    latitude, longitude = (_degrees(line.get(name) or "") for name in (LATITUDE, LONGITUDE))
    lies = latitude is not None and longitude is not None and latitude < NO_LATITUDE
    return {
        "postcode": postcode,
        "council": line[COUNCIL],
        "latitude": latitude if lies else None,
        "longitude": longitude if lies else None,
    }


def _degrees(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
