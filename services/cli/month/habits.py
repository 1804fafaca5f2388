"""How the people of a simulated month behave: shares and hours from the hub's `month.yaml`, and chances by the seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from services.cli.synthetic import Cast, load_cast, unknown_codes
from shared.settings.files import Count, Frozen, HubUnreadable, Line, LocalDay, LocalTime, read_file, validated
from shared.settings.hub import Hub, load_hub

HOURS_OF_A_DAY = 24
Span = tuple[Annotated[int, Field(strict=True, ge=0)], Annotated[int, Field(strict=True, ge=0)]]


def _in_order(span: Span) -> Span:
    if span[0] >= span[1]:
        raise ValueError("write the lower number first")
    return span


def _of_a_day(hours: Span) -> Span:
    if hours[1] > HOURS_OF_A_DAY:
        raise ValueError("a day has 24 hours")
    return hours


Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
Minutes = Annotated[Span, AfterValidator(_in_order)]
Hours = Annotated[Minutes, AfterValidator(_of_a_day)]


class Arrival(Frozen):
    """When an agency refers: within these hours, less on weekends, and a share together at night."""

    hours: Hours
    weekends: Share
    batch_at: LocalTime | None = None
    batched: Share = 0.0


class StaffHabit(Frozen):
    contacts_a_day: Count
    screener_for: Count
    minutes: Minutes
    minutes_at_night: Minutes
    asks: Share
    decides_otherwise: Share
    section_47: Share
    lowers: Share
    countersigner_refuses: Share
    reverses: Share
    same_person: Share
    codings: Annotated[tuple[tuple[Line, ...], ...], Field(min_length=1)]


class AskedHabit(Frozen):
    silent: Share
    refuses: Share


class ProviderHabit(Frozen):
    silent: Share
    has_no_place: Share
    family_refuses: Share
    never_starts: Share
    steps_up: Share
    closes: Share


class ProviderHabits(Frozen):
    places_for: Count
    every: ProviderHabit
    those: Mapping[Line, Mapping[Line, Share]]

    @model_validator(mode="after")
    def _of_habits(self) -> Self:
        if strange := {name for own in self.those.values() for name in own} - ProviderHabit.model_fields.keys():
            raise ValueError(f"those: a provider has no {', '.join(sorted(strange))}")
        return self

    def of(self, provider: str) -> ProviderHabit:
        return self.every.model_copy(update=self.those.get(provider, {}))


class Habits(Frozen):
    begins: Annotated[LocalDay, Field(ge=date(1970, 1, 1), lt=date(2200, 1, 1))]
    arrivals: Mapping[Line, Arrival]
    staff: StaffHabit
    asked: AskedHabit
    providers: ProviderHabits


def load_habits(hub_dir: Path) -> Habits:
    """Raise `HubUnreadable` where `month.yaml` is not there, or does not fit the hub and its cast."""
    path = hub_dir / "month.yaml"
    return habits_of(read_file(path), path, load_hub(hub_dir), load_cast(hub_dir))


def habits_of(content: Any, path: Path, hub: Hub, cast: Cast) -> Habits:
    """Return what `month.yaml` holds; raises `HubUnreadable`."""
    habits = validated(Habits, content, path)
    missing = sorted(cast.referrers.keys() - habits.arrivals.keys())
    strange = unknown_codes(hub, "indicators", (code for codes in habits.staff.codings for code in codes))
    wrong = {
        f"arrivals: say when {', '.join(missing)} refers": bool(missing),
        f"staff: codings: facts.yaml has no indicator {strange}": bool(strange),
    }
    if found := [complaint for complaint, holds in wrong.items() if holds]:
        raise HubUnreadable(f"{path}: {'; '.join(found)}")
    return habits


@dataclass(frozen=True)
class Chances:
    """One seed, and from it the same chance for the same question, in whatever order questions are asked."""

    seed: int

    def of(self, *question: Any) -> Random:
        return Random("/".join(map(str, (self.seed, *question))))  # noqa: S311 - invented people, not secrets
