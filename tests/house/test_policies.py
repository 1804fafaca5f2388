"""Every route says whom it is for, in both shapes of the front door."""

import os
from pathlib import Path
from unittest.mock import patch

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from services.front_door import app, installation, microservice
from services.front_door.databases import SERVICES, DatabaseUrls
from services.front_door.installation import prepare_services, read_settings
from services.front_door.parts import Part, ServiceName
from services.front_door.settings import ServeSettings
from shared.http.routes import StrictRoute
from shared.security import CASE_ROLES, Role
from tests.authorisation.parties import OWNERS
from tests.conftest import HUB_FOLDER
from tests.house.routes import Served, served

URL = "postgresql+asyncpg://nobody@nowhere/nothing"
OF_THE_FRAMEWORK = {"/openapi.json", "/docs", "/docs/oauth2-redirect"}
WITHOUT_QUERY = {"/problems", "/health/live", "/health/ready", "/metrics"}
WHOLE = ["/v1/unmet-needs"]
"""A table of counts, which is a page by itself."""
CASE_TEXT = (
    "/v1/cases",
    "/desk/cases",
    "/v1/referrals",
    "/v1/early-help-offers",
    "/v1/information-requests",
    "/internal",
)


@pytest.fixture
def applications(tmp_path: Path) -> list[FastAPI]:
    """Give the one process and the three microservices, none of them started."""

    async def registered(*_: object) -> None: ...

    places = dict.fromkeys(SERVICES, DatabaseUrls(URL, URL))
    whole = app.build(places, tmp_path, "http://localhost:8000", demo=True)
    with patch.object(installation, "register_clients", registered):
        prepare_services(tmp_path, places, HUB_FOLDER)
    return [whole, *(_microservice(name, tmp_path) for name in ServiceName)]


def _microservice(name: ServiceName, data_dir: Path) -> FastAPI:
    settings = data_dir / "services" / name / "settings.env"
    said = {"FRONTDOOR_SETTINGS": str(settings), "FRONTDOOR_KAFKA": "kafka:9092", "FRONTDOOR_PROFILE": "demo"}
    with patch.dict(os.environ, said):
        read_settings()
        return microservice.build(name, list(Part), ServeSettings(), "test")


def test_every_route_declares_its_policy(applications: list[FastAPI]) -> None:
    """A route without a policy, or with two that differ, is found; what is no route of ours is the framework's."""
    for application in applications:
        routes = list(served(application))
        assert {route.path for route in routes if not route.ours} == OF_THE_FRAMEWORK
        assert [str(route) for route in routes if route.ours and len(route.policies) != 1] == []


def test_a_public_route_says_why(applications: list[FastAPI]) -> None:
    """A policy is either public, with a reason, or asks for a scope, a role or a good token."""
    for route in filter(_ours, served(applications[0])):
        (policy,) = route.policies
        asked = bool(policy.scope or policy.roles or policy.anybody)
        assert bool(policy.public) != asked, str(route)


def test_every_name_in_a_path_says_whose_record_it_is(applications: list[FastAPI]) -> None:
    """A route with a new kind of record fails here until the matrix knows who may reach it."""
    assert [str(route) for route in served(applications[0]) if set(route.names) - OWNERS.keys()] == []


def test_every_route_reads_its_query_strictly(applications: list[FastAPI]) -> None:
    """A route that would pass over NUL in its query, or under `/v1` over an unknown name, is found."""
    for application in applications:
        lax = {route.path for route in served(application) if route.ours and not route.strict}
        assert lax <= WITHOUT_QUERY


def test_every_list_has_pages(applications: list[FastAPI]) -> None:
    """What answers with a cursor takes one, and how many items are wanted."""
    lists = {
        route.path: set(route.original_route.names)
        for route in iter_route_contexts(applications[0].routes)
        if isinstance(route.original_route, StrictRoute) and _has_cursor(route.original_route.response_model)
    }
    assert "/v1/cases" in lists
    assert [path for path, names in lists.items() if not ("limit" in names and names & {"cursor", "after"})] == WHOLE


def _has_cursor(model: object) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel) and "next_cursor" in model.model_fields


def test_every_route_costs_something(applications: list[FastAPI]) -> None:
    """Whoever proves who they are pays for it; what costs nothing is public, and says why, or for services alone."""
    for application in applications:
        assert [str(route) for route in served(application) if route.ours and not is_paid(route)] == []


def is_paid(route: Served) -> bool:
    (policy,) = route.policies
    return bool(policy.public) or policy.scope == "internal:read" or route.is_charged


def test_auditor_and_admin_reach_no_case_text(applications: list[FastAPI]) -> None:
    """No route about cases, referrals, offers or requests lets either in, or whoever has a good token."""
    about_children = [route for route in served(applications[0]) if route.path.startswith(CASE_TEXT)]
    assert len(about_children) > 10
    for route in about_children:
        (policy,) = route.policies
        assert not policy.anybody, str(route)
        assert policy.roles <= set(CASE_ROLES), str(route)
    assert not {Role.AUDITOR, Role.ADMIN} & set(CASE_ROLES)


def test_the_microservices_serve_what_the_one_process_serves(applications: list[FastAPI]) -> None:
    """The same routes with the same policies, whichever the shape."""
    whole, *parts = (set(filter(_ours, served(application))) for application in applications)
    assert set().union(*parts) == whole


def _ours(route: Served) -> bool:
    return route.ours
