"""How an agency's referrals do, as it may be told: small numbers, and what would give them away, are left out. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.triage.domain.small_numbers import SMALL

COARSE = 5
"""Scores are told to the nearest five: an exact mean would give away, by the weights of parts, how many lacked one."""

FEW = f"fewer than {SMALL}"
NOT_TOLD = "not told"


@dataclass(frozen=True)
class Part:
    """A part of a referral, what is asked for it, in how many it was missing, and in which share in percent."""

    part: str
    ask: str
    missing: str
    share: int | None


@dataclass(frozen=True)
class Quality:
    """Of so many referrals of one agency: about the mean score, and the parts, the most often missing first."""

    referrals: int
    score: int
    parts: tuple[Part, ...]

    @property
    def worst(self) -> Part | None:
        return self.parts[0] if self.parts else None

    def share_with(self, part: str) -> str:
        """Say in which share of the referrals the part was there."""
        found = next((one for one in self.parts if one.part == part), None)
        if found is None:
            return "100 %"
        return NOT_TOLD if found.share is None else f"{100 - found.share} %"


def told_quality(referrals: int, mean_score: float, missing: Mapping[tuple[str, str], int]) -> Quality | None:
    """Return what may be told, None of fewer than five referrals; `missing` counts by part and ask.

    A part that is missing in fewer than five, or there in fewer than five, has no number, and its place tells none.
    """
    if referrals < SMALL:
        return None
    ordered = sorted(missing.items(), key=lambda one: (-_rank(one[1], referrals), one[0]))
    parts = tuple(_part(part, ask, number, referrals) for (part, ask), number in ordered if number)
    return Quality(referrals, COARSE * round(mean_score / COARSE), parts)


def _rank(number: int, referrals: int) -> int:
    if number < SMALL:
        return 0
    return referrals if referrals - number < SMALL else number


def _part(part: str, ask: str, number: int, referrals: int) -> Part:
    if number < SMALL:
        return Part(part, ask, FEW, None)
    if 0 < referrals - number < SMALL:
        return Part(part, ask, f"all but {FEW}", None)
    return Part(part, ask, str(number), round(100 * number / referrals))
