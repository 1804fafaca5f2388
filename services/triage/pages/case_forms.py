"""The forms of a case, each with the action that the API's route calls too."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.claim_case import claim_case
from services.triage.actions.code_facts import code_facts
from services.triage.actions.decide_case import confirm_route, countersign_decision, decide_case
from services.triage.actions.desk import Desk
from services.triage.actions.reopen_case import reopen_case
from services.triage.actions.settle_link import settle_link
from services.triage.domain import LinkState
from services.triage.models import Case
from services.triage.pages.case_form import CaseForm, acting, always, at_hub, is_open
from services.triage.pages.form import Form, said
from services.triage.queries.links import find_link
from services.triage.schemas import CaseOut, CountersignatureIn, DecisionIn, FactsIn, ReasonIn, ReopeningIn
from shared.http.validation import known_id, validated
from shared.problems import BadRequest
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


def _coded(form: Form) -> dict[str, Any]:
    """Return the codes that were chosen, each of one child or of all, and the facts that were answered."""
    indicators = [
        said(code=name.removeprefix("status-"), status=form.text(name), child=form.number(f"child-{name[7:]}"))
        for name in form.fields
        if name.startswith("status-") and form.text(name)
    ]
    facts = {name.removeprefix("fact-"): _fact(form, name) for name in form.fields if name.startswith("fact-")}
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


def _is(*statuses: str) -> Any:
    def offered(case: CaseOut, caller: Caller) -> bool:
        del caller
        return case.status in statuses

    return offered


def _may_countersign(case: CaseOut, caller: Caller) -> bool:
    decided_by = {one.decided_by for one in case.decisions if one.state == "awaiting"}
    return case.status == "awaiting_countersignature" and caller.subject not in decided_by


FORMS = (
    CaseForm("claim", "Take this case", "The case is yours for 15 minutes at a time, while you work on it.", _claim,
             offered=_may_claim, short=True),
    CaseForm("facts", "Code what was written", "The case was assessed again with what you coded.",
             acting(FactsIn, _coded, code_facts), versioned=False),
    CaseForm("confirmation", "Confirm the route", "The route is confirmed, and the referrer is told.",
             acting(ReasonIn, _reason, confirm_route), DECIDERS, _is("routed")),
    CaseForm("decision", "Decide", "The decision is recorded.", _decide, DECIDERS),
    CaseForm("countersignature", "Countersign", "Your countersignature is recorded.",
             acting(CountersignatureIn, _countersigned, countersign_decision), (Role.MANAGER,), _may_countersign),
    CaseForm("reopening", "Reopen the case", "The case is open again.",
             acting(ReopeningIn, _reason, lambda session, desk, case, caller, given:
                    reopen_case(session, desk, case, caller, given.reason)), DECIDERS, _is("decided")),
    CaseForm("link", "Settle a match", "The match is settled.", _settle, offered=always, versioned=False, short=True,
             locked=False),
)  # fmt: skip
"""In the order in which the case page offers them."""

BY_SLUG: Mapping[str, CaseForm] = {form.slug: form for form in FORMS}
