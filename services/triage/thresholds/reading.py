"""Reads the YAML of policies and vocabularies strictly, remembering the line of every key and item.

What makes YAML surprising is refused: aliases, tags, merge keys, repeated keys; only `true` and `false` are
booleans, and nothing but plain digits is a number.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from services.triage.thresholds.complaints import Complaint, Place, PolicyError, Source

MAX_BYTES = 256 * 1024
MAX_NESTING = 32
MAX_DIGITS = 18
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


def read(path: Path) -> Source:
    """Raise `PolicyError` when the file is missing, too large or not strict YAML."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        advice = "The file cannot be opened. Check its name and that you may read it."
        raise PolicyError([Complaint(path.name, 1, advice)]) from error
    if len(content) > MAX_BYTES:
        advice = f"The file is larger than {MAX_BYTES // 1024} kB. Shorten it, or split the policy."
        raise PolicyError([Complaint(path.name, 1, advice)])
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError([Complaint(path.name, line, "This is not UTF-8 text. Save it as UTF-8.")]) from error
    return _Reading(path.name, text).source()


class _Reading:
    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._lines: dict[Place, int] = {}
        self._found: list[Complaint] = []

    def source(self) -> Source:
        try:
            tree = self._document()
        except yaml.YAMLError as error:
            self._complain(_line_of(error, self._text), f"This is not YAML: {_cause(error)}.")
            tree = None
        if self._found:
            raise PolicyError(self._found)
        return Source(self._file, tree, self._lines)

    def _document(self) -> Any:
        tree, documents = None, 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._complain(_line(event), "A second document starts here. Keep one in each file.")
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, ())
        return tree

    def _node(self, event: yaml.Event, place: Place) -> Any:
        self._lines.setdefault(place, _line(event))
        self._refuse_surprises(event)
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        if isinstance(event, yaml.AliasEvent):
            return None
        if len(place) >= MAX_NESTING:
            advice = "This is nested too deeply. Write it as two rules."
            raise PolicyError([*self._found, Complaint(self._file, _line(event), advice)])
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(place)
        return self._entries(place)

    def _items(self, place: Place) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*place, len(items))))
        return items

    def _entries(self, place: Place) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name = self._name(event)
            if name in entries:
                self._complain(_line(event), f'"{name}" stands here twice. Keep one of them.')
            self._lines[(*place, name)] = _line(event)
            entries[name] = self._node(next(self._events), (*place, name))
        return entries

    def _name(self, event: yaml.Event) -> str:
        self._refuse_surprises(event)
        if not isinstance(event, yaml.ScalarEvent):
            advice = "A name is expected before the colon, not a list or a group."
            raise PolicyError([*self._found, Complaint(self._file, _line(event), advice)])
        if event.value == "<<" and not event.style:
            self._complain(_line(event), 'The merge key "<<" is not allowed. Write the lines out in full.')
        return event.value

    def _refuse_surprises(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._complain(_line(event), "& and * (anchors, aliases) are not allowed. Write it out in full.")
        if getattr(event, "tag", None):
            self._complain(_line(event), "! (a tag) is not allowed. Write the plain value.")

    def _complain(self, line: int, text: str) -> None:
        self._found.append(Complaint(self._file, line, text))


def _scalar(event: yaml.ScalarEvent) -> str | int | bool | None:
    text = event.value
    if event.style:
        return text
    if text in _WORDS:
        return _WORDS[text]
    digits = text.removeprefix("-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= MAX_DIGITS
    return int(text) if plain and (digits == "0" or digits[0] != "0") else text


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _line_of(error: yaml.YAMLError, text: str) -> int:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return min(error.problem_mark.line, text.count("\n")) + 1
    return text.count("\n", 0, getattr(error, "position", 0)) + 1


def _cause(error: yaml.YAMLError) -> str:
    cause = getattr(error, "problem", None) or "a character that does not belong in text"
    return f"{cause}; look at indentation, brackets and colons near this line"
