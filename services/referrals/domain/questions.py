"""The questions that a referral may leave open, and what each weighs. Pure; `quality` scores with them.

They are what audits find missing in poor referrals: a position on openness and agreement, help already given,
impact, the child's voice, history, siblings and fathers, the level and the outcome wanted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec

from shared.harm import telling_could_harm
from shared.text import is_known

Document = Mapping[str, Any]
Lacking = ParamSpec("Lacking")

FATHERS = frozenset({"father", "parent", "stepparent", "parents_partner"})


@dataclass(frozen=True)
class Question(Generic[Lacking]):
    """`weight` is what the score loses where `lacking` holds; weight 0 asks without marking down."""

    pointer: str
    weight: int
    lacking: Callable[Lacking, bool]
    ask: str
    why: str


def _at(document: Document, *path: str) -> Any:
    found: Any = document
    for name in path:
        found = (found or {}).get(name)
    return found


def _absent(*path: str) -> Callable[[Document], bool]:
    def lacking(document: Document) -> bool:
        return not _at(document, *path)

    return lacking


def _danger_unknown(document: Document) -> bool:
    return bool(document["concern"]["immediate_danger"] == "not_known")


def _no_contact(document: Document) -> bool:
    return not (_at(document, "referrer", "phone") or _at(document, "referrer", "email"))


def _no_father(document: Document) -> bool:
    household = document.get("household", [])
    return bool(household) and not any(member.get("relationship") in FATHERS for member in household)


def _voice_unheard(document: Document) -> bool:
    born = any(not child.get("expected_delivery_date") for child in document["children"])
    return born and not _at(document, "concern", "childs_words")


def _openness_unknown(document: Document) -> bool:
    told = _at(document, "openness", "parents_informed")
    return told in (None, "not_known") and not telling_could_harm(document)


def _no_reason(document: Document) -> bool:
    untold = _at(document, "openness", "parents_informed") == "no"
    return untold and not _at(document, "openness", "reason_not_informed") and not telling_could_harm(document)


def _no_position(document: Document) -> bool:
    position = _at(document, "openness", "agreement", "position")
    return position in (None, "not_known") and not telling_could_harm(document)


def _agreed_by_nobody(document: Document) -> bool:
    agreement = _at(document, "openness", "agreement") or {}
    return agreement.get("position") == "given" and agreement.get("by") is None


def _help_unknown(document: Document) -> bool:
    return _at(document, "help_so_far", "early_help_assessment") in (None, "not_known")


def _no_safe_contact(document: Document) -> bool:
    return telling_could_harm(document) and not document.get("safe_contact")


def _no_outcome(document: Document) -> bool:
    return document.get("kind") != "information" and not document.get("outcome_wanted")


def _only_informs(document: Document) -> bool:
    return document.get("kind") == "request" and _at(document, "concern", "claimed_level") == 1


QUESTIONS: tuple[Question[[Document]], ...] = (
    Question(
        "/concern/immediate_danger",
        4,
        _danger_unknown,
        "Is a child in danger now? Ring us; in an emergency call 999.",
        "Until this is known we treat it as a danger.",
    ),
    Question(
        "/kind",
        0,
        _only_informs,
        "Do you ask for a service, or is this for information only? Then send it as `information`.",
        "Information sent as a request waits in the same queue as children who need a decision.",
    ),
    Question("/referrer/name", 2, _absent("referrer", "name"), "Who refers?", "A person has to acknowledge it to you."),
    Question(
        "/referrer", 3, _no_contact, "How can we reach you?", "We can ask nothing, and tell you nothing, without."
    ),
    Question(
        "/concern/indicators",
        4,
        _absent("concern", "indicators"),
        "Which of the listed signs are present, and which did you rule out?",
        "Coded signs are assessed at once; prose waits for a person to read it.",
    ),
    Question(
        "/concern/seen_or_reported",
        3,
        _absent("concern", "seen_or_reported"),
        "Did you see this yourself, or were you told?",
        "It keeps fact and opinion apart.",
    ),
    Question(
        "/concern/happened_on", 2, _absent("concern", "happened_on"), "When did it happen?", "Evidence and risk fade."
    ),
    Question(
        "/concern/childs_words",
        8,
        _voice_unheard,
        "What did the child say or show, in the child's own words?",
        "The decision is about the child, who should be heard in it.",
    ),
    Question(
        "/concern/impact",
        8,
        _absent("concern", "impact"),
        "What does this do to the child from day to day?",
        "Need is judged by its effect on the child.",
    ),
    Question(
        "/concern/earlier_concerns",
        6,
        _absent("concern", "earlier_concerns"),
        "What was there before: earlier worries, referrals or incidents?",
        "A pattern weighs more than one event.",
    ),
    Question(
        "/concern/claimed_level",
        4,
        _absent("concern", "claimed_level"),
        "Which level of the threshold document do you think is met?",
        "Where we differ we can explain why.",
    ),
    Question(
        "/household",
        6,
        _absent("household"),
        "Who lives with the child or looks after the child: parents, brothers and sisters, other adults?",
        "Others may need help, protect the child, or be a risk.",
    ),
    Question(
        "/household",
        4,
        _no_father,
        "Who is the child's father, and does a partner or another adult matter to the child?",
        "Fathers and partners are the people most often left out.",
    ),
    Question(
        "/openness/parents_informed",
        7,
        _openness_unknown,
        "Do the parents know of this referral, and if not, why?",
        "Families should know what is said of them, unless telling could harm.",
    ),
    Question(
        "/openness/reason_not_informed",
        2,
        _no_reason,
        "Why were the parents not told?",
        "Sharing without their knowledge needs a reason on record.",
    ),
    Question(
        "/openness/agreement/position",
        6,
        _no_position,
        "Does the family agree to receive help: given, refused, or not asked?",
        "Early help can start only with agreement; refusing it ends nothing.",
    ),
    Question(
        "/openness/agreement/by",
        1,
        _agreed_by_nobody,
        "Who in the household agreed?",
        "Agreement counts from somebody with parental responsibility.",
    ),
    Question(
        "/safe_contact",
        1,
        _no_safe_contact,
        "Whom can we contact safely, how, and what must we not do?",
        "A call at the wrong moment can put a child or an adult in danger.",
    ),
    Question(
        "/lawful_basis/basis",
        3,
        _absent("lawful_basis", "basis"),
        "On which lawful basis do you share this? It is seldom consent.",
        "It is recorded with what you share.",
    ),
    Question(
        "/help_so_far/early_help_assessment",
        7,
        _help_unknown,
        "Was there an early help assessment, and what has been tried?",
        "It shows what helped, and what to try next.",
    ),
    Question(
        "/outcome_wanted", 5, _no_outcome, "What do you hope will happen?", "It tells us what the family may expect."
    ),
)


def _unborn(child: Document) -> bool:
    return bool(child.get("expected_delivery_date"))


def _no_birth(_: Document, child: Document) -> bool:
    return not child.get("date_of_birth") and not _unborn(child)


def _no_address(document: Document, child: Document) -> bool:
    mothers = (m for m in document.get("household", []) if m.get("relationship") == "mother" and _unborn(child))
    return not any(_at(person, "address", "postcode") for person in (child, *mothers))


def _no_name(_: Document, child: Document) -> bool:
    nameless = not child.get("family_name") or not is_known(child["given_name"])
    return nameless and not _unborn(child)


CHILD_QUESTIONS: tuple[Question[[Document, Document]], ...] = (
    Question(
        "/family_name", 2, _no_name, "What is the child's full name?", "It finds what is already known of the child."
    ),
    Question(
        "/date_of_birth",
        6,
        _no_birth,
        "When was the child born? Send the date, or for an unborn child the expected delivery date.",
        "Age decides what an injury means and which service fits.",
    ),
    Question(
        "/address/postcode",
        6,
        _no_address,
        "Where does the child live? Send the postcode.",
        "It decides which council is responsible.",
    ),
)
