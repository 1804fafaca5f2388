"""What triage decides without asking anybody: the facts of a child, its council, and what makes a decision good."""

from services.triage.domain.case import (
    PRIORITIES,
    CaseAlreadyDecided,
    CaseClaimedByAnother,
    CaseNotRouted,
    CaseStatus,
    CountersignatureAwaited,
    CountersignatureNotAwaited,
    CountersignerMustDiffer,
    DecisionState,
    DetailsPending,
    OfferStatus,
    Outcome,
    PolicyUnreadable,
)
from services.triage.domain.casework import NewInformationAcknowledged, NewInformationKind
from services.triage.domain.challenge import (
    AnswererMustDiffer,
    CaseNotDecided,
    ChallengeAnswered,
    ChallengeState,
    next_stage,
)
from services.triage.domain.coding import check_coding
from services.triage.domain.council import council_of, district_of
from services.triage.domain.decision import check_decision, highest
from services.triage.domain.facts import History, facts_of
from services.triage.domain.information import (
    ANSWERABLE,
    AgencyAlreadyAsked,
    InformationAlreadyGiven,
    InformationRequestClosed,
    RequestState,
    has_come,
    identity_of,
    request_errors,
    response_errors,
    withheld_of,
)
from services.triage.domain.links import LinkState, Relation, counts, relation_of

__all__ = [
    "ANSWERABLE",
    "PRIORITIES",
    "AgencyAlreadyAsked",
    "AnswererMustDiffer",
    "CaseAlreadyDecided",
    "CaseClaimedByAnother",
    "CaseNotDecided",
    "CaseNotRouted",
    "CaseStatus",
    "ChallengeAnswered",
    "ChallengeState",
    "CountersignatureAwaited",
    "CountersignatureNotAwaited",
    "CountersignerMustDiffer",
    "DecisionState",
    "DetailsPending",
    "History",
    "InformationAlreadyGiven",
    "InformationRequestClosed",
    "LinkState",
    "NewInformationAcknowledged",
    "NewInformationKind",
    "OfferStatus",
    "Outcome",
    "PolicyUnreadable",
    "Relation",
    "RequestState",
    "check_coding",
    "check_decision",
    "council_of",
    "counts",
    "district_of",
    "facts_of",
    "has_come",
    "highest",
    "identity_of",
    "next_stage",
    "relation_of",
    "request_errors",
    "response_errors",
    "withheld_of",
]
