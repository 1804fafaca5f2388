"""Early help: the states of an offer, and what stops a change to the directory or to an offer. Pure."""

from services.triage.domain.case import OfferStatus
from shared.problems import Problem

OPEN_OFFERS = (OfferStatus.OFFERED, OfferStatus.ACCEPTED, OfferStatus.STARTED)
"""While an offer is in one of these it holds a place, and its provider sees it."""


class DirectoryUnreadable(Problem):
    """The file is no directory of services as Open Referral UK 3.0 gives it; the detail names the places."""

    title, status, slug = "The directory cannot be read", 422, "directory-unreadable"


class PostcodesUnreadable(Problem):
    """The file is no ONS Postcode Directory: its columns `pcds` and `oslaua` are missing, or it is no CSV."""

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
