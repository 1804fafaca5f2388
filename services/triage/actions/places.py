"""Finds services for the children of a case and keeps their places until the transaction ends.

Whoever looks holds the whole directory (row locks, always in the order of the slugs), so that no place is given twice
and no two transactions wait for each other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import Case, Offer, UnmetNeed
from services.triage.queries.directory import load_directory
from services.triage.routing import Choice, Directory, Seeker, choose
from shared.db import insert_rows

HELD = "places held"
MONTHS_OF_COUNT = ((12, "under 1"), (60, "1-4"), (120, "5-9"), (192, "10-15"), (240, "16-19"))

_insert_unmet = insert(UnmetNeed.__table__)  # type: ignore[arg-type]
_record_unmet = _insert_unmet.on_conflict_do_update(
    index_elements=["case_id", "child"], set_={"why": _insert_unmet.excluded.why}
)


@dataclass
class Held:
    """The directory as this transaction holds it, with the places that are still free."""

    directory: Directory
    free: dict[tuple[str, str], int]


async def find_help(session: AsyncSession, seekers: Sequence[Seeker]) -> tuple[Choice, ...]:
    """Return a choice for each child; the directory stays held to the end of the transaction."""
    held = await _held(session)
    return choose(held.directory, seekers, held.free)


async def take_place(session: AsyncSession, choice: Choice) -> None:
    """Count a place as taken by the offer that the caller makes of this choice."""
    if choice.service is not None:
        _change((await _held(session)).free, (choice.service.slug, choice.band), -1)


async def give_back(session: AsyncSession, offer: Offer) -> None:
    """Count the place of an offer that the caller closes as free."""
    held: Held | None = session.info.get(HELD)
    if held is not None:
        _change(held.free, (offer.service, offer.band), 1)


@contextmanager
def places_held(session: AsyncSession) -> Iterator[None]:
    """Hold the directory as before where the block raises, which undoes what it took and lets go what it held."""
    held: Held | None = session.info.get(HELD)
    before = None if held is None else replace(held, free=dict(held.free))
    try:
        yield
    except BaseException:
        if before is None:
            session.info.pop(HELD, None)
        else:
            session.info[HELD] = before
        raise


def _change(free: dict[tuple[str, str], int], place: tuple[str, str], by: int) -> None:
    if place in free:
        free[place] += by


async def _held(session: AsyncSession) -> Held:
    held: Held | None = session.info.get(HELD)
    if held is None:
        held = session.info[HELD] = Held(*await load_directory(session, hold=True))
    return held


async def record_unmet(session: AsyncSession, case: Case, choices: Sequence[Choice]) -> None:
    """Record those of these children for whom no service was found, each once a case."""
    rows = [
        {
            "case_id": case.id,
            "child": choice.seeker.child,
            "council": choice.seeker.council,
            "district": choice.seeker.district,
            "age_band": _age_band(choice.seeker),
            "level": choice.seeker.level,
            "needs": sorted(choice.seeker.needs),
            "why": choice.why_none,
        }
        for choice in choices
        if choice.why_none is not None
    ]
    await insert_rows(session, _record_unmet, rows)


def _age_band(seeker: Seeker) -> str:
    if seeker.unborn:
        return "unborn"
    if seeker.age_months is None:
        return "not known"
    return next((name for below, name in MONTHS_OF_COUNT if seeker.age_months < below), "20 and over")
