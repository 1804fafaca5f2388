"""The hub as data: hours, telephone numbers, councils, texts and code lists. Read once by each process at start."""

import re
from collections.abc import Mapping
from datetime import date, time
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.problems import Problem

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hours = tuple[time, time]
Colour = Literal["blue", "green", "amber", "red"]
ParallelRouteName = Literal["lado", "prevent", "nrm", "marac", "private_fostering"]
M = TypeVar("M", bound=BaseModel)
STATUTORY_LEVEL = 4
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class HubUnreadable(Problem):
    """A file of the hub is missing or says something that the hub cannot be; the detail names file and place."""

    title, status, slug = "The hub's files cannot be read", 500, "hub-unreadable"


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Phone(Frozen):
    who: str
    phone: str


class Phones(Frozen):
    emergency: Phone
    in_hours: Phone
    out_of_hours: Phone


class Webhooks(Frozen):
    verification_required: bool = True


class Term(Frozen):
    """How long something may take, in one unit: time that runs on while the hub is closed, open hours, working days."""

    minutes: int | None = Field(None, gt=0)
    hours: int | None = Field(None, gt=0)
    open_hours: int | None = Field(None, gt=0)
    working_days: int | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _one_unit(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            msg = "say one of minutes, hours, open_hours or working_days"
            raise ValueError(msg)
        return self


def _every_colour(terms: Mapping[Colour, Term]) -> Mapping[Colour, Term]:
    if set(get_args(Colour)) - terms.keys():
        msg = "give every colour its term"
        raise ValueError(msg)
    return terms


ByColour = Annotated[Mapping[Colour, Term], AfterValidator(_every_colour)]


class SoonBefore(Frozen):
    """How many minutes before a clock of a kind runs out it is said that it soon does."""

    statutory: int = Field(60, gt=0)
    colour: int = Field(60, gt=0)
    needed_by: int = Field(60, gt=0)
    new_information: int = Field(60, gt=0)
    information_request: int = Field(60, gt=0)
    parallel_route: int = Field(60, gt=0)
    challenge: int = Field(60, gt=0)
    offer: int = Field(60, gt=0)
    offer_start: int = Field(60, gt=0)


class Duty(Frozen):
    """Who is paged, and where; each of the line in turn."""

    who: str
    email: str


class Clocks(Frozen):
    """The times that the hub itself sets; `handover_at` is local, when the day's staff take over from the night's."""

    colour: ByColour
    new_information: ByColour
    parallel_routes: Mapping[ParallelRouteName, Term]
    acknowledgement: Term
    next_in_line: Term
    duty: tuple[Duty, ...] = Field(min_length=1)
    soon_before: SoonBefore = SoonBefore()
    handover_at: time


class Stage(Frozen):
    """A stage of professional disagreement: the role of staff that answers it, and within what time."""

    role: Literal["screener", "social_worker", "manager", "out_of_hours"]
    within: Term


class Escalation(Frozen):
    stages: tuple[Stage, ...] = Field(min_length=1)


class ParallelDuty(Frozen):
    """Who has a duty that runs beside the decision; a child with one of `indicators` calls for it by itself."""

    owner: str
    indicators: tuple[str, ...] = ()


class EarlyHelp(Frozen):
    """How long a provider has to accept an offer, and then to meet the family."""

    accept: Term
    start: Term


class CodeItem(Frozen):
    code: str
    label: str


class CodeList(Frozen):
    """A code set; where `pattern` is given, every code that it matches is taken and `items` are the common ones."""

    name: str
    title: str
    items: tuple[CodeItem, ...]
    pattern: str | None = None

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(item.code for item in self.items)

    def takes(self, code: str) -> bool:
        if self.pattern is not None:
            return re.fullmatch(self.pattern, code, re.ASCII) is not None
        return code in self.codes


class Indicator(BaseModel):
    """One sign of need or harm, from `facts.yaml`; `level` 1-4 as the threshold document places it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    label: str
    level: int
    domain: str


class Hub(Frozen):
    """One front door. Hours are local to `time_zone`; `districts` maps the ONS code of a council to its districts."""

    name: str
    time_zone: ZoneInfo
    opening_hours: Mapping[Weekday, Hours]
    closed_days: frozenset[date] = frozenset()
    open_days: Mapping[date, Hours] = {}
    phones: Phones
    feedback: Mapping[str, str]
    next_step: Mapping[str, str]
    councils: Mapping[str, str]
    districts: Mapping[str, tuple[str, ...]]
    clocks: Clocks
    partner_reply: ByColour
    challenge: Escalation
    early_help: EarlyHelp
    kept_for_known_worker_minutes: int = Field(ge=0)
    no_cases: frozenset[str] = frozenset()
    parallel_routes: Mapping[ParallelRouteName, ParallelDuty]
    webhooks: Webhooks = Webhooks()
    indicators: tuple[Indicator, ...]
    code_lists: Mapping[str, CodeList]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.opening_hours:
            msg = "opening_hours: name at least one weekday"
            raise ValueError(msg)
        if any(opens >= closes for opens, closes in (*self.opening_hours.values(), *self.open_days.values())):
            msg = "opening_hours: a day opens before it closes"
            raise ValueError(msg)
        if set(get_args(ParallelRouteName)) - (self.parallel_routes.keys() & self.clocks.parallel_routes.keys()):
            msg = "parallel_routes: give every route its owner, and its term under clocks"
            raise ValueError(msg)
        if self.districts.keys() - self.councils.keys():
            msg = "districts: every council must stand under councils"
            raise ValueError(msg)
        return self

    @cached_property
    def level_4_indicators(self) -> frozenset[str]:
        return frozenset(indicator.code for indicator in self.indicators if indicator.level == STATUTORY_LEVEL)


def load_hub(folder: Path) -> Hub:
    """Read `hub.yaml`, the indicators of `facts.yaml`, and `codes/*.yaml`. The caller keeps the hub.

    Raises `HubUnreadable`.
    """
    facts, path = folder / "facts.yaml", folder / "hub.yaml"
    indicators = [_validated(Indicator, entry, facts) for entry in _read(facts).get("indicators", ())]
    code_lists = [_validated(CodeList, _read(codes), codes) for codes in sorted((folder / "codes").glob("*.yaml"))]
    code_lists.append(
        CodeList(
            name="indicators",
            title="Indicators: signs of need, of strength and of harm",
            items=tuple(CodeItem(code=indicator.code, label=indicator.label) for indicator in indicators),
        )
    )
    lists = {code_list.name: code_list for code_list in code_lists}
    return _validated(Hub, {**_read(path), "indicators": indicators, "code_lists": lists}, path)


def _validated(model: type[M], content: Any, path: Path) -> M:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        places = (f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
        raise HubUnreadable(f"{path}: {'; '.join(places)}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise HubUnreadable(f"{path}: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise HubUnreadable(f"{path}: a mapping is expected at the top")
    return content
