"""The directory of early help: imported, narrowed, and its places kept week by week."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from services.triage.actions.directory import (
    forget_old_capacity,
    import_directory,
    plan_import,
    set_capacity,
)
from services.triage.domain import BandUnknown, DirectoryUnreadable, ServiceUnknown
from services.triage.models import HelpCapacity, HelpService
from services.triage.queries.directory import capacity_history, load_directory, this_week
from services.triage.routing.listing import ListingError, take_over
from services.triage.routing.open_referral import LEVELS, NEEDS
from shared.db import transaction
from tests.fakes import as_partner
from tests.hubs import changed, mutations
from tests.triage.conftest import Front, example
from tests.triage.directory import LISTINGS, names, starter_directory

HUB, BAND = "towcester-family-hub", "72-239"
CHECKER = as_partner("towcester-primary", "thresholds:check")
NARROWED = [
    "/services?postcode=NN12 6XX&minimum_age=0&maximum_age=19&search=hub",
    "/services?day=MO&start_time=09:00&end_time=17:00",
    f"/services?taxonomy_id={LEVELS}",
    f"/services?taxonomy_term_id={LISTINGS[0]['attributes'][0]['taxonomy_term_id']}",
    "/service_at_locations?postcode=NN12",
    "/taxonomies",
    "/taxonomy_terms",
]
RHYME_TIME = {
    "id": "5b1f6c1e-4c1e-4a57-9d55-0c6f2f6a9a01",
    "name": "Library rhyme time",
    "status": "active",
    "organization": {"id": "5b1f6c1e-4c1e-4a57-9d55-0c6f2f6a9a02", "name": "Sample Library"},
}


async def test_the_hubs_own_directory_is_there_from_the_start(front: Front) -> None:
    """Triage starts with the services of the hub's file, and with the places that it names."""
    async with transaction(front.db) as session:
        directory, free = await load_directory(session)
    assert {one.slug: one for one in directory} == {one.slug: one for one in starter_directory()}
    assert free == {(one.slug, band.key): band.places for one in directory for band in one.age_bands}


async def test_an_import_replaces_what_was_there(front: Front) -> None:
    """A service that is left out is neither offered nor listed; one that comes back keeps its slug."""
    async with transaction(front.db) as session:
        done = await import_directory(session, json.dumps({"contents": LISTINGS[:1]}).encode())
        directory, _ = await load_directory(session)
    assert [one.slug for one in directory] == [HUB]
    assert done.withdrawn == tuple(sorted(listing["name"] for listing in LISTINGS[1:]))
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


async def test_whatever_is_wrong_in_a_listing_breaks_nothing(front: Front) -> None:
    """A service with any part dropped, emptied, doubled or of another kind is refused, or works wherever it is read."""
    services, refused = [], set()
    short = {name: value[:1] if isinstance(value, list) else value for name, value in LISTINGS[0].items()}
    for place, change in mutations(short):
        listing = changed(short, place, change)
        listing.update({} if place == ("id",) else {"id": str(uuid4())})
        try:
            services.append(take_over(listing).record)
        except ListingError as error:
            refused.add((place[0], str(error).split(":")[0]))
    async with transaction(front.db) as session:
        done = await import_directory(session, json.dumps([*LISTINGS, *services]).encode())
    pages = [await front.http.get(f"/services?full=true&per_page=200&page={page}") for page in range(1, 9)]
    narrowed = [await front.http.get(path) for path in NARROWED]
    check = await front.http.post("/v1/threshold-checks", json=example("03"), headers=CHECKER)
    case = await front.case_of(await front.submit(example("03")))

    assert refused == {("id", "/id"), ("name", "/name"), ("status", "/status")}
    assert len(services) > 400
    assert len(done.remarks) > 150
    assert {reply.status_code for reply in (*pages, *narrowed, check)} == {200}
    assert sum(page.json()["size"] for page in pages) == len(services) + len(LISTINGS)
    assert case["status"] == "routed"


