"""The hub as data: hours, telephone numbers, councils, texts and code lists. Read once by each process at start."""

from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from shared.identifiers import OUTWARD
from shared.settings.codes import CodeList, Indicator, load_code_lists, load_indicators, named_twice
from shared.settings.files import Count, Frozen, Line, LocalDay, LocalTime, Words, read_file, validated

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Hours = tuple[LocalTime, LocalTime]
Colour = Literal["blue", "green", "amber", "red"]
StaffRole = Literal["screener", "social_worker", "manager", "out_of_hours", "auditor", "admin"]
ParallelRouteName = Literal["lado", "prevent", "nrm", "marac", "private_fostering"]
CouncilCode = Annotated[str, StringConstraints(pattern=r"^[EWSN][0-9]{8}$")]
District = Annotated[str, StringConstraints(pattern=f"^{OUTWARD}$")]
YEAR = timedelta(days=366)
"""No term of a hub is longer; far beyond, a clock would leave the calendar."""

Minutes = Annotated[Count, Field(le=YEAR.days * 24 * 60)]
STATUTORY_LEVEL = 4
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Phone(Frozen):
    who: Line
    phone: Line


class Phones(Frozen):
    emergency: Phone
    in_hours: Phone
    out_of_hours: Phone


class Webhooks(Frozen):
    verification_required: bool = True


class Term(Frozen):
    """How long something may take, in one unit: time that runs on while the hub is closed, open hours, working days."""

    minutes: Annotated[Count, Field(le=YEAR.days * 24 * 60)] | None = None
    hours: Annotated[Count, Field(le=YEAR.days * 24)] | None = None
    open_hours: Annotated[Count, Field(le=YEAR.days * 24)] | None = None
    working_days: Annotated[Count, Field(le=YEAR.days)] | None = None

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

    statutory: Minutes = 60
    colour: Minutes = 60
    needed_by: Minutes = 60
    new_information: Minutes = 60
    information_request: Minutes = 60
    parallel_route: Minutes = 60
    challenge: Minutes = 60
    offer: Minutes = 60
    offer_start: Minutes = 60


class Duty(Frozen):
    """Who is paged, and where; each of the line in turn."""

    who: Line
    email: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+$")]


class Clocks(Frozen):
    """The times that the hub itself sets; `handover_at` is local, when the day's staff take over from the night's."""

    colour: ByColour
    new_information: ByColour
    parallel_routes: Mapping[ParallelRouteName, Term]
    acknowledgement: Term
    next_in_line: Term
    duty: tuple[Duty, ...] = Field(min_length=1)
    soon_before: SoonBefore = SoonBefore()
    handover_at: LocalTime


class Stage(Frozen):
    """A stage of professional disagreement: the role of staff that answers it, and within what time."""

    role: Literal["screener", "social_worker", "manager", "out_of_hours"]
    within: Term


class Escalation(Frozen):
    stages: tuple[Stage, ...] = Field(min_length=1)


class ParallelDuty(Frozen):
    """Who has a duty that runs beside the decision; a child with one of `indicators` calls for it by itself."""

    owner: Line
    indicators: tuple[str, ...] = ()


class Colleague(Frozen):
    """A member of staff whom the hub names: `sub` as `issuer` says it, which is the hub's own provider where absent."""

    sub: Line
    name: Line
    roles: frozenset[StaffRole] = Field(min_length=1)
    issuer: Line | None = None


class EarlyHelp(Frozen):
    """How long a provider has to accept an offer, and then to meet the family."""

    accept: Term
    start: Term


def _minutes(at: time) -> float:
    return at.hour * 60 + at.minute + at.second / 60


def _terms(part: object, place: tuple[str, ...]) -> Iterator[tuple[str, Term]]:
    """Yield every term within a part of the hub, with its place."""
    match part:
        case Term():
            yield ".".join(place), part
        case BaseModel():
            yield from _terms({name: getattr(part, name) for name in type(part).model_fields}, place)
        case Mapping():
            for name, item in part.items():
                yield from _terms(item, (*place, str(name)))
        case tuple():
            yield from _terms(dict(enumerate(part)), place)
        case _:
            pass


