"""What is wrong with a policy or vocabulary file, in words for the people who own it. Used while loading."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

T = TypeVar("T")
Place = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Complaint:
    """One thing to put right: `text` says what is wrong and what to write instead."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class WordingError(Exception):
    """A part of a condition that cannot be read; its text becomes a complaint at the place it was found."""


class PolicyError(Exception):
    """A file cannot be used. Carries every complaint that was found, in the order of the lines."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(sorted(set(complaints)))
        super().__init__("\n".join(str(complaint) for complaint in self.complaints))


@dataclass(frozen=True)
class Source:
    """A file as read: its plain tree, and the line on which each key or list item stands."""

    file: str
    tree: Any
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """Find the line of a place, or of the nearest thing around it that is really there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class Complaints:
    """Gathers complaints about one source, so that a person sees all of them at once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Complaint] = []

    def add(self, place: Place, text: str) -> None:
        self.found.append(Complaint(self.source.file, self.source.line(place), text))

    def settle(self, value: T | None) -> T:
        """Pass the value on once nothing is wrong; otherwise raise `PolicyError`."""
        if self.found or value is None:
            raise PolicyError(self.found)
        return value


def suggest(word: object, known: Iterable[str]) -> str:
    """Close a complaint with the nearest known word or, where none is near, the ones there are."""
    words = sorted(known)
    near = get_close_matches(str(word), words, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{near[0]}"?'
    shown = ", ".join(words[:12])
    return f"Use one of: {shown}{' ...' if len(words) > len(words[:12]) else ''}."
