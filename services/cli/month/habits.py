"""How the people of a simulated month behave: shares and hours from the hub's `month.yaml`, and chances by the seed."""

from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from random import Random
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict


class Habit(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Arrival(Habit):
    """When an agency refers: within these hours, less on weekends, and a share together at night."""

    hours: tuple[int, int]
    weekends: float
    batch_at: time | None = None
    batched: float = 0.0


class StaffHabit(Habit):
    contacts_a_day: int
    screener_for: int
    minutes: tuple[int, int]
    minutes_at_night: tuple[int, int]
    asks: float
    decides_otherwise: float
    section_47: float
    lowers: float
    countersigner_refuses: float
    reverses: float
    same_person: float
    codings: list[list[str]]


class AskedHabit(Habit):
    silent: float
    refuses: float


class ProviderHabit(Habit):
    silent: float
    has_no_place: float
    family_refuses: float
    never_starts: float
    steps_up: float
    closes: float


class ProviderHabits(Habit):
    places_for: int
    every: ProviderHabit
    those: dict[str, dict[str, float]]

    def of(self, provider: str) -> ProviderHabit:
        return self.every.model_copy(update=self.those.get(provider, {}))


class Habits(Habit):
    begins: date
    arrivals: dict[str, Arrival]
    staff: StaffHabit
    asked: AskedHabit
    providers: ProviderHabits


def load_habits(hub_dir: Path) -> Habits:
    return Habits.model_validate(yaml.safe_load((hub_dir / "month.yaml").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Chances:
    """One seed, and from it the same chance for the same question, in whatever order questions are asked."""

    seed: int

    def of(self, *question: Any) -> Random:
        return Random("/".join(map(str, (self.seed, *question))))  # noqa: S311 - invented people, not secrets
