"""Reads a document that must not be refused: what does not fit is taken out, kept as given, and counts as not known.

Pure. What is left is always valid by its model, so that nothing that reads it later meets a shape that it can't take.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Generic, Self, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from shared.http.validation import words
from shared.not_understood import VALUE_BYTES, NotUnderstood, Path, as_json, not_understood
from shared.problems import FieldError

M = TypeVar("M", bound=BaseModel)

StandIns = Mapping[str, Callable[[Any], Any]]
"""What stands where a part was not understood, made of what was sent there; by pointer, with `*` for every index."""

VALUES_KEPT = 100
PASSES = 12
ITEMS_READ = 200
"""No list of any model takes more."""

OF_ITS_WHOLE = ("/indicators/*/status", "/must_not_learn/*")
"""What can't be taken out alone: the rest would say that a sign is there, or that somebody may learn the rest."""

CHILD_OF_INDICATOR = "/indicators/*/child"
"""Without it a sign is every child's: well where it is present, and wrong where it was ruled out."""


@dataclass(frozen=True)
class Reading(Generic[M]):
    """A valid model, what of the document did not fit it, and how many more such values were not named.

    `replaced` are the places of texts in which characters were replaced; `as_sent` is the whole of what was sent.
    """

    model: M
    not_understood: tuple[NotUnderstood, ...] = ()
    more: int = 0
    replaced: tuple[str, ...] = ()
    as_sent: str = ""

    def beside(self, replaced: Sequence[str], as_sent: bytes) -> Self:
        """Add where characters were replaced, and all that was sent where any of it was not understood."""
        return replace(self, replaced=tuple(replaced), as_sent=as_sent.decode() if self.not_understood else "")

    def document(self) -> dict[str, Any]:
        """Return what is stored: the model's JSON, and beside it what was not understood, where anything was not."""
        return self.model.model_dump(mode="json", exclude_none=True) | self.unclear()

    def unclear(self) -> dict[str, Any]:
        """Return what was not understood, where anything was not."""
        beside = {
            "not_understood": [vars(one) for one in self.not_understood],
            "not_understood_more": self.more,
            "characters_replaced": list(self.replaced),
            "as_sent": self.as_sent,
        }
        return {name: value for name, value in beside.items() if value}


def read_leniently(
    model: type[M],
    document: Mapping[str, Any],
    context: Mapping[str, Any],
    stand_ins: StandIns,
    rules: Callable[[Mapping[str, Any]], Iterable[FieldError]],
) -> Reading[M]:
    """Return whatever can be read of a document; `rules` name what two fields contradict each other in.

    A good document is only validated. Of any other, what no model can take is left out first, which bounds the work;
    then each pass takes out all that the model refuses. What is left in doubt after the last gives way to the stand-in
    of the whole document, the one with an empty pointer.
    """
    with suppress(ValidationError):
        valid = model.model_validate(document, context=context)
        if not any(rules(document)):
            return Reading(valid)
    draft = _Draft(document, stand_ins)
    draft.working = draft.copied(document, model, ())
    for _ in range(PASSES):
        try:
            valid = model.model_validate(draft.working, context=context)
        except ValidationError as refused:
            draft.take_out(refused.errors(include_url=False, include_input=False))
        else:
            broken = [_as_refused(error, draft.working) for error in rules(draft.working)]
            if not broken:
                return draft.reading(valid)
            draft.take_out(broken)
    draft.taken = {(): "This could not be read."}
    return draft.reading(model.model_validate(stand_ins[""](document), context=context))


def _as_refused(error: FieldError, document: Any) -> dict[str, Any]:
    """Return a broken rule in the shape of pydantic's errors."""
    place, found = [], document
    for step in error.pointer.split("/")[1:]:
        place.append(int(step) if isinstance(found, list) else step)
        found = found[place[-1]]
    return {"type": "value_error", "loc": tuple(place), "ctx": {"error": error.detail}}


