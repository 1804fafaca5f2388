"""What callers of the referrals service send and see."""

from services.referrals.schemas.parse import parse_referral
from services.referrals.schemas.referral import ReferralIn

__all__ = ["ReferralIn", "parse_referral"]
