"""What callers of the referrals service send and see."""

from services.referrals.schemas.answers import (
    AgencyShown,
    CodeListOut,
    CodeListPage,
    CodeListSummary,
    Feedback,
    KeySetOut,
    Links,
    ReferralAccepted,
    ReferralDetail,
    ReferralOut,
    ReferralPage,
    TokenOut,
    TokenRefusedOut,
    TokenServer,
)
from services.referrals.schemas.parse import parse_referral
from services.referrals.schemas.referral import ReferralIn

__all__ = [
    "AgencyShown",
    "CodeListOut",
    "CodeListPage",
    "CodeListSummary",
    "Feedback",
    "KeySetOut",
    "Links",
    "ReferralAccepted",
    "ReferralDetail",
    "ReferralIn",
    "ReferralOut",
    "ReferralPage",
    "TokenOut",
    "TokenRefusedOut",
    "TokenServer",
    "parse_referral",
]
