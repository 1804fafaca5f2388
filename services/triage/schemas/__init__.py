"""What staff, partners and the referrals service send to triage, and what they see."""

from services.triage.schemas.cases import AssessmentOut, CaseItem, CaseOut, CasePage, ChildOut, Clock, Clocks, StepOut
from services.triage.schemas.casework import CodedIndicatorIn, FactsIn
from services.triage.schemas.clocks import Handover, HandoverItem, PageItem, PageList
from services.triage.schemas.decisions import (
    ChildDecisionIn,
    CountersignatureIn,
    DecisionIn,
    DecisionOut,
    Feedback,
    StrategyDiscussionIn,
)
from services.triage.schemas.information import (
    AskedDetail,
    AskedItem,
    AskedPage,
    InformationRequestIn,
    InformationRequestOut,
    InformationResponseIn,
    InformationResponseOut,
)
from services.triage.schemas.offers import OfferDetail, OfferItem, OfferOut, OfferPage
from services.triage.schemas.text import LONGEST_TEXT, ChildIndex, In, Level, Narrative, Past, ReasonIn

__all__ = [
    "LONGEST_TEXT",
    "AskedDetail",
    "AskedItem",
    "AskedPage",
    "AssessmentOut",
    "CaseItem",
    "CaseOut",
    "CasePage",
    "ChildDecisionIn",
    "ChildIndex",
    "ChildOut",
    "Clock",
    "Clocks",
    "CodedIndicatorIn",
    "CountersignatureIn",
    "DecisionIn",
    "DecisionOut",
    "FactsIn",
    "Feedback",
    "Handover",
    "HandoverItem",
    "In",
    "InformationRequestIn",
    "InformationRequestOut",
    "InformationResponseIn",
    "InformationResponseOut",
    "Level",
    "Narrative",
    "OfferDetail",
    "OfferItem",
    "OfferOut",
    "OfferPage",
    "PageItem",
    "PageList",
    "Past",
    "ReasonIn",
    "StepOut",
    "StrategyDiscussionIn",
]
