"""Which people of two referrals are linked: everybody at most once, the likeliest pairs first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.triage.matching.comparison import Comparison, compare
from services.triage.matching.people import Person


@dataclass(frozen=True)
class Match:
    person: Person
    other: Person
    comparison: Comparison


def best_matches(pairs: Iterable[tuple[Person, Person]], crowded: frozenset[str] = frozenset()) -> Sequence[Match]:
    """Return the possible matches between two referrals, of the pairs that share a key.

    A twin is told from the other by whom each is nearest to. Adults alone are linked only where no child is: one link
    says enough of two referrals about the same child.
    """
    return best_of(Match(one, other, compare(one, other, crowded)) for one, other in pairs)


def best_of(compared: Iterable[Match]) -> Sequence[Match]:
    """Return the possible matches among pairs that are compared already."""
    likely = [match for match in compared if match.comparison.is_possible]
    likely.sort(key=lambda match: (-match.comparison.bits, match.person.pointer, match.other.pointer))
    taken: set[str] = set()
    found = []
    for match in likely:
        ends = {f"this{match.person.pointer}", f"other{match.other.pointer}"}
        if taken.isdisjoint(ends):
            taken |= ends
            found.append(match)
    with_child = [match for match in found if match.person.is_child or match.other.is_child]
    return with_child or found
