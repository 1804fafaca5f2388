"""What arrives in a simulated month: who refers whom, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from services.cli.month.habits import Arrival, Chances, Habits
from services.cli.synthetic import Cast, synthetic_referrals

SATURDAY = 5


@dataclass(frozen=True)
class Contact:
    """One referral of a month, by its number; `at` is when it is sent, in UTC."""

    number: int
    at: datetime
    agency: str
    document: dict[str, Any]


def days_of(begins: date) -> list[date]:
    """Return the days of the month that begins on this day."""
    ends = (begins.replace(day=1) + timedelta(days=32)).replace(day=1)
    return [begins + timedelta(days=n) for n in range((ends - begins).days)]


def contacts_of(cast: Cast, habits: Habits, chances: Chances, count: int, zone: ZoneInfo) -> Sequence[Contact]:
    """Return the contacts in the order in which they come."""
    made = islice(synthetic_referrals(cast, chances.seed, habits.begins), count)
    days = days_of(habits.begins)
    contacts = []
    for number, (agency, document) in enumerate(made):
        at = _arrives_at(chances.of("arrival", number), habits.arrivals[agency], days, zone)
        concern = {**document["concern"], "happened_on": (at.date() - timedelta(days=number % 4)).isoformat()}
        contacts.append(Contact(number, at, agency, {**document, "concern": concern}))
    return sorted(contacts, key=lambda contact: (contact.at, contact.number))


def _arrives_at(chance: Random, arrival: Arrival, days: Sequence[date], zone: ZoneInfo) -> datetime:
    weights = [arrival.weekends if day.weekday() >= SATURDAY else 1.0 for day in days]
    day = chance.choices(days, weights)[0]
    if arrival.batch_at is not None and chance.random() < arrival.batched:
        at = datetime.combine(day, arrival.batch_at, zone) + timedelta(seconds=chance.randrange(900))
    else:
        seconds = chance.randrange(arrival.hours[0] * 3600, arrival.hours[1] * 3600)
        at = datetime.combine(day, time(), zone) + timedelta(seconds=seconds)
    return at.astimezone(UTC)
