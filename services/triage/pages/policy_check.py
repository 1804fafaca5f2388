"""Trying facts against the policy in force: what it would say of a child there is not. Nothing of it is kept."""

from typing import Annotated, Any

from fastapi import APIRouter, Response

from services.triage.pages.case_form import errors_of
from services.triage.pages.case_forms import coding_of
from services.triage.pages.form import Form
from services.triage.pages.page import Page, PageRoute, form_for, page_for
from services.triage.queries.checks import Receipt, try_facts
from services.triage.schemas import FactsTried
from services.triage.thresholds.vocabulary import NARRATIVE_CODED, Fact, FactType, Vocabulary
from shared.http.validation import validated
from shared.problems import Invalid
from shared.security import STAFF_ROLES

AGE = "child_age_months"
YEARS = "years"
MONTHS_A_YEAR = 12
ONE_ANSWER = (FactType.YES_NO, FactType.CHOICE, FactType.NUMBER)

router = APIRouter(route_class=PageRoute, include_in_schema=False)
EverybodysPage = Annotated[Page, page_for(STAFF_ROLES)]
EverybodysForm = Annotated[Form, form_for(STAFF_ROLES)]


@router.get("/desk/policy/check")
async def get_check(page: EverybodysPage) -> Response:
    return _show(page, Form({}))


@router.post("/desk/policy/check")
async def post_check(page: EverybodysPage, typed: EverybodysForm) -> Response:
    """Show the receipt above the form, which keeps what was tried."""
    try:
        tried = validated(FactsTried, tried_of(typed))
        return _show(page, typed, receipt=try_facts(page.desk.policy, tried))
    except Invalid as problem:
        return _show(page, typed, problem=problem)


def tried_of(typed: Form) -> dict[str, Any]:
    """Return indicators and facts as they were chosen; years and months are one age, 0 before birth."""
    coding = coding_of(typed)
    facts, years = coding["facts"], typed.number(YEARS)
    months = facts.get(AGE, 0)
    if isinstance(years, int) and isinstance(months, int):
        facts |= {AGE: years * MONTHS_A_YEAR + months}
    elif years is not None:
        facts |= {AGE: months if isinstance(years, int) else years}
    if facts.get("unborn") is True:
        facts.setdefault(AGE, 0)
    return {"indicators": coding["indicators"], "facts": facts}


def questions(vocabulary: Vocabulary) -> list[tuple[str, Fact]]:
    """Return the facts that take one answer, but for the age, which has fields of its own, and what is taken as so."""
    apart = (AGE, NARRATIVE_CODED)
    return [
        (name, fact) for name, fact in vocabulary.facts.items() if fact.type in ONE_ANSWER and name not in apart
    ]  # fmt: skip


def _show(page: Page, typed: Form, *, receipt: Receipt | None = None, problem: Invalid | None = None) -> Response:
    policy = page.desk.policy
    return page.show(
        "policy_check.html",
        problem.status if problem else 200,
        document=policy.document,
        stamp=policy.stamp,
        vocabulary=policy.vocabulary,
        questions=questions(policy.vocabulary),
        typed=typed,
        receipt=receipt,
        problem=problem,
        errors=errors_of(problem),
    )
