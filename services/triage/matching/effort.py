"""How much work it is to compare people, and how much of it a referral, or a batch of them, may cause at once. Pure.

A unit is one reading of two names, some 10 microseconds. The sender sets how many people and aliases there are, so that
what would hold up others is left for a transaction of its own, and is bounded there too.
"""

from dataclasses import dataclass

from services.triage.matching.people import Person

SMALL = 40
"""A family that was seen a few times before: never too much, whoever else is in the batch."""

LARGE = 500
BATCH = 2_000
ALONE = 50_000
CHUNK = 100
"""So much is done before others have their turn."""


def effort_of(one: Person, other: Person) -> int:
    return len(one.names) * len(other.names) + 1


@dataclass
class Allowance:
    """What a batch may still compare."""

    left: int = BATCH

    def takes(self, effort: int) -> bool:
        """Tell whether a referral of this effort is compared in the batch, which then has less left."""
        if effort > SMALL and effort > min(LARGE, self.left):
            return False
        self.left -= effort
        return True


def is_same_by_number_or_birth(one: Person, other: Person) -> bool:
    """Tell whether two people share a number or a birth date: these are compared whatever there is to compare."""
    pairs = ((one.nhs_number, other.nhs_number), (one.upn, other.upn), (one.birth_date, other.birth_date))
    return any(mine is not None and mine == theirs for mine, theirs in pairs)
