"""One case: read whole, and worked on by its forms. What could not be carried out keeps what was typed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.desk import CASEWORK
from services.triage.actions.drafts import drafts_of, find_draft, forget_draft, keep_draft
from services.triage.api.desk import lock_version
from services.triage.domain.child import age_of, called, protections
from services.triage.models import Case
from services.triage.pages.case_form import CaseForm, errors_of
from services.triage.pages.case_forms import BY_SLUG, FORMS
from services.triage.pages.form import KEEP_FIELD, VERSION_FIELD, Form
from services.triage.pages.page import Page, PageRoute, form_for, go, page_for
from services.triage.queries.cases import find_case, show_case
from services.triage.queries.links import nearest, show_candidates
from services.triage.schemas import CaseOut
from shared import clock
from shared.audit import record_access
from shared.db import transaction
from shared.http.validation import known_id
from shared.problems import NotFound, Problem
from shared.security import CASE_ROLES

NOTHING_TYPED = Form({})

router = APIRouter(route_class=PageRoute, include_in_schema=False)
StaffPage = Annotated[Page, page_for(CASE_ROLES)]
StaffForm = Annotated[Form, form_for(CASE_ROLES)]


@router.get("/desk/cases/{case_id}")
async def get_case(page: StaffPage, case_id: str, done: str | None = None) -> Response:
    """Show the case; that it was read is recorded before the page leaves."""
    async with transaction(page.db) as session:
        shown = await read_case(session, page, known_id(case_id))
        drafts = await drafts_of(session, page.caller, shown["case"].id)
    offered = [form for form in FORMS if form.may(shown["case"], page.caller)]
    return page.show("case.html", forms=offered, drafts=drafts, done=_said_of(done), **shown)


def _said_of(done: str | None) -> str | None:
    form = BY_SLUG.get(done or "")
    return form.done if form else None


async def read_case(session: AsyncSession, page: Page, case_id: UUID) -> dict[str, Any]:
    """Return what templates show of a case, and leave an audit row for it and for each match that it names."""
    row = await find_case(session, case_id)
    await record_access(session, page.caller, "read", "case", [row.id], purpose=CASEWORK)
    whole = await show_case(session, page.desk.vault, row)
    shown = nearest(whole.matches)
    others = [match.other_case.id for match in shown]
    await record_access(session, page.caller, "match.read", "case", others, purpose=CASEWORK)
    matches = await show_candidates(session, page.desk.vault, row, shown)
    more = len(whole.matches) - len(shown)
    return about(page, row, whole.model_copy(update={"matches": matches})) | {"more_matches": more}


def about(page: Page, row: Case, whole: CaseOut) -> dict[str, Any]:
    """Return the case beside what a page says of it in words of its own."""
    now = clock.now()
    today = now.astimezone(page.desk.hub.time_zone).date()
    children = (whole.referral or {}).get("children") or []
    return {
        "case": whole,
        "row": row,
        "version": row.version,
        "children": [(called(child), age_of(child, today), child) for child in children],
        "protected": protections(whole.referral) if whole.referral else [],
        "vocabulary": page.desk.policy.vocabulary,
        "caller": page.caller,
        "now": now,
    }


async def show_form(
    page: Page, case_id: UUID, form: CaseForm, typed: Form | None = None, problem: Problem | None = None
) -> Response:
    """Show a form: as it was sent where there is a problem with it, else with the draft that was kept, or empty."""
    known = await form.before(page)
    async with transaction(page.db) as session:
        shown = await read_case(session, page, case_id)
        kept = None if typed else await find_draft(session, page.desk.vault, page.caller, case_id, form.slug)
    return page.show(
        f"forms/{form.slug}.html",
        problem.status if problem else 200,
        form=form,
        typed=typed or (Form(kept) if kept else NOTHING_TYPED),
        from_draft=kept is not None,
        problem=problem,
        errors=errors_of(problem),
        known=known,
        **shown,
    )


async def send_form(page: Page, case_id: UUID, form: CaseForm, typed: Form) -> Response:
    """Carry a form out and go back to the case; where that is refused, keep what was typed and show it again."""
    if KEEP_FIELD in typed.fields:
        return await _keep(page, case_id, form, typed.typed())
    known = replace(typed, known=await form.before(page))
    try:
        async with transaction(page.db) as session:
            case = await find_case(session, case_id, lock=form.locked)
            if form.versioned:
                await lock_version(session, case.id, f'"{typed.text(VERSION_FIELD)}"')
            await form.act(session, page.desk, case, page.caller, known)
            await forget_draft(session, page.caller, case_id, form.slug)
    except NotFound:
        raise
    except Problem as problem:
        if form.short:
            raise
        return await show_form(page, case_id, form, typed, problem)
    return go(f"/desk/cases/{case_id}?done={form.slug}")


async def _keep(page: Page, case_id: UUID, form: CaseForm, typed: Mapping[str, list[str]]) -> Response:
    async with transaction(page.db) as session:
        case = await find_case(session, case_id)
        await keep_draft(session, page.desk.vault, page.caller, case.id, form.slug, typed)
    return go(f"/desk/cases/{case_id}/{form.slug}")


def _add(form: CaseForm) -> None:
    """Add the routes of one form: its page, unless a button is all there is of it, and what sends it."""

    async def get_form(page: Annotated[Page, page_for(form.roles)], case_id: str) -> Response:
        return await show_form(page, known_id(case_id), form)

    async def post_form(
        page: Annotated[Page, page_for(form.roles)],
        typed: Annotated[Form, form_for(form.roles, allowance=form.allowance)],
        case_id: str,
    ) -> Response:
        return await send_form(page, known_id(case_id), form, typed)

    path = f"/desk/cases/{{case_id}}/{form.slug}"
    if not form.short:
        router.add_api_route(path, get_form, methods=["GET"])
    router.add_api_route(path, post_form, methods=["POST"])


for one in FORMS:
    _add(one)