class Hub(Frozen):
    """One front door. Hours are local to `time_zone`; `districts` maps the ONS code of a council to its districts."""

    name: Line
    time_zone: ZoneInfo
    opening_hours: Mapping[Weekday, Hours]
    closed_days: frozenset[LocalDay] = frozenset()
    open_days: Mapping[LocalDay, Hours] = {}
    phones: Phones
    feedback: Mapping[str, Words]
    next_step: Mapping[str, Words]
    councils: Annotated[Mapping[CouncilCode, Line], Field(min_length=1)]
    districts: Mapping[CouncilCode, tuple[District, ...]]
    clocks: Clocks
    partner_reply: ByColour
    challenge: Escalation
    early_help: EarlyHelp
    kept_for_known_worker_minutes: Annotated[int, Field(strict=True, ge=0, le=YEAR.days * 24 * 60)]
    no_cases: frozenset[Line] = frozenset()
    staff: tuple[Colleague, ...] = ()
    teams: Mapping[Line, Line] = Field(default_factory=dict)
    parallel_routes: Mapping[ParallelRouteName, ParallelDuty]
    webhooks: Webhooks = Webhooks()
    indicators: tuple[Indicator, ...]
    code_lists: Mapping[str, CodeList]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        hours = (*self.opening_hours.values(), *self.open_days.values())
        routes = set(get_args(ParallelRouteName)) - (self.parallel_routes.keys() & self.clocks.parallel_routes.keys())
        called_by = {code for duty in self.parallel_routes.values() for code in duty.indicators}
        strange = sorted(called_by - {indicator.code for indicator in self.indicators})
        shared = named_twice(district for districts in self.districts.values() for district in districts)
        double = named_twice((*(colleague.sub for colleague in self.staff), *self.teams))
        known = {*(colleague.sub for colleague in self.staff), *self.teams}
        nobody = sorted({duty.owner for duty in self.parallel_routes.values()} - known)
        wrong = {
            "opening_hours: name at least one weekday": not self.opening_hours,
            "opening_hours: a day opens before it closes": any(opens >= closes for opens, closes in hours),
            "parallel_routes: give every route its owner, and its term under clocks": bool(routes),
            f"parallel_routes: facts.yaml has no indicator {', '.join(strange)}": bool(strange),
            f"parallel_routes: nobody under teams or staff is {', '.join(nobody)}": bool(nobody),
            "districts: every council must stand under councils": bool(self.districts.keys() - self.councils.keys()),
            f"districts: {shared} stands twice; a district that councils share stands nowhere": bool(shared),
            f"staff, teams: {double} stands twice; give everybody a name of their own": bool(double),
        }
        if found := [complaint for complaint, holds in wrong.items() if holds]:
            raise ValueError("; ".join(found))
        return self

    @model_validator(mode="after")
    def _within_a_year(self) -> Self:
        """Terms in open hours and working days take long where the hub is seldom open."""
        weekly = sum((_minutes(closes) - _minutes(opens) for opens, closes in self.opening_hours.values()), 0)
        weeks = {
            place: max((term.open_hours or 0) * 60 / weekly, (term.working_days or 0) / len(self.opening_hours))
            for place, term in _terms(self, ())
        }
        if beyond := [place for place, count in weeks.items() if count > YEAR.days / 7]:
            raise ValueError(f"opening_hours: so few that {', '.join(beyond)} would take longer than a year")
        return self

    @cached_property
    def duty_owners(self) -> Mapping[str, str]:
        """Return the teams, and whoever has a duty beside by `parallel_routes`, each with a name for people."""
        return {duty.owner: duty.owner for duty in self.parallel_routes.values()} | dict(self.teams)

    @cached_property
    def level_4_indicators(self) -> frozenset[str]:
        return frozenset(indicator.code for indicator in self.indicators if indicator.level == STATUTORY_LEVEL)


def load_hub(folder: Path) -> Hub:
    """Read `hub.yaml`, the indicators of `facts.yaml`, and `codes/*.yaml`. The caller keeps the hub.

    Raises `HubUnreadable`.
    """
    indicators = load_indicators(folder)
    path, code_lists = folder / "hub.yaml", load_code_lists(folder, indicators)
    return validated(Hub, {**read_file(path), "indicators": indicators, "code_lists": code_lists}, path)
