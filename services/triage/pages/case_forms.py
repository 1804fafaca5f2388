"""The forms of a case, each with the action that the API's route calls too."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.acknowledge_case import acknowledge_case
from services.triage.actions.challenge_decision import answer_challenge
from services.triage.actions.claim_case import assign_case, claim_case, release_case
from services.triage.actions.code_facts import code_facts
from services.triage.actions.decide_case import confirm_route, countersign_decision, decide_case
from services.triage.actions.desk import Desk
from services.triage.actions.information import ask_agency
from services.triage.actions.new_information import acknowledge_new_information
from services.triage.actions.notes import write_note
from services.triage.actions.offers import step_up_case
from services.triage.actions.parallel_routes import complete_parallel_route, open_parallel_route
from services.triage.actions.prioritise_case import prioritise_case
from services.triage.actions.reopen_case import reopen_case
from services.triage.actions.settle_link import settle_link
from services.triage.domain import LinkState
from services.triage.models import Case
from services.triage.pages.case_form import CaseForm, acting, always, at_hub, is_open
from services.triage.pages.form import Form, said
from services.triage.pages.page import Page
from services.triage.queries.links import find_link
from services.triage.queries.staff import colleagues
from services.triage.schemas import (
    AcknowledgementIn,
    AnswerIn,
    AssignmentIn,
    CaseOut,
    CompletionIn,
    CountersignatureIn,
    DecisionIn,
    FactsIn,
    InformationRequestIn,
    NoteIn,
    ParallelRouteIn,
    PriorityIn,
    ReasonIn,
    ReopeningIn,
)
from shared.allowances import Allowance
from shared.db import transaction
from shared.http.client import ServiceClient
from shared.http.reading import whole_number
from shared.http.validation import known_id, validated
from shared.inbox import Transient
from shared.problems import BadRequest, Unavailable
from shared.security import Caller, Role

DECIDERS = (Role.SOCIAL_WORKER, Role.MANAGER)
MOST_CHILDREN = 20


def _reason(form: Form) -> dict[str, Any]:
    return said(reason=form.text("reason"))


async def _claim(session: AsyncSession, desk: Desk, case: Case, caller: Caller, form: Form) -> None:
    del desk, form
    await claim_case(session, case, caller)


def _may_claim(case: CaseOut, caller: Caller) -> bool:
    return is_open(case, caller) and case.owner != caller.subject


def coding_of(form: Form) -> dict[str, Any]:
    """Return the codes that were chosen, each of one child or of all, and the facts that were answered."""
    indicators = [
        said(code=name.removeprefix("status-"), status=form.text(name), child=form.number(f"child-{name[7:]}"))
        for name in form.fields
        if name.startswith("status-") and form.text(name)
    ]
    facts = {name.removeprefix("facts-"): _fact(form, name) for name in form.fields if name.startswith("facts-")}
    known = {name: value for name, value in facts.items() if value is not None}
    return said(indicators=indicators, facts=known, source=form.text("source"))


def _fact(form: Form, name: str) -> bool | int | str | None:
    typed = form.number(name)
    return {"true": True, "false": False}.get(typed, typed) if isinstance(typed, str) else typed


async def _decide(session: AsyncSession, desk: Desk, case: Case, caller: Caller, form: Form) -> None:
    decision = validated(DecisionIn, decision_document(form, desk))
    await decide_case(session, desk, case, caller, decision)


def decision_document(form: Form, desk: Desk) -> dict[str, Any]:
    """Return the decision as the API takes it; a discussion or a transfer counts once any of its fields is filled."""
    children = [
        said(child=child, level=form.number(f"children-{child}-level"), outcome=form.text(f"children-{child}-outcome"))
        for child in range(MOST_CHILDREN)
        if f"children-{child}-shown" in form.fields
    ]
    discussion = said(
        held_at=at_hub(form.text("strategy_discussion-held_at"), desk.hub.time_zone),
        present=form.many("strategy_discussion-present") or None,
    )
    transfer = said(
        authority=form.text("transfer-authority"),
        acknowledged_by=form.text("transfer-acknowledged_by"),
        acknowledged_at=at_hub(form.text("transfer-acknowledged_at"), desk.hub.time_zone),
    )
    return said(
        children=children,
        rationale=form.text("rationale"),
        feedback_to_referrer=form.text("feedback_to_referrer"),
        next_step=form.text("next_step"),
        override_reason=form.text("override_reason"),
        strategy_discussion=discussion or None,
        transfer=transfer or None,
    )


def _countersigned(form: Form) -> dict[str, Any]:
    return said(agree={"yes": True, "no": False}.get(form.text("agree") or ""), reason=form.text("reason"))


async def _settle(session: AsyncSession, desk: Desk, case: Case, caller: Caller, form: Form) -> None:
    states = {"confirmed": LinkState.CONFIRMED, "removed": LinkState.REMOVED}
    state = states.get(form.text("state") or "")
    if state is None:
        raise BadRequest("Say whether it is the same person.")
    link = await find_link(session, case.id, known_id(form.text("link") or ""))
    reason = validated(ReasonIn, _reason(form)).reason
    await settle_link(session, desk, case, link, caller, state, reason)


async def staff(page: Page) -> Mapping[str, Any]:
    """Return the colleagues who can be handed a case."""
    async with transaction(page.db) as session:
        return {"colleagues": [(member.subject, member.name) for member in await colleagues(session)]}


async def owners(page: Page) -> Mapping[str, Any]:
    """Return who can be given a duty: the hub's teams and the colleagues."""
    teams = [(team, f"{name} (team)") for team, name in page.desk.hub.duty_owners.items()]
    return {"owners": teams + (await staff(page))["colleagues"]}


