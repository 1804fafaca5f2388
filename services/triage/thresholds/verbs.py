"""The verbs of the policy language, by the type of fact they may be asked of. Used while loading.

Each turns what was written into a test, or raises `WordingError` saying what to write instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.triage.thresholds import kleene
from services.triage.thresholds.complaints import WordingError, suggest
from services.triage.thresholds.vocabulary import FactType, Vocabulary


@dataclass(frozen=True)
class Asked:
    """A test with the words it was written in, the fact it reads, the members or options it looks for.

    `cuts` are the numbers at which its answer may change; `reassures` says that it rests on something absent.
    """

    words: Mapping[str, Any]
    source: str
    canonical: tuple[Any, ...]
    test: kleene.Test
    members: tuple[str, ...] = ()
    cuts: tuple[int, ...] = ()
    reassures: bool = False


Verb = Callable[[Vocabulary, str, Mapping[str, Any]], Asked]


def _is(_vocabulary: Vocabulary, name: str, tests: Mapping[str, Any]) -> Asked:
    wanted = tests["is"]
    if not isinstance(wanted, bool):
        raise WordingError(f'"{name}" is a yes or no. Write {{is: true}} or {{is: false}}.')
    said = kleene.said(name)
    return Asked({"is": wanted}, name, (name, "is", wanted), said if wanted else kleene.not_(said))


def _compare(verb: str, step: int, *, below: bool) -> Verb:
    def compare(_vocabulary: Vocabulary, name: str, tests: Mapping[str, Any]) -> Asked:
        limit = tests[verb]
        if not isinstance(limit, int) or isinstance(limit, bool):
            raise WordingError(f'"{verb}" needs a whole number in digits. Write {{{verb}: 12}}.')
        cut = limit + step
        reaches = kleene.reaches(name, cut)
        test = kleene.not_(reaches) if below else reaches
        return Asked({verb: limit}, name, (name, below, cut), test, cuts=(cut,))

    return compare


def _one_of(vocabulary: Vocabulary, name: str, tests: Mapping[str, Any]) -> Asked:
    options = vocabulary.options[name]
    chosen = _words(tests["one_of"], options, "one_of")
    bits = sum(1 << options[option] for option in chosen)
    return Asked({"one_of": list(chosen)}, name, (name, "one_of", bits), kleene.within(name, bits), chosen)


def _members(verb: str, least: Callable[[int], int], *, absent: bool = False) -> Verb:
    def members(vocabulary: Vocabulary, name: str, tests: Mapping[str, Any]) -> Asked:
        codes = _words(tests[verb], vocabulary.options[name], verb)
        return _holds({verb: list(codes)}, name, codes, least(len(codes)), absent=absent)

    return members


def _at_least_of(vocabulary: Vocabulary, name: str, tests: Mapping[str, Any]) -> Asked:
    least = tests["at_least"]
    if not isinstance(least, int) or isinstance(least, bool) or least < 1:
        raise WordingError('"at_least" needs a whole number from 1. Write {at_least: 2, of: [first, second]}.')
    if "of" not in tests:
        raise WordingError('"at_least" needs to know of what. Write {at_least: 2, of: [first, second]}.')
    codes = _words(tests["of"], vocabulary.options[name], "of")
    return _holds({"at_least": least, "of": list(codes)}, name, codes, least)


def _concerns(verb: str, *, absent: bool) -> Verb:
    def concerns(vocabulary: Vocabulary, name: str, tests: Mapping[str, Any]) -> Asked:
        sought = tests[verb]
        if not isinstance(sought, Mapping) or not sought or not sought.keys() <= {"kind", "severity_at_least"}:
            raise WordingError(
                f'"{verb}" needs a kind, a severity, or both. Write {{kind: [HRM], severity_at_least: 3}}.'
            )
        kinds: tuple[str, ...] | None = None
        if "kind" in sought:
            kinds = _words(sought["kind"], [domain.code for domain in vocabulary.domains], "kind")
        severity = sought.get("severity_at_least", 1)
        if not isinstance(severity, int) or isinstance(severity, bool) or severity not in range(1, 5):
            raise WordingError('"severity_at_least" is a level. Write a number from 1 to 4.')
        source = str(vocabulary.facts[name].of)
        return _holds({verb: sought}, source, vocabulary.codes_of(kinds, severity), 1, absent=absent)

    return concerns


def _holds(words: Mapping[str, Any], source: str, codes: tuple[str, ...], least: int, *, absent: bool = False) -> Asked:
    holds = kleene.holds(source, codes, least)
    canonical = (source, absent, least, tuple(sorted(codes)))
    return Asked(words, source, canonical, kleene.not_(holds) if absent else holds, codes, reassures=absent)


def _words(written: Any, known: Any, verb: str) -> tuple[str, ...]:
    if not isinstance(written, list) or not written:
        raise WordingError(f'"{verb}" needs a list. Write {verb}: [first, second].')
    for word in written:
        if word not in list(known):
            raise WordingError(f'"{word}" is not known here. {suggest(word, known)}')
    if len(set(written)) < len(written):
        raise WordingError(f'"{verb}" names something twice. Keep one of them.')
    return tuple(written)


VERBS: Mapping[FactType, Mapping[str, Verb]] = {
    FactType.YES_NO: {"is": _is},
    FactType.NUMBER: {
        "below": _compare("below", 0, below=True),
        "above": _compare("above", 1, below=False),
        "at_least": _compare("at_least", 0, below=False),
        "at_most": _compare("at_most", 1, below=True),
    },
    FactType.CHOICE: {"one_of": _one_of},
    FactType.SET: {
        "any_of": _members("any_of", lambda _count: 1),
        "all_of": _members("all_of", lambda count: count),
        "none_of": _members("none_of", lambda _count: 1, absent=True),
        "at_least": _at_least_of,
    },
    FactType.CONCERNS: {
        "some": _concerns("some", absent=False),
        "none": _concerns("none", absent=True),
    },
}


def ask(vocabulary: Vocabulary, name: str, verb: str, tests: Mapping[str, Any]) -> Asked:
    """Read one verb of the tests written for a fact; `of` belongs to `at_least`."""
    verbs = VERBS[vocabulary.facts[name].type]
    if verb in ("known", "unknown"):
        raise WordingError(f'"{verb}" cannot be asked. A safety override says what to do with if_unknown.')
    if verb not in verbs:
        raise WordingError(f'"{verb}" is not a test of "{name}". {suggest(verb, verbs)}')
    return verbs[verb](vocabulary, name, tests)
