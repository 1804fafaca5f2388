"""What is decided about a referral before anybody reads it: state, reference, quality, warnings, urgency."""

from services.referrals.domain.identifiers import Warned
from services.referrals.domain.quality import Asked, Quality, parts_missing, quality_of, warnings_of_reading
from services.referrals.domain.status import (
    IllegalMove,
    ReferralAlreadyDecided,
    ReferralAlreadyWithdrawn,
    ReferralId,
    ReferralStatus,
    can_move,
    check_withdrawal,
    has_reached,
    new_reference,
)
from services.referrals.domain.urgency import CallNow, call_now_of

__all__ = [
    "Asked",
    "CallNow",
    "IllegalMove",
    "Quality",
    "ReferralAlreadyDecided",
    "ReferralAlreadyWithdrawn",
    "ReferralId",
    "ReferralStatus",
    "Warned",
    "call_now_of",
    "can_move",
    "check_withdrawal",
    "has_reached",
    "new_reference",
    "parts_missing",
    "quality_of",
    "warnings_of_reading",
]
