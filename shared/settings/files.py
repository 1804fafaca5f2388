"""The hub's files as they are read: strict YAML against a model, with file and place where one does not fit."""

import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from shared.problems import Problem

T = TypeVar("T")
NAMED_AT_MOST = 5
WORDS = {
    "missing": "it must be there",
    "extra_forbidden": "nothing of this name belongs here; correct it, or take it out",
    "string_pattern_mismatch": "this is not how it is written; compare it with the starter hub",
}
"""What is said in place of the library's words."""

_is_time = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII).fullmatch
_is_day = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch


class HubUnreadable(Problem):
    """A file of the hub is missing or says something that the hub cannot be; the detail names file and place."""

    title, status, slug = "The hub's files cannot be read", 500, "hub-unreadable"


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _plainly(at: object) -> object:
    """Refuse what YAML or a parser would make of a time: 08:30 without quotation marks is a number, half a day off."""
    if isinstance(at, time) or (isinstance(at, str) and _is_time(at)):
        return at
    raise ValueError('write a time in quotation marks, as "08:30"')


def _as_day(on: object) -> object:
    if (isinstance(on, date) and not isinstance(on, datetime)) or (isinstance(on, str) and _is_day(on)):
        return on
    raise ValueError("write a day as 2026-12-25")


LocalTime = Annotated[time, BeforeValidator(_plainly)]
LocalDay = Annotated[date, BeforeValidator(_as_day)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Line = Annotated[Words, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$")]
Count = Annotated[int, Field(strict=True, gt=0)]


class _Loader(yaml.CSafeLoader):
    """Refuses a key that stands twice, of which YAML silently takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and keys.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands here twice", key.start_mark)
        return super().construct_mapping(node, deep)


def read_file(path: Path) -> dict[str, Any]:
    """Return what a YAML file holds; raises `HubUnreadable`."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader
    except (OSError, ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise HubUnreadable(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise HubUnreadable(f"{path}: a mapping is expected at the top")
    return content


def validated(form: type[T], content: Any, path: Path) -> T:
    """Return the content as what it is meant to be; raises `HubUnreadable` with the first places that do not fit."""
    try:
        return TypeAdapter(form).validate_python(content)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False, include_context=False)
        places = (_in_words(found["loc"], WORDS.get(found["type"], found["msg"])) for found in errors[:NAMED_AT_MOST])
        raise HubUnreadable(" ".join(f"{path}: {'; '.join(places)}".split())) from error


def _in_words(place: tuple[int | str, ...], complaint: str) -> str:
    return ": ".join([*filter(None, [".".join(map(str, place))]), complaint.removeprefix("Value error, ")])
