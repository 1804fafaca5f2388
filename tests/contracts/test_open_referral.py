"""What the directory publishes is what Open Referral UK 3.0 says, and nothing of an import is lost on the way."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from services.triage.actions.directory import import_directory
from shared.db import transaction
from tests.contracts import open_referral as standard
from tests.triage.conftest import Front, front
from tests.triage.directory import LISTINGS

assert front, "the fixture is lent by triage's own tests"

PUBLISHED = {
    "/services": standard.page_of(standard.SERVICE_IN_LIST),
    "/services?full=true": standard.page_of(standard.SERVICE),
    f"/services/{LISTINGS[0]['id']}": standard.SERVICE,
    "/service_at_locations": standard.page_of(standard.AT_LOCATION_IN_LIST),
    f"/service_at_locations/{LISTINGS[0]['service_at_locations'][0]['id']}": standard.AT_LOCATION_WHOLE,
    "/taxonomies": standard.page_of(standard.TAXONOMY),
    f"/taxonomies/{LISTINGS[0]['attributes'][0]['taxonomy_term']['taxonomy_id']}": standard.TAXONOMY,
    "/taxonomy_terms?per_page=200": standard.page_of(standard.TERM),
    f"/taxonomy_terms/{LISTINGS[0]['attributes'][0]['taxonomy_term']['id']}": standard.TERM,
}

ROOTS = {"services", "service_at_locations", "taxonomies", "taxonomy_terms"}


def foreign_service() -> dict[str, Any]:
    """Return a service of another publisher: no level, no places by age, and fields of its own."""
    return {
        "id": "ac148810-d857-441c-9679-408f346de14b",
        "name": "Toy library",
        "description": "Borrow toys.",
        "url": "https://toys.example/",
        "status": "active",
        "minimum_age": 0,
        "maximum_age": 5,
        "organization": {"id": "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610", "name": "Toys", "description": "Toys for all."},
        "languages": [{"id": "2989d3ed-c547-48f8-8f9d-432d81c7892e", "code": "pl"}],
        "cost_options": [{"id": "1fdf4d39-3d80-484d-9f92-a8ffa08621e7", "option": "All", "amount": 0}],
        "x_publisher_says": {"more": ["than", "we", "read"]},
    }


@pytest.mark.parametrize("path", list(PUBLISHED))
async def test_what_is_published_fits_the_standard(front: Front, path: str) -> None:
    """Every answer of the directory, read without a token, is valid against the fields of the standard."""
    reply = await front.http.get(path)
    assert reply.status_code == 200
    validator = Draft202012Validator(PUBLISHED[path], format_checker=FormatChecker())
    errors = [error.message for error in validator.iter_errors(reply.json())]
    assert errors == []
    assert reply.json().get("empty") in (None, False)


async def test_the_root_tells_of_the_standard(front: Front) -> None:
    """Whoever asks without wanting a page learns version, profile and where the routes are; a browser gets the desk."""
    told = await front.http.get("/")
    assert told.json()["version"] == "3.0"
    assert all(told.json()[name].startswith("http") for name in ("profile", "openapi_url"))
    routes = (await front.http.get(told.json()["openapi_url"])).json()["paths"]
    assert {path for path in routes if path.split("/")[1] in ROOTS} >= {f"/{root}" for root in ROOTS}
    page = await front.http.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.headers["location"], page.headers["vary"]) == (303, "/desk", "Accept")


async def test_import_and_publication_lose_nothing(front: Front) -> None:
    """What was imported is what is published, field for field; published and imported again it is still the same."""
    documents = [*LISTINGS, foreign_service()]
    for _ in range(2):
        async with transaction(front.db) as session:
            await import_directory(session, json.dumps(documents).encode())
        page = (await front.http.get("/services?full=true&per_page=200")).json()
        assert sorted(page["contents"], key=_id) == sorted(documents, key=_id)
        documents = page["contents"]


def _id(document: dict[str, Any]) -> str:
    return str(document["id"])
