"""Who is taken for whom: the labelled pairs, and the rules that hold for every pair."""

from collections import Counter
from datetime import UTC, datetime

from services.triage.matching import Match, best_matches, keys_of, people_of, probes_of
from tests.triage.labelled import Pair, labelled_pairs

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PAIRS = tuple(labelled_pairs())


def found(pair: Pair) -> Match | None:
    """Search and compare as triage does: by keys first; the match between the children, if any."""
    stored, sought = people_of(pair.one, NOW), people_of(pair.other, NOW)
    pairs = [(s, p) for s in sought for p in stored if not probes_of(s).isdisjoint(keys_of(p))]
    return next((m for m in best_matches(pairs) if m.person.is_child and m.other.is_child), None)


def test_precision_and_recall_on_labelled_pairs() -> None:
    """Of 400 pairs and more, at least 98 % of the matches are true, and 95 % of the true ones are found."""
    matches = [(pair, found(pair)) for pair in PAIRS]
    hits = Counter((pair.same, match is not None) for pair, match in matches)
    wrong = Counter(pair.kind for pair, match in matches if pair.same != (match is not None))
    precision = hits[True, True] / (hits[True, True] + hits[False, True])
    recall = hits[True, True] / (hits[True, True] + hits[True, False])
    assert len(PAIRS) >= 400
    assert (precision >= 0.98, recall >= 0.95) == (True, True), (precision, recall, wrong)


def test_nobody_is_joined_without_a_person_who_is_not_the_same() -> None:
    """Every automatic match is true, and there are some."""
    automatic = [pair for pair in PAIRS if (match := found(pair)) and match.comparison.is_certain]
    assert len(automatic) > 10
    assert all(pair.same for pair in automatic)
