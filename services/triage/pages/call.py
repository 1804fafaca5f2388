"""Recording a call: one thing on each page, what the thresholds say, check answers, send."""

from services.triage.pages.form import Form
from services.triage.pages.journey import CHECK, Journey, Kind, Question, Step, router_of
from services.triage.pages.journey.steps import Document
from services.triage.pages.words import DANGER_ANSWERS, YES_NO_NOT_KNOWN
from shared.security import Role

TAKERS = (Role.SCREENER, Role.OUT_OF_HOURS)
NEEDED = "Answer this; not known is an answer too."
EMERGENCY = "If yes: the caller rings {emergency} first. Then go on here."
HARM = "Do not ask the caller to tell them where that could harm the child."


def whole(told: Form, document: Document) -> Document:
    del told
    return document


CALL = Journey(
    place="/desk/call",
    first="/desk/call",
    title="Record a call",
    leave="/desk",
    sent="called.html",
    roles=TAKERS,
    steps=(
        Step(
            "danger",
            "Is a child in danger now?",
            (
                Question(
                    "/concern/immediate_danger", "In danger now", Kind.PICK, EMERGENCY, DANGER_ANSWERS, needed=NEEDED
                ),
            ),
        ),
        Step(
            "caller",
            "Who is calling?",
            (
                Question("/source", "Who they are", Kind.CHOICE, options="referral_source"),
                Question("/referrer/name", "Their name (empty if they do not give it)"),
                Question("/referrer/phone", "Telephone", Kind.TEL),
                Question("/referrer/relationship_to_child", "How they know the child"),
            ),
        ),
        Step(
            "child",
            "Who is the child?",
            (
                Question("/given_name", "First name", hint="Empty if it is not known."),
                Question("/family_name", "Family name"),
                Question("/date_of_birth", "Date of birth", Kind.PAST_DAY, "Or the age below."),
                Question("/estimated_age_years", "About how old, in years", Kind.AGE),
                Question("/address/lines", "Address", Kind.LINES, "One line each."),
                Question("/address/postcode", "Postcode, or what is known of it"),
                Question("/location_protected", "Nobody outside may learn where the child is", Kind.FLAG),
                Question("/school/name", "School or nursery"),
                Question("/whereabouts_now", "Where the child is now"),
            ),
            each="/children",
            one="child",
            most=20,
        ),
        Step(
            "concern",
            "What is the worry?",
            (
                Question(
                    "/concern/what_happened", "What happened, in the caller's words", Kind.AREA, needed=NEEDED, rows=8
                ),
                Question("/concern/childs_words", "What the child said (optional)", Kind.AREA),
                Question("/concern/strengths", "What goes well (optional)", Kind.AREA, rows=2),
                Question("/worker_safety", "What workers have to know for their safety (optional)", Kind.AREA, rows=2),
            ),
        ),
        Step(
            "openness",
            "What do the parents know?",
            (
                Question(
                    "/openness/parents_informed",
                    "Do the parents know of this call?",
                    Kind.PICK,
                    HARM,
                    YES_NO_NOT_KNOWN,
                ),
                Question("/openness/reason_not_informed", "Why they do not know (optional)", Kind.AREA, rows=2),
            ),
        ),
        Step(CHECK, "Check what was said", shows="answers.html", go_on="Send", checks=whole),
    ),
)

router = router_of(CALL)
