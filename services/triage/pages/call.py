"""Recording a call: one thing on each page, what the thresholds say, check answers, send.

What was said so far travels sealed in the page itself: nothing of it is kept before it is sent.
"""

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from fastapi import APIRouter, Response

from services.triage.pages.case_form import errors_of
from services.triage.pages.form import NOT_TYPED, Form, said
from services.triage.pages.page import Page, PageRoute, form_for, page_for
from services.triage.queries.checks import check_referral
from services.triage.schemas import CheckOut, ReferralSeen
from shared.audit import record_access
from shared.db import transaction
from shared.http.client import ServiceClient
from shared.http.validation import validated
from shared.inbox import Transient
from shared.problems import BadRequest, FieldError, Invalid, Unavailable
from shared.security import Role

STEPS = ("danger", "caller", "child", "concern", "openness", "check")
TAKERS = (Role.SCREENER, Role.OUT_OF_HOURS)
SO_FAR = "so_far"
KEY = "key"
PURPOSE = "threshold check"

router = APIRouter(route_class=PageRoute, include_in_schema=False)
TakersPage = Annotated[Page, page_for(TAKERS)]
TakersForm = Annotated[Form, form_for(TAKERS)]


@router.get("/desk/call")
async def get_call(page: TakersPage) -> Response:
    """Begin with whether a child is in danger now."""
    return await _show(page, "danger", Form({KEY: [secrets.token_hex(16)]}))


def _add(step: str) -> None:
    async def post_step(page: TakersPage, typed: TakersForm) -> Response:
        return await take_step(page, typed, step)

    router.add_api_route(f"/desk/call/{step}", post_step, methods=["POST"])


for one in STEPS:
    _add(one)


async def take_step(page: Page, typed: Form, step: str) -> Response:
    """Take the answers of one step and show the next, or with `back` the one before; the last is sent."""
    told = _with_earlier(page, typed)
    place = STEPS.index(step)
    if typed.text("back"):
        return await _show(page, STEPS[max(place - 1, 0)], told)
    if step == STEPS[-1]:
        return await _send(page, told)
    missing = _missing(step, told)
    if missing is not None:
        return await _show(page, step, told, missing)
    return await _show(page, STEPS[place + 1], told)


def _missing(step: str, told: Form) -> Invalid | None:
    """Return what cannot be left out: whether there is danger, and what happened."""
    needed = {"danger": "danger", "concern": "what_happened"}.get(step)
    if needed is None or told.text(needed):
        return None
    return Invalid(errors=(FieldError(f"/{needed}", "Answer this; not known is an answer too."),))


async def _show(page: Page, step: str, told: Form, problem: Invalid | None = None) -> Response:
    checked = await _check(page, told) if step == "check" and problem is None else None
    return page.show(
        "call.html",
        problem.status if problem else 200,
        step=step,
        number=STEPS.index(step) + 1,
        count=len(STEPS),
        typed=told,
        so_far=_sealed(page, told.fields),
        problem=problem,
        errors=errors_of(problem),
        checked=checked,
    )


async def _check(page: Page, told: Form) -> CheckOut | None:
    """Return what the threshold document says, None where the referral is not whole enough to be checked."""
    try:
        seen = validated(ReferralSeen, referral_of(told))
    except Invalid:
        return None
    async with transaction(page.db) as session:
        found = await check_referral(session, page.desk.policy, page.desk.hub, seen)
        await record_access(
            session, page.caller, "threshold.checked", "threshold_check", [found.check_id], purpose=PURPOSE
        )
    return found


async def _send(page: Page, told: Form) -> Response:
    client: ServiceClient = page.request.state.triage_client
    role = next(role for role in TAKERS if role in page.caller.roles)
    try:
        accepted = await client.record(
            "/internal/referrals",
            referral_of(told),
            key=told.text(KEY) or "",
            recorded_by=f"{quote(page.caller.subject)} {role}",
        )
    except Transient as away:
        raise Unavailable("Nothing was recorded. Send it again in a moment, or write it down.") from away
    except Invalid as problem:
        return await _show(page, STEPS[-1], told, problem)
    return page.show("called.html", accepted=accepted)


def referral_of(told: Form) -> dict[str, Any]:
    """Return the referral document of what was said."""
    child = said(
        given_name=told.text("given_name") or "not known",
        family_name=told.text("family_name"),
        date_of_birth=told.text("date_of_birth"),
        estimated_age_years=told.number("estimated_age_years"),
        address=_address(told),
        school=said(name=told.text("school")) or None,
        location_protected=True if told.text("location_protected") else None,
        whereabouts_now=told.text("whereabouts_now"),
    )
    referrer = said(
        name=told.text("name"),
        phone=told.text("phone"),
        relationship_to_child=told.text("relationship_to_child"),
    )
    concern = said(
        what_happened=told.text("what_happened"),
        immediate_danger=told.text("danger"),
        childs_words=told.text("childs_words"),
        strengths=told.text("strengths"),
    )
    openness = said(
        parents_informed=told.text("parents_informed"), reason_not_informed=told.text("reason_not_informed")
    )
    return said(
        source=told.text("source"),
        referrer=referrer,
        children=[child],
        concern=concern,
        openness=openness or None,
        worker_safety=told.text("worker_safety"),
    )


def _address(told: Form) -> dict[str, Any] | None:
    lines = [line.strip() for line in (told.text("address") or "").split("\n") if line.strip()]
    return said(lines=lines or None, postcode=told.text("postcode")) or None


def _sealed(page: Page, fields: Mapping[str, list[str]]) -> str:
    kept = {name: values for name, values in fields.items() if name not in (*NOT_TYPED, SO_FAR, "back")}
    return base64.urlsafe_b64encode(page.desk.vault.seal("calls", page.caller.subject, kept)).decode()


def _with_earlier(page: Page, typed: Form) -> Form:
    """Return what was typed now over what was typed before, which only this caller's own pages can bring."""
    try:
        sealed = base64.urlsafe_b64decode(typed.text(SO_FAR) or "")
        earlier = page.desk.vault.open("calls", page.caller.subject, sealed)
    except (InvalidTag, ValueError, binascii.Error):
        raise BadRequest("Begin the call anew.") from None
    return replace(typed, fields={**earlier, **typed.fields})