@pytest.mark.parametrize(
    ("document", "objection"),
    [
        ([], "This holds no service."),
        (LISTINGS[0], "This is one service by itself."),
        ({"total_items": 9, "total_pages": 3, "page_number": 1, "size": 0, "contents": []}, "page 1 of 3, with 0 of 9"),
        ({"total_items": 1, "total_pages": 2, "page_number": 2, "contents": LISTINGS[:1]}, "page 2 of 2, with 1 of 1"),
        ({"total_items": 5, "size": 5, "contents": LISTINGS[:1]}, "holds 1 services and says that there are 5"),
        ({"last_page": False, "contents": LISTINGS[:1]}, "page ? of ?"),
        ({"first_page": False, "last_page": True, "contents": LISTINGS[:1]}, "page ? of ?"),
        ({"next": "https://example.org/services?page=2", "contents": LISTINGS[:1]}, "page ? of ?"),
        ({"last_page": "false", "contents": LISTINGS[:1]}, "page ? of ?"),
        ({"page_number": "1", "total_pages": "3", "contents": LISTINGS[:1]}, "page 1 of 3, with 1 of ?"),
        ({"total_items": 9.0, "contents": LISTINGS[:1]}, "holds 1 services and says that there are 9"),
    ],
)
async def test_a_part_is_no_directory(front: Front, document: Any, objection: str) -> None:
    """One page of many, or nothing, is refused, naming what would be withdrawn; called a part it withdraws nothing."""
    content = json.dumps(document).encode()
    async with transaction(front.db) as session:
        with pytest.raises(DirectoryUnreadable) as refused:
            await import_directory(session, content)
        plan = await plan_import(session, content)
    listed = await names(front, "/services")
    async with transaction(front.db) as session:
        done = await import_directory(session, content, partial=True)

    assert objection in refused.value.detail
    assert "Kettering Family Hub" in refused.value.detail
    assert "--partial" in refused.value.detail
    assert (plan.objection, plan.withdrawn[-1]) == (refused.value.detail, "Wellingborough Family Hub")
    assert listed == await names(front, "/services") == {listing["name"] for listing in LISTINGS}
    assert done.withdrawn == ()


async def test_what_is_left_out_is_named(front: Front) -> None:
    """Nulls count as not there; each thing left out, not looked at or never offered has a line that says why."""
    service: dict[str, Any] = {
        "id": "5b1f6c1e-4c1e-4a57-9d55-0c6f2f6a9a05",
        "name": "Sample group",
        "status": "active",
        "description": None,
        "minimum_age": 5,
        "organization": {"id": None, "name": "Sample Org", "description": "One.", "organization_identifiers": None},
        "service_areas": None,
        "attributes": [
            {"taxonomy_term": None},
            {"taxonomy_term": {"taxonomy_id": str(LEVELS), "code": "5"}},
            {"taxonomy_term": {"taxonomy_id": str(NEEDS), "code": "boredom"}},
        ],
        "capacities": [{"unit": {"scheme": "chairs", "identifier": "all"}}, {"unit": None, "maximum": 3}],
        "service_at_locations": [{"id": "e94c9f38-1e8f-4564-91d4-d53501ab1765", "location": {"latitude": 100}}],
    }
    async with transaction(front.db) as session:
        document = json.dumps([*LISTINGS, service]).encode()
        done = await import_directory(session, document, indicators=frozenset({"new_or_isolated_parent"}))
        record = await session.scalar(select(HelpService.listing).where(HelpService.slug == "sample-group"))

    never, *others = (remark.removeprefix("Sample group: ") for remark in done.remarks)
    assert never.removeprefix("listed and never offered: ").split("; ") == [
        "it has no level of need from 2 to 3",
        "it names no postcode district and no council",
        "it names no age that a child can have",
    ]
    assert others == [
        "/service_at_locations/0/location/latitude is left out: Input should be less than or equal to 90",
        "/capacities/1 is left out: Field required",
        "/attributes/0 is no level and no need: published and not looked at",
        "level '5' is not looked at: a service is offered at one level, 2 or 3",
        "need 'boredom' is no indicator of this hub, so that no child has it",
        "/capacities/0 is not looked at: it counts something else than places by age",
    ]
    assert done.offered == len(LISTINGS)
    assert record is not None
    assert record["organization"] == {"name": "Sample Org", "description": "One."}
    assert "service_areas" not in record
    assert record["service_at_locations"] == [{"id": "e94c9f38-1e8f-4564-91d4-d53501ab1765", "location": {}}]
