"""Codes in the words that staff read; a code without words of its own is shown with spaces."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from functools import lru_cache

from services.triage.domain import Outcome
from shared.security import CASE_ROLES, GUEST_ROLE, STAFF_ROLES, Role
from shared.settings.hub import Hub

ROLES = {
    "screener": "Screener",
    "social_worker": "Social worker",
    "manager": "Manager",
    "out_of_hours": "Out of hours",
    "auditor": "Auditor",
    "admin": "Administrator",
    "referrer": "Referrer",
}


def plain(code: object) -> str:
    """Return a code as words: `missed_health_checks` as `Missed health checks`."""
    return _plain(str(code))


@lru_cache(1024)
def _plain(code: str) -> str:
    text = code.replace("_", " ").replace(".", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def label(table: Mapping[str, str], code: object) -> str:
    return table.get(str(code)) or plain(code)


OVERSEERS = (Role.MANAGER, Role.ADMIN, Role.AUDITOR)

MENU = (
    ("/desk", "Queue", CASE_ROLES),
    ("/desk/call", "Record a call", (Role.SCREENER, Role.OUT_OF_HOURS)),
    ("/desk/handover", "The night", CASE_ROLES),
    ("/desk/early-help", "Early help", STAFF_ROLES),
    ("/desk/oversight", "Oversight", OVERSEERS),
    ("/desk/partners", "Partners", OVERSEERS),
    ("/desk/audit", "Audit", OVERSEERS),
    ("/desk/policy", "Thresholds", STAFF_ROLES),
    ("/refer", "Refer a child", (GUEST_ROLE,)),
    ("/refer/sent", "What was sent", (GUEST_ROLE,)),
)


def menu(roles: AbstractSet[Role]) -> list[tuple[str, str]]:
    """Return the places that somebody with these roles may go to, with their names."""
    return [(place, name) for place, name, allowed in MENU if roles & set(allowed)]


def is_guest(roles: AbstractSet[Role]) -> bool:
    return GUEST_ROLE in roles


def home(roles: AbstractSet[Role]) -> str:
    """Return where somebody with these roles begins."""
    return "/refer" if is_guest(roles) else "/desk"


QUEUES = {
    "mine": "Your work",
    "unassigned": "Nobody has it",
    "all": "All open cases",
    "routed": "Routed, to be confirmed",
    "new_information": "New information",
    "decided": "Decided",
}

UNFINISHED = {
    "details": "The referral itself could not be fetched.",
    "people": "Not everybody could be looked for in earlier cases, so what went before is not known.",
    "assessment": "The case could not be assessed by what is known now.",
    "duties": "Duties beside the decision could not be looked for.",
    "route": "Neither a service of early help nor an automatic route could be looked for.",
    "news": "Workers of earlier cases about these children could not be told.",
}

WHY_UNFINISHED = {
    "pending": "It is tried in a moment.",
    "large": "There are many people to compare, which is done in a moment.",
    "failed": "It failed, and is tried again.",
    "too_large": "There are too many people: only numbers and birth dates were compared. Look for the others yourself.",
}

EMPTY = {
    "mine": "You have no open case. Take the next one.",
    "unassigned": "No case waits for somebody to take it.",
    "all": "No case is open.",
    "routed": "No automatic route waits for a person to confirm it.",
    "new_information": "Nothing came in that nobody has acknowledged.",
    "decided": "Nothing was decided yet.",
}

DUES = {
    "overdue": "Overdue",
    "within_hour": "Due within the hour",
    "today": "Due today",
    "later": "Later",
    "decided": "Decided",
}

PRIORITIES = {"red": "Red", "amber": "Amber", "green": "Green", "blue": "Blue"}

STATUSES = {
    "unassigned": "Not taken",
    "claimed": "Taken",
    "waiting": "Waiting for answers",
    "awaiting_countersignature": "To be countersigned",
    "routed": "Routed",
    "decided": "Decided",
}

DANGERS = {"yes": "Danger now", "not_known": "Danger not known", "no": "No danger now"}

MINUTE, HOUR, DAY = 60, 3600, 86_400


def filters(hub: Hub) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the queue's filters: the name in the URL, its title, and its options."""
    return [
        ("due", "Due", [(due, DUES[due]) for due in ("overdue", "within_hour", "today", "later")]),
        ("level", "Level", [(str(level), f"Level {level}") for level in range(1, 5)]),
        ("priority", "Priority", list(PRIORITIES.items())),
        ("council", "Council", list(hub.councils.items())),
    ]


def left(due_at: datetime, now: datetime) -> str:
    """Say how long there is until then, or how long ago it was, as roughly as a person would."""
    seconds = int((due_at - now).total_seconds())
    size = abs(seconds)
    if size < HOUR:
        words = f"{size // MINUTE} min"
    elif size < DAY:
        words = f"{size // HOUR} h {size % HOUR // MINUTE:02} min"
    else:
        words = f"{size // DAY} d {size % DAY // HOUR} h"
    return f"in {words}" if seconds >= 0 else f"{words} late"


def day(given: date | str | None) -> str:
    """Write a date, which documents have in ISO 8601, as people do; none is an empty text."""
    at = date.fromisoformat(given) if isinstance(given, str) and given else given
    return at.strftime("%-d %b %Y") if at else ""


