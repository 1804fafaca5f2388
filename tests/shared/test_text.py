"""What stands unseen in a pasted text is taken out, other spaces are spaces, and nothing is refused for it."""

import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.text import MARKS, line, narrative

READ = [
    ("left-to-right embedding", "\u202a01632 960001\u202c", "01632 960001"),
    ("right-to-left override", "Rob\u202ein", "Robin"),
    ("isolates", "\u2066Robin\u2069", "Robin"),
    ("byte order mark", "\ufeffRobin", "Robin"),
    ("zero width space", "01632\u200b960001", "01632960001"),
    ("zero width joiner in Latin letters", "Ro\u200dbin", "Robin"),
    ("word joiner", "NN12\u20606AB", "NN126AB"),
    ("soft hyphen", "Sam\u00adple", "Sample"),
    ("variation selector", "Robin\ufe0f", "Robin"),
    ("no-break space", "943\u00a0476\u00a05919", "943 476 5919"),
    ("narrow no-break space", "943\u202f476", "943 476"),
    ("figure space", "943\u2007476", "943 476"),
    ("thin space", "NN12\u20096AB", "NN12 6AB"),
    ("ideographic space", "Robin\u3000Sample", "Robin Sample"),
    ("line break", "Robin\r\nSample", "Robin Sample"),
    ("line separator", "Robin\u2028Sample", "Robin Sample"),
    ("tab", "Robin\tSample", "Robin Sample"),
    ("escape", "a\x1bb", "ab"),
    ("space around", " \u00a0Robin\u200b ", "Robin"),
    ("nothing to see", "\u200b\u2060", ""),
    ("combining accent", "Zoe\u0308", "Zoë"),
    ("Persian name", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"),
    ("Hebrew name", "\u202b\u05e9\u05dc\u202c", "\u05e9\u05dc"),
    ("double space", "Robin  Sample", "Robin  Sample"),
    ("plain", "Robin O'Sample-Jones", "Robin O'Sample-Jones"),
]


@pytest.mark.parametrize(("_case", "text", "read"), READ, ids=[row[0] for row in READ])
def test_one_line_as_it_was_meant(_case: str, text: str, read: str) -> None:
    """What can be seen stays, and joiners stay in the scripts that are written with them."""
    assert line(text) == read


def test_a_narrative_keeps_its_lines_and_directions() -> None:
    """Lines, tabs and the marks of other directions of writing belong to a story."""
    assert narrative("said \u202b\u05e9\u05dc\u202c\r\n\tZoe\u0308") == "said \u202b\u05e9\u05dc\u202c\r\n\tZoë"


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
@pytest.mark.parametrize("read", [line, narrative])
def test_what_is_no_text_is_refused(text: str, read: Callable[[str], str]) -> None:
    """NUL and lone surrogates are no characters."""
    with pytest.raises(ValueError, match="not text"):
        read(text)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_a_line_is_read_once(text: str) -> None:
    """Reading what was read changes nothing, and never leaves a line break."""
    read = line(text)
    assert line(read) == read
    assert len(read.splitlines()) <= 1


@pytest.mark.parametrize("read", [line, narrative])
def test_marks_without_end_are_read_in_no_time(read: Callable[[str], str]) -> None:
    """However many marks stand on a letter, at most thirty are put in order together; all of them stay."""
    marks = "\u0315\u0300" * 100_000
    text = read(f"Zoe{marks}")

    assert text.count("\u0315") == 100_000
    assert max(map(len, text.removeprefix("Zo").split("\u034f"))) <= 31
    assert read(text) == text


def test_a_mark_is_whatever_unicode_puts_in_order() -> None:
    """No mark of any script is left out."""
    assert all(sign in MARKS for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.combining(sign))
