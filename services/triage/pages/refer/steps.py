"""The steps of referring a child: danger, what the thresholds say, the referral. Only two answers are needed."""

from collections.abc import Iterator, Mapping

from services.triage.pages.form import Form
from services.triage.pages.journey import CHECK, Journey, Kind, Question, Step
from services.triage.pages.journey.answers import AGE
from services.triage.pages.journey.reading import UNBORN, ages_of
from services.triage.pages.journey.steps import DANGER, Document
from services.triage.pages.page import Page
from services.triage.pages.refer.family import CHILD, HOUSEHOLD, people_of, signs_of, telling_is_safe
from services.triage.pages.words import DANGER_ANSWERS, YES_NO_NOT_KNOWN
from shared import clock
from shared.problems import FieldError
from shared.security import GUEST_ROLE

AGES = "ages"
POSTCODE = "children-0-address-postcode"
ASSESSMENTS = [("yes", "Yes"), ("in_progress", "It is being made"), ("no", "No"), ("not_known", "Not known")]
POSITIONS = [
    ("given", "They agreed"),
    ("refused", "They refused"),
    ("not_sought", "Nobody asked them"),
    ("not_known", "Not known"),
]
SEEN = [("seen", "I saw it"), ("reported", "I was told"), ("both", "Both")]
LEVELS = [(str(level), f"Level {level}") for level in range(1, 5)]


def in_danger(told: Form) -> bool:
    return told.text(DANGER) == "yes"


def not_in_danger(told: Form) -> bool:
    """Whoever reports a danger is asked for the least; the rest can be added from the page with all answers."""
    return not in_danger(told)


def _ages(told: Form) -> list[int | str]:
    """Return the ages, none where one cannot be read."""
    try:
        return ages_of(told.text(AGES) or "")
    except ValueError:
        return []


def told_of_children(told: Form) -> Mapping[str, list[str]]:
    """Return what was told for the check as what is known of each child to be named: its age, and where it lives.

    Ages that cannot be read are told of the first child, as they were typed.
    """
    place, ages = told.many(POSTCODE), _ages(told)
    known: dict[str, list[str]] = {} if ages else {f"children-0-{AGE}": told.many(AGES)}
    for index, age in enumerate(ages):
        known |= {f"children-{index}-address-postcode": place} if place else {}
        known |= {f"children-{index}-{AGE}": [str(age)]} if isinstance(age, int) else {}
    return {name: typed for name, typed in known.items() if typed}


def of_worries(told: Form, document: Document) -> Document:
    """Return what is checked: signs, ages and a place, with nothing that says who it is about."""
    place = {"address": {"postcode": told.text(POSTCODE)}}
    due = clock.now().date().isoformat()
    children = [
        place
        | ({"expected_delivery_date": due} if age == UNBORN else {})
        | ({"estimated_age_years": age} if isinstance(age, int) else {})
        for age in _ages(told) or [""]
    ]
    return {"children": children, "concern": {**document["concern"], "indicators": signs_of(told)}}


def reachable(told: Form, _: int) -> Iterator[FieldError]:
    """Nobody has to give a name or a number for a danger; else somebody has to be asked back."""
    if told.text(DANGER) != "no":
        return
    if not told.text("referrer-name"):
        yield FieldError("referrer-name", "Say who you are.")
    if not (told.text("referrer-phone") or told.text("referrer-email")):
        yield FieldError("referrer-phone", "Give a telephone number or an e-mail address.")


def known_of(page: Page) -> Mapping[str, list[str]]:
    return {"referrer-name": [page.signed_in.name]}


