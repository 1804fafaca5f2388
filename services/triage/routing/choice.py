"""Chooses a service for each child of a case, and says of every service why it was taken or passed over. Pure.

Brothers and sisters go to one service where one takes them. Among those that take equally many of them, a service
for the child's own district comes before one for the whole council, then the one that names more of the child's
needs, then the one with more free places, then the lower slug.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.triage.routing.directory import AgeBand, Directory, Service
from services.triage.routing.seeker import Seeker

ENDLESS = 1_000_000
"""The free places of a band that takes all who come."""

Places = Mapping[tuple[str, str], int]
"""Free places by slug of a service and key of its age band; the band's own number where it is not named."""


class Why(StrEnum):
    """What speaks against a service, then what speaks for it."""

    LEVEL = "level"
    AREA = "area"
    AGE = "age"
    NEED = "need"
    NO_AGREEMENT = "no_agreement"
    OFFERED_BEFORE = "offered_before"
    FULL = "full"
    OWN_DISTRICT = "own_district"
    OWN_COUNCIL = "own_council"
    NAMED_NEED = "named_need"
    WITH_SIBLINGS = "with_siblings"


@dataclass(frozen=True)
class Considered:
    """One service in the eyes of one child: `reasons` are for it where it fits, and against it where it does not."""

    service: str
    fits: bool
    reasons: tuple[Why, ...]

    def as_json(self) -> dict[str, Any]:
        return {"service": self.service, "fits": self.fits, "reasons": list(self.reasons)}


@dataclass(frozen=True)
class Choice:
    """What was found for one child; `considered` has the chosen one first, then those that fit, then the others."""

    seeker: Seeker
    service: Service | None
    band: str
    considered: tuple[Considered, ...] = field(default=())

    @property
    def why_none(self) -> Why | None:
        """The last thing in the way of the nearest miss: `full` where only places lacked; None where one was found."""
        if self.service is not None:
            return None
        if not self.seeker.agreed:
            return Why.NO_AGREEMENT
        misses = {one.reasons for one in self.considered}
        for last in (Why.FULL, Why.OFFERED_BEFORE, Why.NEED, Why.AGE):
            if (last,) in misses:
                return last
        return Why.AREA


def choose(directory: Directory, seekers: Sequence[Seeker], places: Places | None = None) -> tuple[Choice, ...]:
    """Return a choice for every child of one case, in the order given."""
    free = {
        (service.slug, band.key): ENDLESS if band.places is None else band.places
        for service in directory
        for band in service.age_bands
    } | dict(places or {})
    waiting = list(seekers)
    found: dict[int, Choice] = {}
    suited = [
        (service, [(one, _place(service, one)) for one in seekers if not any(_against(service, one, {}))])
        for service in directory
    ]
    while offers := [_Offer(service, those) for service, places in suited if (those := _takes(places, free, found))]:
        best = _best_of(offers, free)
        for seeker in best.seekers:
            together = len(best.seekers) > 1
            found[seeker.child] = _explained(directory, seeker, best.service, free, together=together)
        for seeker in best.seekers:
            free[_place(best.service, seeker)] -= 1
        waiting = [seeker for seeker in waiting if seeker.child not in found]
    found |= {seeker.child: _explained(directory, seeker, None, free, together=False) for seeker in waiting}
    return tuple(found[seeker.child] for seeker in seekers)


@dataclass(frozen=True)
class _Offer:
    """Those of the waiting children whom one service can take."""

    service: Service
    seekers: tuple[Seeker, ...]

    @property
    def order(self) -> Any:
        return -len(self.seekers), tuple(seeker.child for seeker in self.seekers)


def _best_of(offers: Sequence[_Offer], free: Places) -> _Offer:
    """Return the offer to most children; of several to the same, the one that ranks first in their eyes."""
    first = min(offer.order for offer in offers)
    return min(
        (offer for offer in offers if offer.order == first),
        key=lambda offer: ([_rank(offer.service, seeker, free) for seeker in offer.seekers], offer.service.slug),
    )


def _takes(
    suited: Sequence[tuple[Seeker, tuple[str, str]]], free: Places, found: Collection[int]
) -> tuple[Seeker, ...]:
    """Return whom of those that a service suits, and for whom nothing is found yet, it has places for."""
    left: dict[tuple[str, str], int] = {}
    taken = []
    for seeker, place in suited:
        if seeker.child not in found and left.setdefault(place, free[place]) > 0:
            left[place] -= 1
            taken.append(seeker)
    return tuple(taken)


def _place(service: Service, seeker: Seeker) -> tuple[str, str]:
    band = _band(service, seeker)
    return service.slug, band.key if band else ""


def _band(service: Service, seeker: Seeker) -> AgeBand | None:
    return service.band_for(seeker.age_months, unborn=seeker.unborn)


def _rank(service: Service, seeker: Seeker, free: Places) -> tuple[bool, int, int, str]:
    named = len(service.needs & seeker.needs)
    return seeker.district not in service.areas, -named, -free.get(_place(service, seeker), 0), service.slug


def _against(service: Service, seeker: Seeker, free: Places) -> Iterator[Why]:
    barred = {
        Why.LEVEL: service.level != seeker.level,
        Why.AREA: seeker.district not in service.areas and seeker.council not in service.councils,
        Why.AGE: _band(service, seeker) is None,
        Why.NEED: bool(service.needs) and service.needs.isdisjoint(seeker.needs),
        Why.NO_AGREEMENT: not seeker.agreed,
        Why.OFFERED_BEFORE: service.slug in seeker.tried,
        Why.FULL: free.get(_place(service, seeker), 1) < 1,
    }
    return (why for why, holds in barred.items() if holds)


def _for(service: Service, seeker: Seeker) -> Iterator[Why]:
    yield Why.OWN_DISTRICT if seeker.district in service.areas else Why.OWN_COUNCIL
    if not service.needs.isdisjoint(seeker.needs):
        yield Why.NAMED_NEED


def _explained(directory: Directory, seeker: Seeker, chosen: Service | None, free: Places, *, together: bool) -> Choice:
    fitting, others = [], []
    for service in directory:
        against = tuple(_against(service, seeker, free))
        if against:
            others.append(Considered(service.slug, fits=False, reasons=against))
            continue
        with_siblings = (Why.WITH_SIBLINGS,) if together and service is chosen else ()
        rank = (service is not chosen, *_rank(service, seeker, free))
        fitting.append((rank, Considered(service.slug, fits=True, reasons=(*_for(service, seeker), *with_siblings))))
    fitting.sort(key=lambda ranked: ranked[0])
    others.sort(key=lambda one: one.service)
    considered = (*(one for _, one in fitting), *others)
    return Choice(seeker, chosen, _place(chosen, seeker)[1] if chosen else "", considered)
