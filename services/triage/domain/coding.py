"""Whether what a screener coded fits the vocabulary and the case. Pure; asked before a coding is recorded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.triage.thresholds import Vocabulary, wrong_facts
from shared.problems import FieldError, Invalid

OF_ONE_CHILD = frozenset({"child_age_months", "unborn"})
"""Facts that differ between the children of a case, while a coded fact is of all of them."""

OF_INDICATORS = frozenset({"indicators", "indicators_ruled_out"})


def check_coding(
    vocabulary: Vocabulary,
    indicators: Sequence[Mapping[str, Any]],
    facts: Mapping[str, object],
    *,
    children: int,
) -> None:
    """Raise `Invalid` naming every place that does not fit; `children` is how many the case has."""
    errors = (*_indicator_errors(vocabulary, indicators, children), *_fact_errors(vocabulary, facts, children))
    if errors:
        raise Invalid("Correct the fields named.", errors=errors)


def _indicator_errors(
    vocabulary: Vocabulary, indicators: Sequence[Mapping[str, Any]], children: int
) -> Iterator[FieldError]:
    codes = {indicator.code for indicator in vocabulary.indicators}
    for index, one in enumerate(indicators):
        if one["code"] not in codes:
            yield FieldError(f"/indicators/{index}/code", "There is no such code. GET /v1/code-lists/indicators.")
        if (one.get("child") or 0) >= children:
            yield FieldError(f"/indicators/{index}/child", "There is no such child. Count from 0.")


def _fact_errors(vocabulary: Vocabulary, facts: Mapping[str, object], children: int) -> Iterator[FieldError]:
    for name, advice in wrong_facts(vocabulary, facts).items():
        yield FieldError(_pointer(name), advice)
    for name in sorted(OF_INDICATORS & facts.keys()):
        yield FieldError(_pointer(name), "Give these under `indicators`, each with its status.")
    if children > 1:
        for name in sorted(OF_ONE_CHILD & facts.keys()):
            yield FieldError(
                _pointer(name), "This differs between the children of the case and cannot be coded for all."
            )


def _pointer(name: str) -> str:
    return f"/facts/{name.replace('~', '~0').replace('/', '~1')}"
