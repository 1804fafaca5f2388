"""A case and its states, and the facts that stop a person's work on one. Pure; used by the actions of triage."""

from enum import StrEnum

from shared.problems import Problem

PRIORITIES = ("blue", "green", "amber", "red")
"""The colours, the least first."""


class CaseStatus(StrEnum):
    UNASSIGNED = "unassigned"
    CLAIMED = "claimed"
    WAITING = "waiting"
    AWAITING_COUNTERSIGNATURE = "awaiting_countersignature"
    ROUTED = "routed"
    DECIDED = "decided"


class Unfinished(StrEnum):
    """What a case can stand on the queue without, in the order in which triage's worker makes up for it."""

    DETAILS = "details"
    PEOPLE = "people"
    ASSESSMENT = "assessment"
    DUTIES = "duties"
    ROUTE = "route"
    NEWS = "news"


class WhyUnfinished(StrEnum):
    """Why: it comes in a moment, or alone for its size; it failed and is tried again; or it is too much for good."""

    PENDING = "pending"
    LARGE = "large"
    FAILED = "failed"
    TOO_LARGE = "too_large"


class OfferStatus(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    STARTED = "started"
    DECLINED = "declined"
    BOUNCED = "bounced"
    STEPPED_UP = "stepped_up"
    CLOSED = "closed"


class DecisionState(StrEnum):
    """A decision stands once it is final; a refused one, or one set aside, sends the case back to work."""

    AWAITING = "awaiting"
    FINAL = "final"
    REFUSED = "refused"
    SET_ASIDE = "set_aside"


class Outcome(StrEnum):
    IMMEDIATE_PROTECTION = "immediate_protection"
    STRATEGY_DISCUSSION = "strategy_discussion"
    SECTION_47 = "section_47"
    SECTION_17_ASSESSMENT = "section_17_assessment"
    TARGETED_EARLY_HELP = "targeted_early_help"
    FAMILY_HUB = "family_hub"
    UNIVERSAL_ADVICE = "universal_advice"
    EXISTING_CASE = "existing_case"
    TRANSFERRED_TO_AUTHORITY = "transferred_to_authority"
    NO_FURTHER_ACTION = "no_further_action"


class CaseClaimedByAnother(Problem):
    """Somebody else works on the case, and their claim has not lapsed."""

    title, status, slug = "The case is claimed by another person", 409, "case-claimed-by-another"


class CaseAlreadyDecided(Problem):
    """A decision stands; what was meant for an open case comes too late."""

    title, status, slug = "The case is already decided", 409, "case-already-decided"


class CaseNotRouted(Problem):
    """Only a case that stands on an automatic route can be confirmed."""

    title, status, slug = "The case is not on an automatic route", 409, "case-not-routed"


class CountersignatureAwaited(Problem):
    """A decision waits for another manager; until then nothing else happens to the case."""

    title, status, slug = "A decision waits for a countersignature", 409, "countersignature-awaited"


class CountersignatureNotAwaited(Problem):
    """There is no decision to countersign."""

    title, status, slug = "No decision waits for a countersignature", 409, "countersignature-not-awaited"


class CountersignerMustDiffer(Problem):
    """Whoever decided may not countersign: it is this person, not the state of the case, that is refused."""

    title, status, slug = "Another manager has to countersign", 403, "countersigner-must-differ"


class DetailsPending(Problem):
    """The referral itself could not be fetched yet, so there is nothing to code or to decide on."""

    title, status, slug = "The referral is still being fetched", 409, "details-pending"


class PolicyUnreadable(Problem):
    """The threshold policy or its vocabulary does not hold together; nothing is started with it."""

    title, status, slug = "The threshold policy cannot be read", 500, "policy-unreadable"