ROUTES = {
    "universal_advice": "Universal services and advice",
    "family_hub": "Family hub",
    "targeted_early_help": "Targeted early help",
    "section_17_assessment": "Section 17 assessment",
    "strategy_discussion": "Strategy discussion",
    "section_47": "Section 47 enquiry",
    "immediate_protection": "Immediate protection",
    "existing_case": "Known to an open case",
    "transferred_to_authority": "Transferred to another authority",
    "no_further_action": "No further action",
}

OUTCOMES = [(outcome.value, ROUTES[outcome]) for outcome in Outcome]

REVIEWS = {
    "narrative_not_coded": "Nobody has coded what was written",
    "immediate_danger_unknown": "It is not known whether a child is in danger now",
    "not_understood": "Something of what was sent could not be understood",
    "assessment_error": "A rule or a fact is in error",
}

ENDPOINTS = {"active": "Active", "unverified": "Not verified", "disabled": "Disabled"}

ATTEMPTS = {
    "2xx": "Delivered",
    "3xx": "Redirected (3xx)",
    "4xx": "Refused (4xx)",
    "5xx": "Failed at the receiver (5xx)",
    "timeout": "No answer in time",
    "connection_failed": "No connection",
    "address_refused": "Address not allowed",
    "lease_lapsed": "Given up half-way by us",
    "internal_error": "Failed on our side",
}

LINKS = {
    "possible": "Possible match: is it the same person?",
    "automatic": "Matched by number, name and birth date",
    "confirmed": "Confirmed",
    "removed": "Another person",
}

DECISIONS = {
    "awaiting": "Waits for a countersignature",
    "final": "Decided",
    "refused": "Countersignature refused",
    "set_aside": "Set aside",
}

NARRATIVE = [
    ("rationale", "Rationale"),
    ("feedback_to_referrer", "What the referrer reads"),
    ("next_step", "Next step for the referrer"),
    ("override_reason", "Why it differs from the policy"),
    ("reason", "Reason given"),
]

FIELDS = {
    "agree": "Do you agree?",
    "due_at": "Needed by",
    "feedback_to_referrer": "What the referrer reads",
    "next_step": "What the referrer should do next",
    "override_reason": "Why it differs from the policy",
    "owner": "Who sees to it",
    "priority": "Colour",
    "purpose": "What you need the answer for",
    "rationale": "Why: your rationale",
    "reason": "Why",
    "source": "Where you read or heard it",
    "text": "Note",
    "to": "Colleague",
}
"""What the forms of a case call their fields, for the summary of mistakes."""

PRESENT = [
    ("social_care", "Social care"),
    ("police", "Police"),
    ("health", "Health"),
    ("education", "Education"),
    ("other", "Others"),
]

STEPS = {
    "case.opened": "Case opened",
    "case.claimed": "Taken",
    "case.released": "Given back",
    "case.lapsed": "Given back: idle for 15 minutes",
    "case.owner_left": "Given back: its owner is not here any more",
    "case.assigned": "Assigned",
    "case.acknowledged": "Referrer told that a person has it",
    "case.prioritised": "Colour changed",
    "case.routed": "Routed by the policy",
    "case.route_withdrawn": "Route taken back",
    "case.details_completed": "Referral fetched",
    "case.decided": "Decided",
    "case.reopened": "Opened again",
    "case.stepped_up": "Stepped up from early help",
    "route.confirmed": "Route confirmed",
    "facts.coded": "Narrative coded",
    "decision.awaits_countersignature": "Decision waits for a countersignature",
    "countersignature.refused": "Countersignature refused",
    "information.requested": "Partner asked",
    "challenge.raised": "Decision challenged",
    "duty.paged": "Duty staff paged",
    "note": "Note written",
    "parallel_route.opened": "Parallel route opened",
    "parallel_route.completed": "Parallel route completed",
    "parallel_route.owner_left": "Parallel route given to the hub's owner: the one it had is not here any more",
    "new_information.acknowledged": "New information taken note of",
}

PARALLEL = {
    "lado": "LADO: an allegation against somebody who works with children",
    "prevent": "Prevent: radicalisation",
    "nrm": "National Referral Mechanism: trafficking",
    "marac": "MARAC: domestic abuse of high risk",
    "private_fostering": "Private fostering: a visit",
}


def items(hub: Hub, name: str) -> list[tuple[str, str]]:
    """Return the codes of one of the hub's lists with their labels."""
    return [(item.code, item.label) for item in hub.code_lists[name].items]


def agencies(slugs: Iterable[str]) -> list[tuple[str, str]]:
    return [(slug, plain(slug.replace("-", " "))) for slug in sorted(slugs)]


def works_on_cases(roles: AbstractSet[Role]) -> bool:
    return bool(roles & set(CASE_ROLES))


DANGER_ANSWERS = [("yes", "Yes"), ("not_known", "Not known"), ("no", "No")]
YES_NO_NOT_KNOWN = [("yes", "Yes"), ("no", "No"), ("not_known", "Not known")]

SENT = {
    "received": "Received; nobody has read it yet",
    "in_triage": "With the front door",
    "information_requested": "The front door asked somebody else and waits for the answer",
    "decided": "Decided",
    "withdrawn": "Withdrawn",
}
