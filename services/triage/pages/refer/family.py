"""The children of a referral and the people around them: the steps that ask for them, and what follows from them."""

from collections.abc import Iterator
from typing import Any

from services.triage.pages.form import Form
from services.triage.pages.journey import Kind, Question, Step
from services.triage.pages.journey.steps import Options
from services.triage.pages.words import YES_NO_NOT_KNOWN
from shared.harm import telling_could_harm
from shared.problems import FieldError

SIGNS = "concern-indicators"


def telling_is_safe(told: Form) -> bool:
    """Nobody is asked whether the family was told where telling could harm."""
    return not telling_could_harm({"concern": {"indicators": signs_of(told)}, "household": list(_household(told))})


def signs_of(told: Form) -> list[dict[str, str]]:
    return [{"code": code, "status": "present"} for code in told.many(SIGNS)]


def _household(told: Form) -> Iterator[dict[str, Any]]:
    for index in range(HOUSEHOLD.count(told)):
        member = f"household-{index}"
        yield {
            "role_in_concern": told.text(f"{member}-role_in_concern"),
            "lives_with_child": told.text(f"{member}-lives_with_child"),
            "must_not_learn": told.many(f"{member}-must_not_learn"),
        }


def people_of(told: Form) -> Options:
    names = (told.text(f"household-{index}-name") for index in range(HOUSEHOLD.count(told)))
    return [(str(index), name or f"Person {index + 1}") for index, name in enumerate(names)]


def one_birth(told: Form, index: int) -> Iterator[FieldError]:
    child = f"children-{index}"
    if told.text(f"{child}-date_of_birth") and told.text(f"{child}-expected_delivery_date"):
        yield FieldError(f"{child}-expected_delivery_date", "Leave one empty: this child is born, or is still to come.")


CHILD = Step(
    "child",
    "Who is the child?",
    (
        Question("/given_name", "First name", hint="Empty if it is not known."),
        Question("/family_name", "Family name"),
        Question("/date_of_birth", "Date of birth", Kind.PAST_DAY),
        Question("/estimated_age_years", "About how old, in years", Kind.AGE, "Where the date is not known."),
        Question("/expected_delivery_date", "When a baby to come is due", Kind.DAY),
        Question("/sex", "Sex", Kind.CHOICE, options="sex"),
        Question("/address/lines", "Address", Kind.LINES, "One line each."),
        Question("/address/postcode", "Postcode, or what is known of it"),
        Question("/location_protected", "Nobody outside may learn where the child is", Kind.FLAG),
        Question("/whereabouts_now", "Where the child is now"),
        Question("/school/name", "School or nursery"),
        Question("/upn", "Unique pupil number"),
        Question("/nhs_number", "NHS number"),
        Question("/first_language", "First language", Kind.CHOICE, options="first_language"),
        Question("/interpreter_needed", "An interpreter is needed", Kind.FLAG),
    ),
    each="/children",
    one="child",
    most=20,
    rule=one_birth,
)

HOUSEHOLD = Step(
    "household",
    "Who lives with the child, or looks after the child?",
    (
        Question("/name", "Name"),
        Question("/relationship", "What they are to the child", Kind.CHOICE, options="household_relationship"),
        Question("/date_of_birth", "Date of birth", Kind.PAST_DAY),
        Question("/lives_with_child", "Do they live with the child?", Kind.PICK, options=YES_NO_NOT_KNOWN),
        Question(
            "/parental_responsibility", "Do they have parental responsibility?", Kind.PICK, options=YES_NO_NOT_KNOWN
        ),
        Question("/role_in_concern", "Their part in what worries you", Kind.CHOICE, options="role_in_concern"),
        Question("/works_with_children", "They work with children, paid or not", Kind.FLAG),
        Question(
            "/must_not_learn",
            "What must they not learn?",
            Kind.TICKS,
            "Tick what could put somebody at risk. We keep it from them.",
            "must_not_learn",
        ),
    ),
    each="/household",
    one="person",
    most=30,
)
