"""Wrong files of a hub, and all that a front door does with a hub that loads: from what referrers send to outcomes."""

import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import yaml

from services.cli.month.contacts import contacts_of
from services.cli.month.habits import Chances, Habits
from services.cli.month.staff import team_for
from services.cli.synthetic import Cast, synthetic_referrals
from services.referrals.domain import call_now_of, quality_of
from services.referrals.schemas import parse_referral, read_referral
from services.triage.clocks import ClockKind, colour_due_at, steps_of
from services.triage.domain import (
    History,
    Outcome,
    PolicyUnreadable,
    council_of,
    duties_of,
    facts_of,
    highest,
    misfits_of,
)
from services.triage.pages import words
from services.triage.routing import choose, seeker_of
from services.triage.thresholds import Policy, PolicyError, assess
from shared.calendar import decision_due_at, is_open, next_opening, night_before, term_ends_at
from shared.http.lenient import Document
from shared.settings.codes import CODE_LISTS
from shared.settings.files import HubUnreadable
from shared.settings.hub import Colour, Hub, ParallelRouteName
from tests.conftest import EXAMPLES, HUB_FOLDER
from tests.hubs import Path as Place
from tests.hubs import changed, mutations
from tests.triage.directory import starter_directory

MOMENTS = [datetime(2026, 12, 24, hour, 40, tzinfo=UTC) for hour in (2, 12, 23)]
REFERRALS: list[dict[str, Any]] = [json.loads(path.read_bytes()) for path in sorted(EXAMPLES.glob("*.json"))]
POLICY, FACTS, DEMO = (HUB_FOLDER / name for name in ("policy.yaml", "facts.yaml", "demo.yaml"))
CONTACTS = 30
DIRECTORY = starter_directory()


def tree_of(path: Path) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tree


def sample(tree: dict[str, Any], most: int) -> list[tuple[Place, dict[str, Any]]]:
    """Return so many of the changes that can be made to a tree, the same at each run, each with its place."""
    found = list(mutations(tree))
    taken = random.Random(11).sample(found, min(most, len(found)))
    return [(place, changed(tree, place, change)) for place, change in taken]


def written(path: Path, tree: Any) -> Path:
    path.write_text(json.dumps(tree, default=str), encoding="utf-8")
    return path


def complaint_of(load: Callable[[], Any]) -> str:
    """Return what a file is refused with, empty where it loads."""
    try:
        load()
    except HubUnreadable as error:
        return error.detail
    return ""


def refused_or_used(load: Callable[[], tuple[Hub, Policy]]) -> str:
    """Return the complaint, or an empty one where the twelve examples come to their outcomes."""
    try:
        hub, policy = load()
    except (HubUnreadable, PolicyUnreadable) as error:
        return error.detail
    except PolicyError as error:
        return str(error.complaints[0])
    if misfits := list(misfits_of(policy, hub)):
        return " ".join(misfits)
    use(hub, policy)
    return ""


def use(hub: Hub, policy: Policy) -> None:
    """Read and judge the examples, run every clock, and word what pages show."""
    for referral in REFERRALS:
        document = read_referral(Document(referral), hub, "2A", MOMENTS[0]).document()
        quality_of(document, MOMENTS[0].date())
        call_now_of(document, hub, MOMENTS[0])
        judge(hub, policy, document)
    for at in MOMENTS:
        run_clocks(hub, at)
    for name in CODE_LISTS:
        assert words.items(hub, name)
    assert words.filters(hub)
    for duty in hub.clocks.duty:
        EmailMessage()["To"] = duty.email


def judge(hub: Hub, policy: Policy, referral: Mapping[str, Any]) -> None:
    known = {indicator.code for indicator in policy.vocabulary.indicators}
    receipts, seekers = [], []
    for child in range(len(referral["children"])):
        facts = facts_of(referral, child, MOMENTS[0], History(previous_contacts_90_days=9))
        receipt = assess(policy, facts).model_dump(mode="json")
        if {*facts["indicators"], *facts["indicators_ruled_out"]} <= known:  # type: ignore[misc] # both are lists
            assert "assessment_error" not in receipt["review_required"]
        receipts.append(receipt)
        seekers.append(seeker_of(referral, child, council_of(referral, child, hub.districts), receipt))
    route = highest(receipts)["route"]
    choose(DIRECTORY, seekers)
    assert words.ROUTES[Outcome(route)]
    assert hub.feedback[route]
    assert hub.next_step[route]
    called_for = {route: duty.indicators for route, duty in hub.parallel_routes.items()}
    duties_of(referral["concern"].get("indicators") or (), referral.get("household") or (), called_for)


def run_clocks(hub: Hub, at: datetime) -> None:
    statutory = decision_due_at(at, hub)
    assert statutory > at
    assert next_opening(at, hub) > at
    is_open(at, hub)
    night_before(at, hub)
    for colour in get_args(Colour):
        assert colour_due_at(colour, at, statutory, hub) <= statutory
        assert term_ends_at(at, hub.clocks.new_information[colour], hub) > at
        assert term_ends_at(at, hub.partner_reply[colour], hub) > at
    for route in get_args(ParallelRouteName):
        assert hub.parallel_routes[route].owner
        assert term_ends_at(at, hub.clocks.parallel_routes[route], hub) > at
    for term in (hub.early_help.accept, hub.early_help.start, *(stage.within for stage in hub.challenge.stages)):
        assert term_ends_at(at, term, hub) > at
    acknowledged_by = term_ends_at(at, hub.clocks.acknowledgement, hub)
    for kind in ClockKind:
        assert steps_of(kind, at, acknowledged_by, hub)
    assert at - timedelta(minutes=hub.kept_for_known_worker_minutes) < at + timedelta(minutes=1)


def refer(cast: Cast, hub: Hub) -> None:
    """Let everybody of a cast refer, and read what they send."""
    for _, document in islice(synthetic_referrals(cast, 1, MOMENTS[0].date()), CONTACTS):
        parse_referral(document, hub, "10", MOMENTS[0])


def live(habits: Habits, cast: Cast, hub: Hub) -> None:
    """Ask of a month's people all that they do."""
    contacts = contacts_of(cast, habits, Chances(1), CONTACTS, hub.time_zone)
    assert len(contacts) == CONTACTS
    assert all(team_for(CONTACTS, habits.staff))
    chance, staff = Chances(1).of(""), habits.staff
    assert staff.minutes[0] <= chance.uniform(*staff.minutes) <= staff.minutes[1]
    assert staff.minutes_at_night[0] <= chance.uniform(*staff.minutes_at_night) <= staff.minutes_at_night[1]
    assert set(chance.choice(staff.codings)) <= {*hub.code_lists["indicators"].codes}
    for provider in ("", *habits.providers.those):
        assert all(0 <= share <= 1 for share in habits.providers.of(provider).model_dump().values())
    assert round(CONTACTS / habits.providers.places_for) >= 0
