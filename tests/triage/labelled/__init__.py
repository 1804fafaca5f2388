"""Pairs of referrals of whom we know who is who: invented families, and what referrers do to them."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.triage.labelled.different import DIFFERENT
from tests.triage.labelled.families import Document, family
from tests.triage.labelled.same import SAME

PAIRS_A_KIND: Final = 16
SEED: Final = 20261122


@dataclass(frozen=True)
class Pair:
    """Two referrals of one child each; `kind` names what was done to them, `same` whether it is one child."""

    kind: str
    one: Document
    other: Document
    same: bool


def labelled_pairs(seed: int = SEED) -> Iterator[Pair]:
    """Yield the pairs of every kind, the same ones for the same seed."""
    chance = Random(seed)
    for corruptions, same in ((SAME, True), (DIFFERENT, False)):
        for corrupt in corruptions:
            for nth in range(PAIRS_A_KIND):
                one = family(chance, nth)
                other = copy.deepcopy(one)
                corrupt(chance, one, other)
                yield Pair(corrupt.__name__, one, other, same)
