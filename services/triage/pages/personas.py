"""The demo's sign-in without a password: a page that no other profile mounts, and production cannot."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from services.triage.actions.sessions import Person
from services.triage.pages.form import check_origin, parse_form
from services.triage.pages.page import PageRoute
from services.triage.pages.sign_in import TheResources, TheSite, begin
from services.triage.settings import Settings
from shared.http.strict import Body
from shared.problems import NotFound
from shared.security import FRONT_DOOR, GUEST_ROLE, public
from shared.settings.demo import load_demo
from shared.settings.environment import Profile

Personas = Mapping[str, Person]


def personas_of(settings: Settings) -> Personas:
    """Return the demo's staff and referrers by name, nobody under any other profile.

    Their issuer is that of the demo's tokens: a persona is the same person on the pages and in the API.
    """
    if settings.profile is not Profile.DEMO:
        return {}
    demo = load_demo(settings.hub_dir)
    staff = {name: (roles, FRONT_DOOR) for name, roles in demo.personas.items()}
    guests = {name: ([GUEST_ROLE], agency) for name, agency in demo.referrers.items()}
    return {
        name: Person(f"{settings.issuer}/staff", name, name.replace("-", " ").title(), frozenset(roles), agency)
        for name, (roles, agency) in {**staff, **guests}.items()
    }


def router_of(settings: Settings) -> APIRouter:
    """Return the demo's own route; raises `ValueError` outside the demo, so that nothing starts with it."""
    if settings.profile is not Profile.DEMO:
        raise ValueError("Demo sign-in needs FRONTDOOR_PROFILE=demo.")
    demo = [public("the demo's sign-in without a password")]
    router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=demo)

    @router.post("/desk/sign-in/persona")
    async def post_persona(request: Request, site: TheSite, resources: TheResources, body: Body) -> Response:
        check_origin(request.headers)
        form = parse_form(request.headers, body)
        person = site.personas.get(form.text("persona") or "")
        if person is None:
            raise NotFound
        return await begin(request, site, resources, person, form.text("next") or "")

    return router
