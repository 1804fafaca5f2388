"""Names as they can be compared: without accents and signs, by their sound, and near each other where mistyped."""

import re
from enum import StrEnum

from jellyfish import metaphone
from rapidfuzz.distance import OSA, JaroWinkler

from shared.text import normalised

Words = tuple[str, ...]
"""The words of a name in comparable form, in the order given."""

UNDECOMPOSED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"})
ACCENTS = re.compile(r"[\u0300-\u036f]")
APOSTROPHES = re.compile("['\u2018\u2019`\u00b4\u02bc]")
BETWEEN_WORDS = re.compile(r"[^\w]|_")
PARTICLES = frozenset({
    "de", "da", "do", "dos", "di", "du", "van", "von", "der", "den", "la", "le", "al", "el", "ap", "ab", "bin", "ibn",
    "bint", "st",
})  # fmt: skip
PLACEHOLDERS = frozenset({
    "not", "known", "unknown", "unborn", "baby", "boy", "girl", "child", "male", "female", "newborn", "infant", "twin",
    "one", "two", "named", "yet", "tbc", "nk", "na",
})  # fmt: skip
SHORTEST_TO_MISTYPE = 4
SHORTEST_TO_ABBREVIATE = 3
LONG = 8
SHORTEST_SOUND = 3
ALIKE = 0.85


class Agreement(StrEnum):
    SAME = "same"
    SIMILAR = "similar"
    DIFFERENT = "different"
    NOT_KNOWN = "not_known"


def words_of(name: str | None) -> Words:
    """Return the words of a name, none where it only says that there is no name yet."""
    plain = (name or "").casefold()
    if not plain.isascii():
        plain = ACCENTS.sub("", normalised("NFKD", plain).translate(UNDECOMPOSED))
    words = BETWEEN_WORDS.sub(" ", APOSTROPHES.sub("", plain)).split()
    if PLACEHOLDERS.issuperset(words):
        return ()
    return tuple(word for word in words if word not in PARTICLES) or tuple(words)


def sound_of(word: str) -> str:
    """Return how an English ear hears a word (metaphone), the word itself where that says nothing."""
    return metaphone(word) or word


def agreement(one: Words, other: Words) -> Agreement:
    """Compare given names, or family names. A name that one side leaves out is no disagreement."""
    if not one or not other:
        return Agreement.NOT_KNOWN
    if set(one) == set(other) or "".join(one) == "".join(other):
        return Agreement.SAME
    if one[0] == other[0]:
        nested = set(one) < set(other) or set(other) < set(one)
        return Agreement.SAME if nested else Agreement.SIMILAR
    short, long = sorted((one, other), key=len)
    if len(short) == 1 and short[0] in long:
        return Agreement.SIMILAR
    if near(one[0], other[0]) or near("".join(one), "".join(other)):
        return Agreement.SIMILAR
    return Agreement.DIFFERENT


def near(one: str, other: str) -> bool:
    """Tell whether two different words are likely one: cut short, mistyped, or spelled by ear.

    Short names differ by a letter between real people (Tim and Tom), so that they are never taken for mistyped.
    """
    short, long = sorted((one, other), key=len)
    if len(short) >= SHORTEST_TO_ABBREVIATE and long.startswith(short):
        return True
    sounds = sound_of(one), sound_of(other)
    if len(short) < SHORTEST_TO_MISTYPE or (one[0] != other[0] and sounds[0][0] != sounds[1][0]):
        return False
    if OSA.distance(one, other) <= (2 if len(long) >= LONG else 1):
        return True
    return (
        sounds[0] == sounds[1]
        and len(sounds[0]) >= SHORTEST_SOUND
        and JaroWinkler.similarity(one, other) >= ALIKE
    )  # fmt: skip
