"""A simulated month, from its first contact to its last moment."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

import uvloop

from services.cli.month.agenda import Agenda
from services.cli.month.calls import Calls
from services.cli.month.casework import Casework
from services.cli.month.contacts import Contact, contacts_of, days_of
from services.cli.month.figures import Month, month_of
from services.cli.month.front import Front, opened, prepared, temporary_folder
from services.cli.month.habits import Chances, Habits, load_habits
from services.cli.month.partners import Partners
from services.cli.month.staff import Team, team_for
from services.cli.synthetic import load_cast
from services.front_door.databases import DatabaseUrls
from services.front_door.postgres import temporary_server
from services.triage.actions.directory import set_capacity
from services.triage.queries.directory import load_directory, week_of
from shared.db import transaction
from shared.settings.demo import load_demo
from shared.settings.hub import load_hub

PROVIDER = "early-help:respond"
ASKED = "information:respond"
FEED_READ_AFTER = {PROVIDER: timedelta(hours=5), ASKED: timedelta(hours=3)}

Told = Callable[[str], None]


def simulate(contacts: int, seed: int, hub_dir: Path, tell: Told) -> Month:
    """Live through a month of so many contacts, and return what became of them; `tell` hears of each day as it ends."""
    habits, cast = load_habits(hub_dir), load_cast(hub_dir)
    hub, chances = load_hub(hub_dir), Chances(seed)
    coming = contacts_of(cast, habits, chances, contacts, hub.time_zone)
    with temporary_server() as admin_url, temporary_folder() as folder:
        places = prepared(Path(folder), admin_url)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_live(admin_url, places, Path(folder), hub_dir, habits, chances, coming, tell))


async def _live(
    admin_url: str, places: dict[str, DatabaseUrls], folder: Path, hub_dir: Path,
    habits: Habits, chances: Chances, coming: Sequence[Contact], tell: Told,
) -> Month:  # fmt: skip
    days, zone = days_of(habits.begins), load_hub(hub_dir).time_zone
    begins_at = datetime.combine(days[0], time(), zone).astimezone(UTC)
    ends_at = datetime.combine(days[-1] + timedelta(days=1), time(), zone).astimezone(UTC)
    async with AsyncExitStack() as stack:
        front = await stack.enter_async_context(opened(admin_url, places, folder, hub_dir, begins_at))
        calls = await stack.enter_async_context(Calls(front))
        await _fit_places(front, habits, len(coming))
        agenda, numbers = Agenda(front), dict[str, int]()
        team = _people(agenda, calls, habits, chances, numbers, len(coming), ends_at)
        for contact in coming:
            agenda.put(contact.at, partial(_submit, calls, contact, numbers))
        for day in days:
            at = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
            agenda.put(at, partial(_tell_day, tell, day, numbers))
        await agenda.live(ends_at, team.look)
        return await month_of(front, calls, list(numbers))


async def _submit(calls: Calls, contact: Contact, numbers: dict[str, int]) -> None:
    reply = await calls.as_agency(contact.agency, "POST", "/v1/referrals", contact.document)
    numbers[reply.document["id"]] = contact.number


async def _tell_day(tell: Told, day: date, numbers: Mapping[str, int]) -> None:
    tell(f"{day:%a %d %b}  {len(numbers):,} contacts so far")


def _people(
    agenda: Agenda, calls: Calls, habits: Habits, chances: Chances, numbers: dict[str, int],
    contacts: int, ends_at: datetime,
) -> Team:  # fmt: skip
    """Return the staff, with everybody's first doings on the agenda."""
    agencies = load_demo(agenda.front.hub_dir).agencies
    answering = [slug for slug, agency in agencies.items() if ASKED in agency.scopes]
    social_workers, screeners = team_for(contacts, habits.staff)
    casework = Casework(agenda, calls, chances, habits.staff, social_workers, answering, numbers)
    partners = Partners(agenda, calls, chances, habits.providers, habits.asked, numbers)
    for slug, agency in agencies.items():
        for scope, after in FEED_READ_AFTER.items():
            if scope in agency.scopes:
                agenda.put(agenda.now, partial(partners.follow, slug, after))
    team = Team(agenda, casework)
    team.begin([*social_workers, *screeners], ends_at)
    return team


async def _fit_places(front: Front, habits: Habits, contacts: int) -> None:
    """Let there be as many places as so many contacts ask for, at the least one."""
    async with transaction(front.db) as session:
        _, free = await load_directory(session)
        for (slug, band), places in free.items():
            fitting = max(1, round(places * contacts / habits.providers.places_for))
            await set_capacity(session, slug, band, fitting, week_of(habits.begins))