REFER = Journey(
    place="/refer",
    first="/refer/danger",
    title="Refer a child",
    leave="/refer",
    sent="referred.html",
    roles=(GUEST_ROLE,),
    begins=known_of,
    warns=True,
    steps=(
        Step(
            "danger",
            "Is a child in danger now?",
            (
                Question(
                    "/concern/immediate_danger",
                    "In danger now",
                    Kind.PICK,
                    "If yes: ring {emergency} first, then go on here.",
                    DANGER_ANSWERS,
                    needed="Answer this; not known is an answer too.",
                ),
            ),
        ),
        Step(
            "worries",
            "What worries you?",
            (
                Question(
                    "/concern/indicators",
                    "What you have seen or been told",
                    Kind.SIGNS,
                    "Open what fits and tick all that you know of. If nothing fits, go on.",
                ),
                Question(
                    "/ages",
                    "How old are the children?",
                    Kind.AGES,
                    f"In years, such as 4, 7. For a baby to come write {UNBORN}.",
                ),
                Question(
                    "/children/0/address/postcode",
                    "Where do they live?",
                    hint="The postcode or its first half, to find help near the family.",
                ),
            ),
            asked=not_in_danger,
            fills=told_of_children,
            followed_by="checked",
        ),
        Step(
            "checked",
            "What the thresholds say",
            asked=not_in_danger,
            shows="checked.html",
            go_on="Refer the child",
            checks=of_worries,
        ),
        CHILD,
        HOUSEHOLD,
        Step(
            "concern",
            "What happened?",
            (
                Question(
                    "/concern/what_happened",
                    "What was seen or said",
                    Kind.AREA,
                    "In plain words, what you know before what you think.",
                    needed="Say what happened; one sentence is enough.",
                    rows=8,
                ),
                Question("/concern/happened_on", "When", Kind.PAST_DAY),
                Question("/concern/seen_or_reported", "How you know of it", Kind.PICK, options=SEEN),
                Question(
                    "/concern/childs_words", "What the child said or showed", Kind.AREA, "In the child's own words."
                ),
                Question("/concern/impact", "What it does to the child from day to day", Kind.AREA),
                Question("/concern/strengths", "What goes well", Kind.AREA),
                Question("/concern/earlier_concerns", "What there was before", Kind.AREA),
                Question("/worker_safety", "What somebody who visits has to know for their safety", Kind.AREA, rows=2),
            ),
        ),
        Step(
            "help",
            "What help was there, and what do you hope for?",
            (
                Question(
                    "/help_so_far/early_help_assessment",
                    "Was there an early help assessment?",
                    Kind.PICK,
                    options=ASSESSMENTS,
                ),
                Question("/help_so_far/results", "What was tried, and what came of it", Kind.AREA),
                Question("/outcome_wanted", "What you hope will happen", Kind.AREA),
                Question("/concern/claimed_level", "Which level you think is met", Kind.NUMBER, options=LEVELS),
                Question(
                    "/needed_by/at",
                    "When you need an answer",
                    Kind.MOMENT,
                    "If it cannot wait for one working day, such as the end of the school day.",
                ),
                Question("/needed_by/reason", "Why then"),
            ),
            asked=not_in_danger,
        ),
        Step(
            "openness",
            "What does the family know?",
            (
                Question(
                    "/openness/parents_informed",
                    "Do the parents know that you refer?",
                    Kind.PICK,
                    "Do not tell them now if that could put anybody at risk.",
                    YES_NO_NOT_KNOWN,
                ),
                Question("/openness/reason_not_informed", "If not: why", Kind.AREA, rows=2),
                Question(
                    "/openness/agreement/position", "Does the family agree to be helped?", Kind.PICK, options=POSITIONS
                ),
                Question("/openness/agreement/by", "Who said so", Kind.NUMBER, options=people_of),
                Question("/openness/agreement/to", "What they agreed to", Kind.AREA, rows=2),
            ),
            asked=not_in_danger,
            fits=telling_is_safe,
        ),
        Step(
            "safe-contact",
            "How can the family be reached safely?",
            (
                Question("/safe_contact/person", "Whom to speak to"),
                Question("/safe_contact/how", "How and when", Kind.AREA, rows=2),
                Question("/safe_contact/do_not", "What we must not do", Kind.AREA, "Such as ringing at home.", rows=2),
            ),
            asked=not_in_danger,
        ),
        Step(
            "you",
            "About you",
            (
                Question("/referrer/name", "Your name"),
                Question("/referrer/role", "Your post"),
                Question("/referrer/phone", "Telephone", Kind.TEL),
                Question("/referrer/email", "E-mail", Kind.EMAIL),
                Question("/referrer/relationship_to_child", "How you know the child"),
                Question("/agency_reference", "Your own reference", hint="You will see it beside ours."),
                Question(
                    "/lawful_basis/basis",
                    "Why you may share this",
                    Kind.CHOICE,
                    "For schools, health and police nearly always their public task; it is seldom consent.",
                    "lawful_basis",
                ),
            ),
            rule=reachable,
        ),
        Step(CHECK, "Check your answers", shows="answers.html", go_on="Send"),
    ),
)