@dataclass
class _Draft:
    """The document on its way to being valid; `origins` are the sender's indexes of lists that lost an item."""

    given: Mapping[str, Any]
    stand_ins: StandIns
    working: Any = None
    taken: dict[Path, str] = field(default_factory=dict)
    beyond: dict[Path, str] = field(default_factory=dict)
    more: int = 0
    rest: dict[Path, str] = field(default_factory=dict)
    origins: dict[int, tuple[list[Any], list[int]]] = field(default_factory=dict)
    leaving: dict[int, tuple[list[Any], set[int]]] = field(default_factory=dict)

    def copied(self, value: Any, model: type[BaseModel] | None, path: Path) -> Any:
        """Return a copy without the fields that the model lacks, and without what comes after 200 items of a list."""
        if isinstance(value, dict) and model is not None:
            parts = _parts_of(model)
            if model.model_config.get("extra") == "forbid":
                self._leave(((*path, name) for name in value if name not in parts), "There is no such field.")
            return {
                name: self.copied(value[name], part, (*path, name)) for name, part in parts.items() if name in value
            }
        if isinstance(value, dict):
            return {name: self.copied(item, None, (*path, name)) for name, item in value.items()}
        if isinstance(value, list):
            self._leave(((*path, index) for index in range(ITEMS_READ, len(value))), "There are too many of these.")
            return [self.copied(item, model, (*path, index)) for index, item in enumerate(value[:ITEMS_READ])]
        return value

    def _leave(self, paths: Iterable[Path], detail: str) -> None:
        for path in paths:
            if len(self.beyond) < VALUES_KEPT:
                self.beyond[path] = detail
            else:
                self.more += 1

    def take_out(self, errors: Iterable[Any]) -> None:
        """Take each refused value out, or put its stand-in there; the items of lists leave at the end, all at once."""
        gone: set[Path] = set()
        for error in errors:
            for loc in self._places(error):
                place = self._whole(loc, error)
                if not any(place[:length] in gone for length in range(len(place) + 1)):
                    gone.add(place)
                    self._take(place, error)
        for listed, indexes in self.leaving.values():
            _, origins = self.origins.get(id(listed), (listed, range(len(listed))))
            self.origins[id(listed)] = listed, [origin for index, origin in enumerate(origins) if index not in indexes]
            listed[:] = [item for index, item in enumerate(listed) if index not in indexes]
        self.leaving.clear()

    def _places(self, error: Any) -> Iterable[Path]:
        """Return what one error is about; of a list that is too long, the items that are too many."""
        loc: Path = tuple(error["loc"])
        found = self._at(loc) if error["type"] == "too_long" else None
        return [(*loc, index) for index in range(error["ctx"]["max_length"], len(found))] if found else [loc]

    def _whole(self, loc: Path, error: Any) -> Path:
        """Return the least place that can go without turning what is left into another statement, or into none."""
        if error["type"] != "missing":
            loc = next(
                (loc[:length] for length in range(len(loc)) if not _has(self._at(loc[:length]), loc[length])), loc
            )
        pattern = _pattern(loc)
        if pattern.endswith(OF_ITS_WHOLE) or (error["type"] == "missing" and pattern not in self.stand_ins):
            return loc[:-1]
        of_a_child = pattern.endswith(CHILD_OF_INDICATOR) and self._at(loc[:-1]).get("status") == "ruled_out"
        return loc[:-1] if of_a_child else loc

    def _take(self, loc: Path, error: Any) -> None:
        pattern, path = _pattern(loc), self._origin(loc)
        given = _found(self.given, path)
        stands_in = None if path in self.taken else self.stand_ins.get(pattern)
        if error["type"] != "missing" or loc != error["loc"]:
            self.taken[path] = words(error)
            self.rest.pop(path, None)
        if not loc:
            self.working = self.stand_ins[""](given)
        elif error["type"] == "string_too_long" and error["ctx"]["max_length"] > VALUE_BYTES:
            self._cut(loc, path, error["ctx"]["max_length"])
        elif stands_in is not None:
            self._at(loc[:-1])[loc[-1]] = stands_in(given)
        else:
            self._remove(loc)

    def _cut(self, loc: Path, path: Path, length: int) -> None:
        """Leave as much of a long text as fits; only the rest is kept beside it."""
        text = self._at(loc).strip()
        self._at(loc[:-1])[loc[-1]] = text[:length]
        self.rest[path] = text[length:]
        self.taken[path] = f"This is longer than {length} characters; here is the rest."

    def _remove(self, loc: Path) -> None:
        parent = self._at(loc[:-1])
        if isinstance(parent, list):
            self.leaving.setdefault(id(parent), (parent, set()))[1].add(int(loc[-1]))
        else:
            parent.pop(loc[-1], None)

    def _at(self, loc: Path) -> Any:
        return _found(self.working, loc)

    def _origin(self, loc: Path) -> Path:
        """Return the place in the sender's document of a place in what is left of it."""
        path: list[str | int] = []
        found = self.working
        for step in loc:
            _, origins = self.origins.get(id(found), (found, None))
            path.append(origins[int(step)] if origins else step)
            found = _found(found, (step,))
        return tuple(path)

    def reading(self, valid: M) -> Reading[M]:
        """Return what was read, and what was taken out: each value once, with the whole that it went with."""
        details = self.taken | self.beyond
        outermost = [path for path in details if not any(path[:length] in self.taken for length in range(len(path)))]
        kept = tuple(
            not_understood(path, self.rest.get(path, _found(self.given, path)), details[path])
            for path in outermost[:VALUES_KEPT]
        )
        return Reading(valid, kept, len(outermost) - len(kept) + self.more)


def as_story(given: Any, longest: int) -> str:
    """Return as text what was sent for a story, whatever its shape: it is for people to read."""
    text = given if isinstance(given, str) else as_json(given).decode()
    return text.strip()[:longest]


def _pattern(loc: Path) -> str:
    return "".join("/*" if isinstance(step, int) else f"/{step}" for step in loc)


def _found(value: Any, path: Path) -> Any:
    """Return what stands at a place; None where nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _has(value: Any, step: str | int) -> bool:
    """Tell whether there is such a place; pydantic also names the kinds that it tried there."""
    return step in value if isinstance(value, dict) else isinstance(value, list) and isinstance(step, int)


@cache
def _parts_of(model: type[BaseModel]) -> Mapping[str, type[BaseModel] | None]:
    """Return the fields of a model, each with the model of what stands there, or of its items."""
    return {name: next(_models_in(part.annotation), None) for name, part in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
