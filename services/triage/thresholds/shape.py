"""Holds a file against its pydantic model and says in plain words where it does not fit. Used while loading."""

from collections.abc import Iterator
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from services.triage.thresholds.complaints import Complaints, Place, suggest


class Strict(BaseModel):
    """A part of a file: nothing beyond what it names, no value turned into another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


Shape = TypeVar("Shape", bound=Strict)

_WORDS = {
    "missing": "{name} is missing. Add it here.",
    "string_type": "{name} must be text. Put it in quotation marks.",
    "string_too_short": "{name} is empty. Write it, or take the line out.",
    "int_type": "{name} must be a whole number, written in digits without quotation marks.",
    "bool_type": "{name} must be true or false.",
    "list_type": "{name} must be a list. Write it in square brackets, or one item a line after a dash.",
    "dict_type": "{name} must be a group of names with values.",
    "model_type": "{name} must be a group of names with values.",
    "literal_error": "{name} must be {expected}. Choose one of them.",
    "enum": "{name} must be {expected}. Choose one of them.",
    "greater_than_equal": "{name} must be {ge} or more. Change it.",
    "less_than_equal": "{name} must be {le} or less. Change it.",
    "too_long": "{name} holds more than {max_length}. Take some out, or split the policy.",
    "too_short": "{name} needs {min_length} or more. Add what is missing.",
    "value_error": "{error}",
}


def shape(model: type[Shape], complaints: Complaints) -> Shape | None:
    """Read the file as its model; None, with every misfit added to the complaints, where it does not fit."""
    try:
        return model.model_validate(complaints.source.tree)
    except ValidationError as error:
        for misfit in error.errors(include_url=False, include_input=False):
            place = misfit["loc"]
            complaints.add(place, _in_words(model, misfit["type"], place, misfit.get("ctx", {})))
        return None


def _in_words(model: type[Strict], kind: str, place: Place, context: dict[str, Any]) -> str:
    if kind == "extra_forbidden":
        return f'"{place[-1]}" is not a name that belongs here. {suggest(place[-1], set(_names(model)))}'
    words = _WORDS.get(kind, "{name} cannot be read. Compare it with the sample policy.")
    return words.format(name=_name(place), **context)


def _name(place: Place) -> str:
    named = [step for step in place if isinstance(step, str)]
    if not named:
        return "The file"
    return f'"{named[-1]}"' if isinstance(place[-1], str) else f'Item {int(place[-1]) + 1} of "{named[-1]}"'


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for part in _models(field.annotation):
            yield from _names(part)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
