"""What a child brings to the choice of a service, from the referral, its facts and its receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.triage.domain import district_of


@dataclass(frozen=True)
class Seeker:
    """A child who is to be helped; `agreed` is False where the family refused, `tried` are services that had it."""

    child: int
    level: int
    council: str | None
    district: str | None
    age_months: int | None
    unborn: bool
    needs: frozenset[str] = frozenset()
    agreed: bool = True
    tried: frozenset[str] = frozenset()


def seeker_of(
    referral: Mapping[str, Any],
    child: int,
    council: str | None,
    receipt: Mapping[str, Any],
    *,
    tried: frozenset[str] = frozenset(),
) -> Seeker:
    """Return what is looked for; `council` is the child's, `receipt` has the level and the facts it was assessed by."""
    facts = receipt["facts"]
    months = facts.get("child_age_months")
    return Seeker(
        child=child,
        level=receipt["level"],
        council=council,
        district=district_of(referral, child),
        age_months=months if isinstance(months, int) else None,
        unborn=facts.get("unborn") is True,
        needs=frozenset(facts.get("indicators") or ()),
        agreed=facts.get("agreement_position") != "refused",
        tried=tried,
    )
