"""Text and days as people type and paste them, read in one place for every service. Pure.

What a word processor, a telephone or a spreadsheet leaves in a text unseen is no reason to refuse it: other spaces
are read as spaces, and signs that nobody can see are taken out of what stands on one line.
"""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, WithJsonSchema

NOT_KNOWN: Final = "not known"
"""What is sent for a name that nobody knows."""

EARLIEST: Final = date(1900, 1, 1)
LONGEST_LINE: Final = 4_000
"""No field of one line takes so much, whatever is taken out of it first."""

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
OTHER_SPACES = re.compile(r"\r\n|[^\S ]")
DIRECTIONS: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
CONTROLS: Final = "\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
FILLERS: Final = "\u00ad\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
TAGS: Final = "\U000e0000-\U000e007f"
JOINERS: Final = "(?<![\u0590-\u1fff\ufb00-\ufefe])[\u200c\u200d]|[\u200c\u200d](?![\u0590-\u1fff\ufb00-\ufefe])"
"""Signs that join or part letters; between those of scripts that are written with them they belong to a name."""

MARKS: Final = "".join(filter(unicodedata.combining, map(chr, range(0x300, 0x1F000))))
"""Marks that stand with the letter before them; elsewhere there are none."""

JOINER: Final = "\u034f"
"""Parts marks from each other; elsewhere it says nothing."""

UNSEEN = re.compile(f"[{DIRECTIONS}{CONTROLS}{FILLERS}{TAGS}]|{JOINERS}|{JOINER}(?![{MARKS}])")


MANY_MARKS = re.compile(f"([{MARKS}]{{30}})(?=[{MARKS}])")
MAY_BE_MARKS = re.compile("[\u0300-\U0010ffff]{31}")


def normalised(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in this form, with a sign that nobody sees after each 30 marks on one letter.

    Putting marks in order takes the square of their number: minutes for a text of nothing else. No language has so many
    (Unicode Standard Annex 15, Stream-Safe Text Format).
    """
    if MAY_BE_MARKS.search(text):
        text = MANY_MARKS.sub(rf"\1{JOINER}", text)
    return unicodedata.normalize(form, text)


def narrative(text: str) -> str:
    """Return text of many lines in composed form; raises `ValueError` for what is no text."""
    if NOT_TEXT.search(text):
        raise ValueError("Holds characters that are not text.")
    return text if text.isascii() else normalised("NFC", text)


def line(text: str) -> str:
    """Return a text as one line without anything unseen and without space around it; raises as `narrative` does."""
    if not (text.isascii() and text.isprintable()):
        text = narrative(UNSEEN.sub("", OTHER_SPACES.sub(" ", text)))
    return text.strip()


def is_blank(text: str) -> bool:
    """Tell whether there is nothing in a text that anybody can see."""
    return not UNSEEN.sub("", text).strip()


def is_known(name: str | None) -> bool:
    """Tell whether there is a name, and not the word that there is none."""
    return bool(name) and str(name).casefold() != NOT_KNOWN


def _day(given: Any) -> date:
    if not isinstance(given, str) or DAY.fullmatch(given) is None:
        raise ValueError("Write a date as YYYY-MM-DD.")
    try:
        day = date.fromisoformat(given)
    except ValueError:
        raise ValueError("There is no such day.") from None
    if day < EARLIEST:
        raise ValueError("Lies before 1900.")
    return day


def _one_line(given: Any) -> Any:
    return line(given) if isinstance(given, str) and len(given) <= LONGEST_LINE else given


OneLine: Final = BeforeValidator(_one_line)
"""Marks a text, a code or a day of a schema as standing on one line: it is read by `line` before it is checked."""

Day = Annotated[date, BeforeValidator(_day), OneLine, WithJsonSchema({"type": "string", "format": "date"})]
