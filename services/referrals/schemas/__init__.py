"""What callers of the referrals service send and see."""

from services.referrals.schemas.amendments import (
    AmendmentAccepted,
    AmendmentKind,
    AmendmentOut,
    InformationIn,
    WithdrawalIn,
)
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
from services.referrals.schemas.parse import parse_information, parse_referral
from services.referrals.schemas.referral import ReferralIn

__all__ = [
    "AgencyShown",
    "AmendmentAccepted",
    "AmendmentKind",
    "AmendmentOut",
    "CodeListOut",
    "CodeListPage",
    "CodeListSummary",
    "Feedback",
    "InformationIn",
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
    "WithdrawalIn",
    "parse_information",
    "parse_referral",
]
