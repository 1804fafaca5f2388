"""Early help: the states of an offer, and what stops a change to the directory or to an offer. Pure."""

from collections.abc import Mapping

from services.triage.domain.case import OfferStatus, Outcome
from shared.problems import Problem

OPEN_OFFERS = (OfferStatus.OFFERED, OfferStatus.ACCEPTED, OfferStatus.STARTED)
"""While an offer is in one of these it holds a place, and its provider sees it."""


def offer_has_come(standing: OfferStatus, awaited: OfferStatus) -> bool:
    """Say whether somebody who waits for `awaited` may stop: what ended will come no further."""
    order = list(OfferStatus)
    return standing not in OPEN_OFFERS or order.index(standing) >= order.index(awaited)


class DirectoryUnreadable(Problem):
    """The file is no directory of services of Open Referral UK 3.0, or only a part of one; the detail says where."""

    title, status, slug = "The directory cannot be read", 422, "directory-unreadable"


class PostcodesUnreadable(Problem):
    """The file is no ONS Postcode Directory: a column is missing, it has no postcode of the hub, or it is no CSV."""

    title, status, slug = "The postcodes cannot be read", 422, "postcodes-unreadable"


class ServiceUnknown(Problem):
    """The directory has no such service that help is offered by."""

    title, status, slug = "There is no such service", 404, "service-unknown"


class BandUnknown(Problem):
    """The service has no places for such a band of ages."""

    title, status, slug = "There is no such age band", 404, "band-unknown"


class PlaceUnknown(Problem):
    """Where the postcode lies is not known here, so nothing can be said about what is near it."""

    title, status, slug = "Where this postcode lies is not known", 422, "place-unknown"


FAMILY_REFUSED = "family_refused"
"""The code of a decline that no other provider can do anything about."""

RESULTS = ("needs_met", "some_progress", "no_change", "family_ended", "moved_away", "other")
"""How help ended; what is said in other words counts as `other`."""

LEVEL_OF_HELP = {Outcome.FAMILY_HUB: 2, Outcome.TARGETED_EARLY_HELP: 3}
"""Outcomes of a decision that early help is offered for, and the level of the service."""

_TURNS: Mapping[OfferStatus, tuple[OfferStatus, ...]] = {
    OfferStatus.ACCEPTED: (OfferStatus.OFFERED,),
    OfferStatus.STARTED: (OfferStatus.ACCEPTED,),
    OfferStatus.DECLINED: (OfferStatus.OFFERED, OfferStatus.ACCEPTED),
    OfferStatus.STEPPED_UP: OPEN_OFFERS,
    OfferStatus.CLOSED: (OfferStatus.STARTED,),
}


class OfferInAnotherState(Problem):
    """The offer stands where this cannot follow: accepted before it is started, started before it is closed."""

    title, status, slug = "The offer is in another state", 409, "offer-in-another-state"


class NoHelpToStepUp(Problem):
    """The case is in a person's hands, or nobody is being helped by it: there is nothing to take it out of."""

    title, status, slug = "No early help is under way", 409, "no-help-to-step-up"


def check_turn(standing: str, wanted: OfferStatus) -> None:
    """Raise `OfferInAnotherState` where an offer cannot go on from `standing` to what a provider wants."""
    if standing not in _TURNS[wanted]:
        raise OfferInAnotherState(f"This follows on {' or '.join(_TURNS[wanted])}. Read the offer again.")


def coded_result(result: str) -> str:
    return result if result in RESULTS else "other"
