"""The directory of early help: imported, narrowed, and its places kept week by week."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from services.triage.actions.directory import forget_old_capacity, import_directory, set_capacity
from services.triage.actions.postcodes import import_postcodes
from services.triage.domain import BandUnknown, DirectoryUnreadable, PostcodesUnreadable, ServiceUnknown
from services.triage.models import HelpCapacity, HelpService
from services.triage.queries.directory import capacity_history, load_directory, this_week
from shared.db import transaction
from shared.settings.hub import Hub
from tests.fakes import as_partner
from tests.triage.conftest import Front, example
from tests.triage.directory import LISTINGS, starter_directory

HUB, BAND = "towcester-family-hub", "72-239"
ONS = """pcds,oslaua,lat,long
NN12 6XX,E06000062,52.1330,-0.9900
NN12 6XY,E06000155,52.1331,-0.9901
NN7 1AA,E06000062,52.2000,-1.0000
NN17 1AA,E06000061,99.999999,0.000000
AB1 0AA,S12000033,57.1,-2.1
"""
CHECKER = as_partner("towcester-primary", "thresholds:check")
RHYME_TIME = {
    "id": "5b1f6c1e-4c1e-4a57-9d55-0c6f2f6a9a01",
    "name": "Library rhyme time",
    "status": "active",
    "organization": {"id": "5b1f6c1e-4c1e-4a57-9d55-0c6f2f6a9a02", "name": "Sample Library"},
}


async def names(front: Front, path: str) -> set[str]:
    reply = await front.http.get(path)
    assert reply.status_code == 200
    return {one["name"] if "name" in one else one["service"]["name"] for one in reply.json()["contents"]}


async def load_postcodes(front: Front, hub: Hub, tmp_path: Path) -> int:
    file = tmp_path / "ons.csv"
    file.write_text(ONS)
    async with transaction(front.db) as session:
        return await import_postcodes(session, file, frozenset(hub.councils))


async def test_the_hubs_own_directory_is_there_from_the_start(front: Front) -> None:
    """Triage starts with the services of the hub's file, and with the places that it names."""
    async with transaction(front.db) as session:
        directory, free = await load_directory(session)
    assert {one.slug: one for one in directory} == {one.slug: one for one in starter_directory()}
    assert free == {(one.slug, band.key): band.places for one in directory for band in one.age_bands}


async def test_an_import_replaces_what_was_there(front: Front) -> None:
    """A service that is left out is neither offered nor listed; one that comes back keeps its slug."""
    async with transaction(front.db) as session:
        assert await import_directory(session, json.dumps({"contents": LISTINGS[:1]}).encode()) == 1
        directory, _ = await load_directory(session)
    assert [one.slug for one in directory] == [HUB]
    assert await names(front, "/services") == {"Towcester Family Hub"}
    renamed = {**LISTINGS[0], "name": "A new name"}
    async with transaction(front.db) as session:
        await import_directory(session, json.dumps([renamed, *LISTINGS[1:]]).encode())
        directory, _ = await load_directory(session)
    assert {one.slug for one in directory} == {one.slug for one in starter_directory()}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (b"{", "JSON list"),
        (b"{}", "list"),
        (json.dumps([{**LISTINGS[0], "status": "open"}]).encode(), "/0/status"),
        (json.dumps([LISTINGS[0], LISTINGS[0]]).encode(), "same id"),
    ],
)
async def test_a_directory_with_holes_is_refused(front: Front, document: bytes, place: str) -> None:
    """The places that do not fit are named, and the directory stays as it was."""
    with pytest.raises(DirectoryUnreadable) as refused:
        async with transaction(front.db) as session:
            await import_directory(session, document)
    assert place in refused.value.detail
    assert len(await names(front, "/services")) == len(LISTINGS)


async def test_places_by_week(front: Front) -> None:
    """Places stand from their week on; each of the last twelve months' weeks shows its own, and older rows go."""
    monday = this_week()
    async with transaction(front.db) as session:
        for weeks, places in ((-60, 7), (-56, 8), (-2, 3), (1, 9)):
            await set_capacity(session, HUB, BAND, places, monday + timedelta(weeks=weeks))
    await front.submit(example("03"))
    async with transaction(front.db) as session:
        await forget_old_capacity(session)
        _, free = await load_directory(session)
        shown = [week for week in await capacity_history(session, HUB) if week.band == BAND]
        kept = await session.get(HelpCapacity, (_id(0), BAND, monday + timedelta(weeks=-60)))
    assert free[HUB, BAND] == 40 - 1
    assert kept is None
    assert [week.places for week in shown] == [8] * 49 + [3, 3, 40]
    assert [week.taken for week in shown] == [0] * 51 + [1]


