"""When a referrer should ring as well, and whom. Pure; run by the API when a referral arrives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.calendar import is_open, next_opening
from shared.harm import present_indicators
from shared.settings.hub import Hub, Phone

POLICE = "6"


@dataclass(frozen=True)
class CallNow:
    """Whom to ring at once, and why; the form alone is not enough."""

    who: str
    phone: str
    because: str


def call_now_of(document: Mapping[str, Any], hub: Hub, received_at: datetime) -> CallNow | None:
    """Return whom the referrer should ring, or None where the form is enough.

    Danger now goes to the emergency number, unless the police themselves refer; anything else to the duty team.
    """
    because = _because(document, hub, received_at)
    if because is None:
        return None
    phone = _phone(document, hub, received_at)
    return CallNow(phone.who, phone.phone, because)


def _because(document: Mapping[str, Any], hub: Hub, received_at: datetime) -> str | None:
    concern = document["concern"]
    needed_at = (document.get("needed_by") or {}).get("at")
    if concern["immediate_danger"] == "yes":
        return "You say that a child is in danger now."
    if concern["immediate_danger"] == "not_known":
        return "You could not rule out that a child is in danger now."
    if present_indicators(document) & hub.level_4_indicators:
        return "You report a sign of serious harm."
    if needed_at is not None and datetime.fromisoformat(needed_at) < next_opening(received_at, hub):
        return "You need an answer before we next open."
    return None


def _phone(document: Mapping[str, Any], hub: Hub, received_at: datetime) -> Phone:
    if document["concern"]["immediate_danger"] == "yes" and document.get("source") != POLICE:
        return hub.phones.emergency
    return hub.phones.in_hours if is_open(received_at, hub) else hub.phones.out_of_hours
