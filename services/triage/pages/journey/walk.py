"""The walk through a journey's pages: on, back, to a page that is to be changed, and at the end sending it, once.

Nothing of what is told is kept before it is sent: it travels sealed in the page itself.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response

from services.triage.domain.staff import AgencyNotReferring, SentAlready
from services.triage.pages.case_form import errors_of
from services.triage.pages.form import Form
from services.triage.pages.journey.answers import (
    CHECK_ID,
    KEY,
    hints_of,
    referral_as_typed,
    referral_of,
    sealed,
    summary,
    tells_of_child,
    told_so_far,
    without,
    without_gaps,
)
from services.triage.pages.journey.steps import CHECK, Journey, Place, may_be_danger
from services.triage.pages.page import Page, PageRoute, form_for, go, page_for
from services.triage.queries.checks import check_referral
from services.triage.schemas import CheckOut
from shared.audit import record_access
from shared.db import transaction
from shared.http.client import ServiceClient
from shared.http.reading import whole_number
from shared.inbox import Transient
from shared.problems import FieldError, Forbidden, IdempotencyKeyReused, Invalid, NotFound, Problem, Unavailable

PURPOSE: Final = "threshold check"
REFUSED: Final = "Nothing was sent: your agency may not refer at present. Call instead."
AWAY: Final = "Nothing was sent. Send it again in a moment; what you told is still here. If it cannot wait, call."


def router_of(journey: Journey) -> APIRouter:
    """Return the pages of a journey: its first, and one address for each step that takes the answers."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    async def get_first(page: Annotated[Page, page_for(journey.roles)]) -> Response:
        begun = {KEY: [secrets.token_hex(16)], **journey.begins(page)}
        return await _show(At(page, journey, Place(journey.steps[0]), Form(begun)))

    router.add_api_route(journey.first, get_first, methods=["GET"])
    for step in journey.steps:
        _add(router, journey, step.slug)
    return router


def _add(router: APIRouter, journey: Journey, slug: str) -> None:
    path = f"{journey.place}/{slug}"

    async def post_step(
        page: Annotated[Page, page_for(journey.roles)], typed: Annotated[Form, form_for(journey.roles, mend=True)]
    ) -> Response:
        return await _take(page, journey, typed, slug)

    async def get_step(page: Annotated[Page, page_for(journey.roles)]) -> Response:
        del page
        return go(journey.first)

    router.add_api_route(path, post_step, methods=["POST"])
    if path != journey.first:
        router.add_api_route(path, get_step, methods=["GET"])


@dataclass(frozen=True)
class At:
    """Somebody on a page, with all that they told; `returning` to the answers when the page is done."""

    page: Page
    journey: Journey
    place: Place
    told: Form
    returning: bool = False

    def to(self, place: Place, told: Form | None = None) -> "At":
        """Return them on another page; nobody returns to the answers who is there."""
        returning = self.returning and place.step.slug != CHECK
        return replace(self, place=place, told=told or self.told, returning=returning)

    def to_step(self, slug: str, told: Form | None = None) -> "At":
        return self.to(Place(self.journey.step(slug)), told)


async def _take(page: Page, journey: Journey, typed: Form, slug: str) -> Response:
    """Take the answers of one page, and do what the button says that was pressed."""
    step, index = journey.step(slug), whole_number(typed.text("index") or "") or 0
    place = Place(step, index if index < step.most else 0)
    told = told_so_far(page, journey, typed, place)
    at = At(page, journey, place, told, typed.text("returning") is not None)
    for button, move in BUTTONS.items():
        if pressed := typed.text(button):
            return await move(at, pressed)
    return await (_send(at) if slug == CHECK else _go_on(at))


async def _change(at: At, named: str) -> Response:
    slug, _, number = named.partition(" ")
    if slug not in {step.slug for step in at.journey.steps}:
        raise NotFound
    place = at.journey.named(slug, whole_number(number) or 0, at.told)
    return await _show(replace(at, place=place, returning=True))


async def _back(at: At, _: str) -> Response:
    if at.returning:
        return await _show(at.to_step(CHECK))
    order = [step.slug for step in at.journey.steps]

    def rank(place: Place) -> tuple[int, int]:
        return order.index(place.step.slug), place.index

    before = [place for place in at.journey.places(at.told) if rank(place) < rank(at.place)]
    return await _show(at.to(before[-1] if before else at.place))


async def _remove(at: At, _: str) -> Response:
    told = without(at.told, at.place.step, at.place.index) if at.place.step.each else at.told
    if at.returning:
        return await _show(replace(at, told=told).to_step(CHECK))
    return await _show(at.to(Place(at.place.step, max(at.place.index - 1, 0)), told))