def _id(index: int) -> UUID:

    return UUID(LISTINGS[index]["id"])


async def test_places_of_what_is_not_there(front: Front) -> None:
    """A service or an age band that the directory does not have is named as such."""
    async with transaction(front.db) as session:
        with pytest.raises(ServiceUnknown):
            await set_capacity(session, "nowhere", BAND, 1, this_week())
        with pytest.raises(BandUnknown):
            await set_capacity(session, HUB, "0-1", 1, this_week())


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ("postcode=NN12 6XX", {"Towcester Family Hub", "Trust Targeted Support"}),
        ("postcode=NN16", {"Kettering Family Hub", "Trust Targeted Support"}),
        ("postcode=PE8", set()),
        ("search=wellingborough", {"Wellingborough Family Hub"}),
        ("minimum_age=1", set()),
        ("maximum_age=18", set()),
        (f"taxonomy_term_id={LISTINGS[4]['attributes'][0]['taxonomy_term_id']}", {"Trust Targeted Support"}),
        ("taxonomy_id=ac148810-d857-441c-9679-408f346de14b", set()),
        ("day=SU", set()),
        ("search=towcester&day=FR&start_time=09:00", {"Towcester Family Hub"}),
        ("search=towcester&day=FR&end_time=16:30:00", {"Towcester Family Hub"}),
        ("search=towcester&day=MO&end_time=16:30", set()),
        ("search=towcester&start_time=09:01Z", set()),
    ],
)
async def test_services_are_narrowed_as_the_standard_says(front: Front, narrowed: str, found: set[str]) -> None:
    """Postcode, words, ages, terms and opening times each leave out what does not fit."""
    assert await names(front, f"/services?{narrowed}") == found


async def test_pages_count_as_the_standard_says(front: Front) -> None:
    """The last of three pages holds the fifth service."""
    page = (await front.http.get("/services?page=3&per_page=2")).json()
    assert (page["total_items"], page["total_pages"], page["size"]) == (5, 3, 1)
    assert (page["first_page"], page["last_page"], page["empty"]) == (False, True, False)
    assert (await front.http.get("/services?page=0")).status_code == 422
    assert (await front.http.get("/services/nobody")).status_code == 404


async def test_what_is_near_a_postcode(front: Front, hub: Hub, tmp_path: Path) -> None:
    """Within so many metres there is the hub of the town; where a postcode lies has to be known for it."""
    near = "/service_at_locations?postcode=NN12 6XX&proximity="
    assert (await front.http.get(f"{near}100")).status_code == 422
    await load_postcodes(front, hub, tmp_path)
    assert await names(front, f"{near}100") == {"Towcester Family Hub"}
    assert await names(front, "/service_at_locations?postcode=NN7 1AA&proximity=100") == set()
    assert await names(front, "/service_at_locations?postcode=NN7 1AA&proximity=9000") == {"Towcester Family Hub"}


async def test_postcodes_of_the_hubs_districts_are_learned(front: Front, hub: Hub, tmp_path: Path) -> None:
    """Neighbours' postcodes of a shared district count too, those of other districts do not; they tell the council."""
    referral = example("03")
    referral["children"][0]["address"]["postcode"] = "nn7-1aa"
    assert (await front.case_of(await front.submit(referral)))["council"] is None
    assert await load_postcodes(front, hub, tmp_path) == 4
    assert (await front.case_of(await front.submit(referral)))["council"] == "E06000062"
    referral["children"][0]["address"]["postcode"] = "NN12 6XY"
    assert (await front.case_of(await front.submit(referral)))["council"] == "E06000155"
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("postcode,council\n")
    async with transaction(front.db) as session:
        with pytest.raises(PostcodesUnreadable):
            await import_postcodes(session, wrong, frozenset(hub.councils))


async def test_a_service_that_is_only_listed_stops_nothing(front: Front) -> None:
    """Without a level it is published, never offered, and in nobody's way: checks answer and cases open and route."""
    async with transaction(front.db) as session:
        await import_directory(session, json.dumps([*LISTINGS, RHYME_TIME]).encode())
        directory, _ = await load_directory(session)
        fitting = await session.scalar(select(HelpService.fitting).where(HelpService.slug == "library-rhyme-time"))
        places = await capacity_history(session, "library-rhyme-time")
    case = await front.case_of(await front.submit(example("03")))
    check = await front.http.post("/v1/threshold-checks", json=example("03"), headers=CHECKER)

    assert {one.slug for one in directory} == {one.slug for one in starter_directory()}
    assert (fitting, places) == (None, [])
    assert "Library rhyme time" in await names(front, "/services")
    assert case["status"] == "routed"
    assert check.status_code == 200
    assert [one["name"] for one in check.json()["local_help"]] == ["Towcester Family Hub"]
