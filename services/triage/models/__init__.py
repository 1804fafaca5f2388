"""The tables of triage. Names and narrative stand only in columns called `details`, sealed by the vault."""

from services.triage.models.case import Assessment, Base, Case, Child, Coding, Step
from services.triage.models.casework import Acknowledgement, Note, ParallelRoute
from services.triage.models.clocks import Clock, Page
from services.triage.models.decisions import Challenge, Decision
from services.triage.models.directory import HelpCapacity, HelpService, Postcode
from services.triage.models.information import InformationRequest, InformationResponse, NewInformation
from services.triage.models.offers import Offer, UnmetNeed
from services.triage.models.people import Link, PersonKey
from services.triage.models.staff import Draft, StaffMember, StaffSession

__all__ = [
    "Acknowledgement",
    "Assessment",
    "Base",
    "Case",
    "Challenge",
    "Child",
    "Clock",
    "Coding",
    "Decision",
    "Draft",
    "HelpCapacity",
    "HelpService",
    "InformationRequest",
    "InformationResponse",
    "Link",
    "NewInformation",
    "Note",
    "Offer",
    "Page",
    "ParallelRoute",
    "PersonKey",
    "Postcode",
    "StaffMember",
    "StaffSession",
    "Step",
    "UnmetNeed",
]
