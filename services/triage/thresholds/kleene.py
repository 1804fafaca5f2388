"""Kleene's three-valued logic: every test answers with the pair (certain, possible). Pure; used wherever rules run.

A row holds what is known of each fact: a yes_no as such a pair, a number as (low, high), a choice as the bits of
the options it may be, a set as one pair for each member that it has or may have. The tests use only operators that
numpy columns share with Python values.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Pair = tuple[Any, Any]
Row = Mapping[str, Any]
Test = Callable[[Row], Pair]

TRUE: Pair = (True, True)
FALSE: Pair = (False, False)
UNKNOWN: Pair = (False, True)


def always(_row: Row) -> Pair:
    return TRUE


def said(fact: str) -> Test:
    """Test a yes_no for yes."""

    def test(row: Row) -> Pair:
        answer: Pair = row[fact]
        return answer

    return test


def reaches(fact: str, least: int) -> Test:
    """Test a number for being `least` or more."""

    def test(row: Row) -> Pair:
        low, high = row[fact]
        return low >= least, high >= least

    return test


def within(fact: str, chosen: int) -> Test:
    """Test a choice for being one of the options whose bits `chosen` holds."""
    others = ~chosen

    def test(row: Row) -> Pair:
        bits = row[fact]
        return bits & others == 0, bits & chosen != 0

    return test


def holds(fact: str, members: Sequence[str], least: int) -> Test:
    """Test a set for `least` or more of these members; `least` is 1 at the least."""
    sought = frozenset(members)

    def test(row: Row) -> Pair:
        known = row[fact]
        if sought.isdisjoint(known):
            return FALSE
        certain = possible = 0
        for member in members:
            pair = known.get(member)
            if pair is not None:
                certain = certain + pair[0]
                possible = possible + pair[1]
        return certain >= least, possible >= least

    return test


def not_(part: Test) -> Test:
    def test(row: Row) -> Pair:
        certain, possible = part(row)
        return possible ^ True, certain ^ True

    return test


def all_(parts: Sequence[Test]) -> Test:
    def test(row: Row) -> Pair:
        certain, possible = TRUE
        for part in parts:
            is_certain, is_possible = part(row)
            certain, possible = certain & is_certain, possible & is_possible
        return certain, possible

    return test


def any_(parts: Sequence[Test]) -> Test:
    def test(row: Row) -> Pair:
        certain, possible = FALSE
        for part in parts:
            is_certain, is_possible = part(row)
            certain, possible = certain | is_certain, possible | is_possible
        return certain, possible

    return test