async def answering_agencies(page: Page) -> Mapping[str, Any]:
    """Return the agencies that can be asked, as the referrals service knows them."""
    client: ServiceClient = page.request.state.triage_client
    try:
        return {"agencies": (await client.get_detail("/internal/agencies/answering"))["agencies"]}
    except Transient as away:
        raise Unavailable("Try again in a moment, or ring the agency.") from away


async def _ask(session: AsyncSession, desk: Desk, case: Case, caller: Caller, form: Form) -> None:
    document = said(
        agency=form.text("agency"),
        children=[one for child in form.many("children") if (one := whole_number(child)) is not None] or None,
        purpose=form.text("purpose"),
        lawful_basis=form.text("lawful_basis"),
        questions=[line.strip() for line in (form.text("questions") or "").split("\n") if line.strip()],
        due_at=at_hub(form.text("due_at"), desk.hub.time_zone),
    )
    await ask_agency(session, desk, case, caller, validated(InformationRequestIn, document), form.known["agencies"])


async def _note(session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: NoteIn) -> None:
    await write_note(session, desk, case, caller, "note", given.text)


async def _reopen(session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: ReopeningIn) -> None:
    await reopen_case(session, desk, case, caller, given.reason)


def _parallel_route(form: Form) -> dict[str, Any]:
    return said(
        route=form.text("route"),
        owner=form.text("owner"),
        child=form.number("child"),
        reason=form.text("reason"),
    )


async def _take_note(session: AsyncSession, desk: Desk, case: Case, caller: Caller, form: Form) -> None:
    del desk
    await acknowledge_new_information(session, case, caller, known_id(form.text("record") or ""))


async def _complete(session: AsyncSession, desk: Desk, case: Case, caller: Caller, form: Form) -> None:
    given = validated(CompletionIn, said(result=form.text("result")))
    await complete_parallel_route(session, desk, case, caller, known_id(form.text("record") or ""), given)


async def _answer_challenge(session: AsyncSession, desk: Desk, case: Case, caller: Caller, form: Form) -> None:
    given = validated(AnswerIn, said(answer=form.text("answer"), outcome=form.text("outcome")))
    await answer_challenge(session, desk, case, caller, known_id(form.text("record") or ""), given)


def _is(*statuses: str) -> Any:
    def offered(case: CaseOut, caller: Caller) -> bool:
        del caller
        return case.status in statuses

    return offered


