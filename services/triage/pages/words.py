"""Codes in the words that staff read; a code without words of its own is shown with spaces."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from shared.security import CASE_ROLES, Role
from shared.settings.hub import Hub

ROLES = {
    "screener": "Screener",
    "social_worker": "Social worker",
    "manager": "Manager",
    "out_of_hours": "Out of hours",
    "auditor": "Auditor",
    "admin": "Administrator",
}


def plain(code: object) -> str:
    """Return a code as words: `missed_health_checks` as `Missed health checks`."""
    text = str(code).replace("_", " ").replace(".", " ").strip()
    return text[:1].upper() + text[1:]


def label(table: Mapping[str, str], code: object) -> str:
    return table.get(str(code)) or plain(code)


MENU = (("/desk", "Your work", CASE_ROLES),)


def menu(roles: AbstractSet[Role]) -> list[tuple[str, str]]:
    """Return the places that somebody with these roles may go to, with their names."""
    return [(place, name) for place, name, allowed in MENU if roles & set(allowed)]


QUEUES = {
    "mine": "Your work",
    "unassigned": "Nobody has it",
    "all": "All open cases",
    "routed": "Routed, to be confirmed",
    "decided": "Decided",
}

EMPTY = {
    "mine": "You have no open case. Take the next one.",
    "unassigned": "No case waits for somebody to take it.",
    "all": "No case is open.",
    "routed": "No automatic route waits for a person to confirm it.",
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
