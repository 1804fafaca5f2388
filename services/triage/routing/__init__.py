"""Which service of early help fits a child. Pure: the same child, directory and places always give the same choice."""

from services.triage.routing.choice import Choice, Considered, Places, Why, choose
from services.triage.routing.directory import AgeBand, Directory, Service
from services.triage.routing.seeker import Seeker, seeker_of

__all__ = [
    "AgeBand",
    "Choice",
    "Considered",
    "Directory",
    "Places",
    "Seeker",
    "Service",
    "Why",
    "choose",
    "seeker_of",
]