def helped(case: CaseOut, caller: Caller) -> bool:
    """Tell whether early help stands in place of a person's work on the case."""
    del caller
    return case.status in ("routed", "decided") and any(offer.ended_at is None for offer in case.offers)


def _may_countersign(case: CaseOut, caller: Caller) -> bool:
    decided_by = {one.decided_by for one in case.decisions if one.state == "awaiting"}
    return case.status == "awaiting_countersignature" and caller.subject not in decided_by


FORMS = (
    CaseForm("claim", "Take this case", "The case is yours for 15 minutes at a time, while you work on it.", _claim,
             offered=_may_claim, short=True, main=True, allowance=Allowance.CLAIMS),
    CaseForm("acknowledgement", "Tell the referrer that you have it", "The referrer is told that a person has it.",
             acting(AcknowledgementIn, lambda form: {"advice": form.many("advice")}, acknowledge_case),
             versioned=False, main=True),
    CaseForm("facts", "Code what was written", "The case was assessed again with what you coded.",
             acting(FactsIn, coding_of, code_facts), versioned=False, main=True),
    CaseForm("confirmation", "Confirm the route", "The route is confirmed, and the referrer is told.",
             acting(ReasonIn, _reason, confirm_route), DECIDERS, _is("routed"), main=True),
    CaseForm("step-up", "Step up", "The case is back with a person, and early help has ended.",
             acting(ReopeningIn, _reason, step_up_case), offered=helped, main=True),
    CaseForm("decision", "Decide", "The decision is recorded.", _decide, DECIDERS, main=True),
    CaseForm("countersignature", "Countersign", "Your countersignature is recorded.",
             acting(CountersignatureIn, _countersigned, countersign_decision), (Role.MANAGER,), _may_countersign,
             main=True),
    CaseForm("information-request", "Ask an agency", "The agency is asked. Its answer comes to this case.", _ask,
             versioned=False, before=answering_agencies),
    CaseForm("note", "Write a note", "The note is on the case.",
             acting(NoteIn, lambda form: said(text=form.text("text")), _note), offered=always, versioned=False),
    CaseForm("priority", "Change the colour", "The colour is changed, and the clocks with it.",
             acting(PriorityIn, lambda form: said(priority=form.text("priority"), reason=form.text("reason")),
                    prioritise_case)),
    CaseForm("parallel-route", "Open a parallel route", "The route is open, with its owner and its clock.",
             acting(ParallelRouteIn, _parallel_route, open_parallel_route), versioned=False, before=owners),
    CaseForm("assignment", "Hand it to a colleague", "Your colleague has the case.",
             acting(AssignmentIn, lambda form: said(to=form.text("to"), reason=form.text("reason")), assign_case),
             before=staff),
    CaseForm("release", "Give it back", "The case is on the queue again.",
             acting(ReasonIn, _reason, release_case), offered=lambda case, _: bool(case.owner) and is_open(case, _)),
    CaseForm("reopening", "Reopen the case", "The case is open again.",
             acting(ReopeningIn, _reason, _reopen), DECIDERS, _is("decided")),
    CaseForm("link", "Settle a match", "The match is settled.", _settle, offered=always, versioned=False, short=True,
             locked=False),
    CaseForm("new-information", "Take note of new information", "You have taken note of it.", _take_note,
             offered=always, versioned=False, short=True),
    CaseForm("completion", "Complete a parallel route", "The route is completed.", _complete, offered=always,
             versioned=False, short=True),
    CaseForm("challenge", "Answer a challenge", "The answer is sent to the agency.", _answer_challenge,
             offered=lambda case, _: any(one.state == "open" for one in case.challenges), versioned=False),
)  # fmt: skip
"""In the order in which the case page offers them."""

BUTTONS_ELSEWHERE = frozenset({"link", "new-information", "completion"})
"""Sent from beside the record that they settle."""

BY_SLUG: Mapping[str, CaseForm] = {form.slug: form for form in FORMS}