async def _add_another(at: At, _: str) -> Response:
    if wrong := _wrong(at, at.place):
        return await _show(at, Invalid(errors=wrong))
    step = at.place.step
    return await _show(at.to(Place(step, min(step.count(at.told), step.most - 1))))


BUTTONS: Final[Mapping[str, Callable[[At, str], Awaitable[Response]]]] = {
    "to": _change,
    "remove": _remove,
    "back": _back,
    "another": _add_another,
}


def _wrong(at: At, *places: Place) -> tuple[FieldError, ...]:
    """Return what has to be put right first: nothing that was typed where there may be a danger."""
    if not may_be_danger(at.told):
        hub = at.page.desk.hub
        return tuple(error for place in places for error in place.step.complaints(at.told, place.index, hub))
    if tells_of_child(at.told):
        return ()
    return tuple(error for place in places for error in place.step.gaps(at.told, place.index))


async def _go_on(at: At) -> Response:
    """Show the page after this one; who came to change an answer returns to all answers, by what hangs on it."""
    if wrong := _wrong(at, at.place):
        return await _show(at, Invalid(errors=wrong))
    step, steps = at.place.step, at.journey.steps
    if at.returning:
        return await _show(at.to_step(step.followed_by or CHECK, _settled(at)))
    if at.place.index + 1 < step.count(at.told):
        return await _show(at.to(Place(step, at.place.index + 1)))
    told = _settled(at)
    following = next(one for one in steps[steps.index(step) + 1 :] if one.leads(told))
    return await _show(at.to(Place(following), told))


def _settled(at: At) -> Form:
    """Return the answers without gaps among children or people, and with what follows from this page for others."""
    step = at.place.step
    told = without_gaps(at.told, step) if step.count(at.told) > 1 else at.told
    return replace(told, fields={**step.fills(told), **told.fields})


async def _show(at: At, problem: Problem | None = None) -> Response:
    page, journey, step, told = at.page, at.journey, at.place.step, at.told
    checked = None
    if step.checks is not None and problem is None:
        checked = await check_of(page, step.checks(told, referral_of(journey, told, page.desk.hub)))
    if checked is not None and step.slug != CHECK:
        told = replace(told, fields={**told.fields, CHECK_ID: [str(checked.check_id)]})
    errors = errors_of(problem)
    return page.show(
        "journey.html",
        problem.status if problem else 200,
        journey=journey,
        step=step,
        index=at.place.index,
        typed=told,
        so_far=sealed(page, journey, told),
        returning=at.returning,
        problem=problem,
        errors=errors,
        places={name: asked for name in errors if (asked := journey.asked_at(name)) is not None},
        checked=checked,
        vocabulary=page.desk.policy.vocabulary,
        told=summary(journey, told, page.desk.hub) if step.slug == CHECK else (),
        hints=hints_of(journey, told, page.desk.hub) if step.slug == CHECK and may_be_danger(told) else (),
    )


async def check_of(page: Page, document: Mapping[str, Any]) -> CheckOut | None:
    """Return what the threshold document says, None where the referral is not whole enough to be checked."""
    try:
        async with transaction(page.db) as session:
            found = await check_referral(session, page.desk.policy, page.desk.hub, document)
            told = [found.check_id]
            await record_access(session, page.caller, "threshold.checked", "threshold_check", told, purpose=PURPOSE)
    except Invalid:
        return None
    return found


async def _send(at: At) -> Response:
    page, journey, told = at.page, at.journey, at.told
    if wrong := _wrong(at, *journey.places(told)):
        return await _show(at, Invalid(errors=wrong))
    client: ServiceClient = page.request.state.triage_client
    document = referral_as_typed(journey, told, page.desk.hub)
    try:
        accepted = await client.record("/internal/referrals", document, key=told.text(KEY) or "", person=page.caller)
    except Transient:
        return await _show(at, Unavailable(AWAY))
    except Invalid as problem:
        return await _show(at, problem)
    except IdempotencyKeyReused:
        raise SentAlready("Begin anew for what is new, or tell it by telephone with the reference.") from None
    except Forbidden:
        raise AgencyNotReferring(REFUSED) from None
    return page.show(
        journey.sent,
        accepted=accepted,
        journey=journey,
        told=summary(journey, told, page.desk.hub),
        hints=hints_of(journey, told, page.desk.hub, accepted["quality"].get("warnings", ())),
    )
