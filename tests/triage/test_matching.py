"""Who is taken for whom: the labelled pairs, and the rules that hold for every pair."""

from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.triage.matching import Match, address_keys, best_matches, compare, keys_of, people_of, probes_of
from services.triage.matching.names import Agreement, agreement, words_of
from tests.triage.labelled import Pair, labelled_pairs
from tests.triage.labelled.families import Document, family, without_numbers

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


families = st.builds(lambda seed, nth: family(Random(seed), nth), st.integers(0, 2**32), st.integers(0, 5))


@given(families, families)
def test_a_comparison_is_the_same_from_both_ends(one: Document, other: Document) -> None:
    """Who is compared with whom makes no difference."""
    for first in people_of(one, NOW):
        for second in people_of(other, NOW):
            assert compare(first, second).bits == compare(second, first).bits


@given(families, families)
def test_an_address_with_a_surname_is_never_enough(one: Document, other: Document) -> None:
    """Of two children known by surname and address alone nothing follows."""
    for child in (one["children"][0], other["children"][0]):
        child |= {"family_name": "Smith", "given_name": "not known", "address": {"lines": ["1 Low Row"]}}
        child.pop("date_of_birth")
        without_numbers(child)
    one["household"] = other["household"] = []
    assert found(Pair("same door", one, other, same=False)) is None


@given(families)
def test_a_protected_child_has_no_place_in_any_key(referral: Document) -> None:
    """Neither the child's address nor that of those who live with it is indexed or compared."""
    referral["children"][0]["location_protected"] = True
    people = people_of(referral, NOW)
    assert not address_keys(people)
    assert not [person for person in people if person.address or person.postcode]
    assert not [key for person in people for key in keys_of(person) if "postcode" in key.kind]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Łukasz", "LUKASZ", Agreement.SAME),
        ("O\u2019Hara", "OHara", Agreement.SAME),
        ("Smith-Jones", "Smith Jones", Agreement.SAME),
        ("Mohammed", "Muhammad", Agreement.SIMILAR),
        ("Sam", "Samuel", Agreement.SIMILAR),
        ("Okoro-Finch", "Finch", Agreement.SIMILAR),
        ("Tim", "Tom", Agreement.DIFFERENT),
        ("Ella", "Ellie", Agreement.DIFFERENT),
        ("Lily Rose", "Ella Rose", Agreement.DIFFERENT),
        ("not known", "Ella", Agreement.NOT_KNOWN),
        ("محمد", "محمد", Agreement.SAME),
    ],
)
def test_names_agree_as_people_would_say(one: str, other: str, expected: Agreement) -> None:
    """Spelling is forgiven, another name is not."""
    assert agreement(words_of(one), words_of(other)) is expected


def test_a_dummy_number_is_no_number() -> None:
    """9999999999 passes the check digit and stands for `not known`."""
    referral = {"children": [{"given_name": "A", "nhs_number": "999 999 9999", "upn": "R247962919251"}]}
    assert [(person.nhs_number, person.upn) for person in people_of(referral, NOW)] == [(None, None)]
