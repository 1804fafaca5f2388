"""Signing in and out. Only the sign-in page and the files that browsers load are shown to everybody."""

import base64
import binascii
import re
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from cryptography.exceptions import InvalidTag
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from services.triage.actions.register import return_work, take_roles
from services.triage.actions.sessions import Person, check_refers, sign_in, sign_out, sign_out_everywhere
from services.triage.domain.staff import NoRoleHeld, SignedOut, SignInRefused
from services.triage.pages.form import Form
from services.triage.pages.page import Page, PageRoute, form_for, go, page_for, rendered, whoever_is_signed_in
from services.triage.pages.provider import CALLBACK, Attempt
from services.triage.pages.site import STATIC, Site
from services.triage.pages.words import home
from services.triage.queries import open_referral
from shared.db import transaction
from shared.http.client import ServiceClient
from shared.http.service import Resources
from shared.inbox import Transient
from shared.problems import NotFound, Unavailable
from shared.security import GUEST_ROLE, FailedProofs, Proof, Role, public

HOME = "/desk"
PLACE = re.compile(r"/(desk|refer)(?![A-Za-z0-9])[/A-Za-z0-9_.,=&?%:+-]*")
ATTEMPT_SECONDS = 600
EVERYBODY = tuple(Role)
IMMUTABLE = "public, max-age=31536000, immutable"

router = APIRouter(route_class=PageRoute, include_in_schema=False)
SignedInPage = Annotated[Page, page_for(EVERYBODY)]
NOBODY_YET = [public("signing in, and what its page loads")]
SignedInForm = Annotated[Form, form_for(EVERYBODY)]


async def _site(request: Request) -> Site:
    site: Site = request.state.triage_site
    return site


async def _resources(request: Request) -> Resources:
    resources: Resources = request.state.triage
    return resources


TheSite = Annotated[Site, Depends(_site)]
TheResources = Annotated[Resources, Depends(_resources)]


@router.get("/", dependencies=NOBODY_YET)
async def get_root(request: Request, site: TheSite) -> Response:
    """Bring browsers to where their user begins; whatever else asks is told of the directory's standard."""
    varying = {"Vary": "Accept"}
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(open_referral.about(f"{site.address}/openapi.json"), headers=varying)
    try:
        place = home((await whoever_is_signed_in(request, active=False)).caller.roles)
    except SignedOut:
        place = HOME
    response = go(place)
    response.headers.update(varying)
    return response


@router.get("/desk/assets/{name}", dependencies=NOBODY_YET)
async def get_asset(name: str, site: TheSite) -> Response:
    if name not in site.files.values():
        raise NotFound
    return FileResponse(STATIC / name, headers={"Cache-Control": IMMUTABLE})


@router.get("/desk/sign-in", dependencies=NOBODY_YET)
async def get_sign_in(site: TheSite, next: str = HOME) -> Response:  # noqa: A002 - the query's own name
    return rendered(
        site,
        "sign_in.html",
        200,
        signed_in=None,
        path="",
        provider=site.provider,
        personas=site.personas,
        next=_ours(next),
    )


@router.get("/desk/sign-in/start", dependencies=NOBODY_YET)
async def get_start(site: TheSite, resources: TheResources, next: str = HOME) -> Response:  # noqa: A002
    """Lead to the identity provider; a link and no form, since a form's redirect may not leave the site."""
    if site.provider is None:
        raise NotFound
    attempt = Attempt.new()
    response = go(await site.provider.authorization_url(attempt))
    kept = {**asdict(attempt), "next": _ours(next), "until": time.time() + ATTEMPT_SECONDS}
    sealed = base64.urlsafe_b64encode(resources.vault.seal("sign_in", "attempt", kept)).decode()
    _set_cookie(response, site, _attempt_cookie(site), sealed, max_age=ATTEMPT_SECONDS)
    return response


@router.get(CALLBACK, dependencies=NOBODY_YET)
async def get_callback(request: Request, site: TheSite, resources: TheResources) -> Response:
    """Take the provider's answer, in the browser that asked for it, and start a session."""
    if site.provider is None:
        raise NotFound
    proofs: FailedProofs = request.app.state.limits.proofs
    with proofs.counted(request, Proof.SIGN_IN, SignInRefused):
        kept = _opened(resources, request.cookies.get(_attempt_cookie(site), ""))
        attempt = Attempt(kept["state"], kept["nonce"], kept["verifier"])
        person = await site.provider.person(attempt, dict(request.query_params))
    response = await begin(request, site, resources, person, kept["next"])
    response.delete_cookie(_attempt_cookie(site), secure=site.secure, httponly=True)
    return response


async def begin(request: Request, site: Site, resources: Resources, person: Person, place: str) -> Response:
    """Start a new session in place of the one that the browser had; what roles have gone, work goes with them."""
    if GUEST_ROLE in person.roles:
        check_refers(person.agency, await _referring(request))
    async with transaction(resources.db) as session:
        await sign_out(session, request.cookies.get(site.cookie, ""))
        secret = await sign_in(session, person) if person.roles else None
        if secret is None:
            await take_roles(session, person)
    async with transaction(resources.db) as session:
        await return_work(session)
    if secret is None:
        raise NoRoleHeld("Ask an administrator for the role that you work in.")
    response = go(place if PLACE.fullmatch(place) and place != HOME else home(person.roles))
    _set_cookie(response, site, site.cookie, secret)
    return response


async def _referring(request: Request) -> Mapping[str, str]:
    client: ServiceClient = request.state.triage_client
    try:
        agencies: Mapping[str, str] = (await client.get_detail("/internal/agencies/referring"))["agencies"]
    except Transient as away:
        raise Unavailable(
            "Your agency could not be looked up. Try again in a moment; if it cannot wait, call."
        ) from away
    return agencies


@router.post("/desk/sign-out")
async def post_sign_out(page: SignedInPage, form: SignedInForm) -> Response:
    """End this session, or with `everywhere` all of this person's."""
    async with transaction(page.db) as session:
        if form.text("everywhere"):
            await sign_out_everywhere(session, page.caller.subject)
        else:
            await sign_out(session, page.secret)
    response = go("/desk/signed-out")
    response.delete_cookie(page.site.cookie, secure=page.site.secure, httponly=True)
    return response


@router.get("/desk/signed-out", dependencies=NOBODY_YET)
async def get_signed_out(site: TheSite) -> Response:
    elsewhere = await site.provider.sign_out_url() if site.provider else None
    return rendered(site, "signed_out.html", 200, signed_in=None, path="", elsewhere=elsewhere)


def _ours(place: str) -> str:
    """Return the path to go on to, never one of another site."""
    return place if PLACE.fullmatch(place) else HOME


def _attempt_cookie(site: Site) -> str:
    return f"{site.cookie}-sign-in"


def _opened(resources: Resources, cookie: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = resources.vault.open("sign_in", "attempt", base64.urlsafe_b64decode(cookie))
    except (InvalidTag, ValueError, binascii.Error):
        raise SignInRefused("The answer came to another browser, or too late. Start again.") from None
    if kept["until"] < time.time():
        raise SignInRefused("Signing in took longer than ten minutes. Start again.")
    return kept


def _set_cookie(response: Response, site: Site, name: str, value: str, *, max_age: int | None = None) -> None:
    response.set_cookie(name, value, max_age=max_age, path="/", secure=site.secure, httponly=True, samesite="lax")
