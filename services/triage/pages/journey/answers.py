"""The answers of a journey: told over from page to page, sealed in the page itself, and made into a referral."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag

from services.triage.pages.case_form import anchor
from services.triage.pages.form import Form
from services.triage.pages.journey.reading import READERS, Kind
from services.triage.pages.journey.steps import Journey, Place, Question, Step
from services.triage.pages.page import Page
from services.triage.pages.words import plain
from shared.http.reading import whole_number
from shared.problems import BadRequest
from shared.settings.hub import Hub
from shared.text import NOT_KNOWN

SO_FAR = "so_far"
KEY = "key"
CHECK_ID = "check_id"
GIVEN_BY = "openness-agreement-by"
NOT_SENT = frozenset({Kind.AGES})
AGE, BORN = "estimated_age_years", ("date_of_birth", "expected_delivery_date")


def sealed(page: Page, journey: Journey, told: Form) -> str:
    return base64.urlsafe_b64encode(page.desk.vault.seal(journey.place, page.caller.subject, told.fields)).decode()


def told_so_far(page: Page, journey: Journey, typed: Form, place: Place) -> Form:
    """Return what was typed on this page over what was told before, which only this person's own pages can bring."""
    try:
        kept = base64.urlsafe_b64decode(typed.text(SO_FAR) or "")
        earlier = page.desk.vault.open(journey.place, page.caller.subject, kept)
    except (InvalidTag, ValueError, binascii.Error):
        raise BadRequest("Begin anew: this page is not one that you were given.") from None
    own = place.step.fields(place.index)
    before = {name: values for name, values in earlier.items() if name not in own}
    return Form({**before, **{name: typed.fields[name] for name in own if any(typed.fields.get(name, ()))}})


def without(told: Form, step: Step, index: int) -> Form:
    """Return the answers without one child or person; those after move up, and whoever agreed stays who they were."""
    start = f"{anchor(step.each)}-"
    kept: dict[str, list[str]] = {}
    for name, values in told.fields.items():
        place, _, rest = name.removeprefix(start).partition("-")
        if not name.startswith(start) or int(place) < index:
            kept[name] = values
        elif int(place) > index:
            kept[f"{start}{int(place) - 1}-{rest}"] = values
    if step.each == "/household" and GIVEN_BY in kept:
        kept |= _moved_up(kept.pop(GIVEN_BY), index)
    return replace(told, fields=kept)


def _moved_up(given_by: list[str], index: int) -> dict[str, list[str]]:
    by = whole_number(given_by[-1])
    return {} if by in (None, index) else {GIVEN_BY: [str(by - (by > index))]}


def without_gaps(told: Form, step: Step) -> Form:
    """Return the answers without children or persons of whom nothing was told."""
    for index in reversed(range(step.count(told))):
        if not any(told.text(name) for name in step.fields(index)):
            told = without(told, step, index)
    return told


def referral_of(journey: Journey, told: Form, hub: Hub) -> dict[str, Any]:
    """Return the referral document of the answers; raises nothing for what cannot be read, which is left out."""
    document: dict[str, Any] = {"children": [], "concern": {}}
    for pointer, name, question in _questions(journey, told):
        value = _read(question, told, name, hub)
        if value is not None and question.kind not in NOT_SENT:
            _put(document, pointer, value)
    document["children"] = [_child(child) for child in document["children"] or [{}]]
    if check_id := told.text(CHECK_ID):
        document[CHECK_ID] = check_id
    return document


def referral_as_typed(journey: Journey, told: Form, hub: Hub) -> dict[str, Any]:
    """Return the referral document of the answers, with what cannot be read as it was typed."""
    document = referral_of(journey, told, hub)
    for pointer, name, question in _questions(journey, told):
        typed = None if question.kind in NOT_SENT else told.text(name)
        if typed and _read(question, told, name, hub) is None:
            _put(document, pointer, typed)
    return document


def tells_of_child(told: Form) -> bool:
    return any(told.text(name) for name in told.fields if name.startswith("children-"))


def _questions(journey: Journey, told: Form) -> Iterator[tuple[str, str, Question]]:
    """Yield each question with its place in the referral and its field, also of the steps that are passed by."""
    for step in journey.steps:
        for index in range(step.count(told)):
            for name, question in step.fields(index).items():
                yield f"{step.each}/{index}{question.pointer}" if step.each else question.pointer, name, question


def _read(question: Question, told: Form, name: str, hub: Hub) -> Any:
    try:
        return READERS[question.kind](told, name, hub)
    except ValueError:
        return None


def _put(document: dict[str, Any], pointer: str, value: Any) -> None:
    """Set a value at its place, making the objects and lists on the way."""
    path = pointer.strip("/").split("/")
    inside: Any = document
    for part, following in pairwise(path):
        empty: Any = [] if following.isdecimal() else {}
        if isinstance(inside, list):
            inside.extend({} for _ in range(int(part) + 1 - len(inside)))
            inside = inside[int(part)]
        else:
            inside = inside.setdefault(part, empty)
    inside[path[-1]] = value


def _child(child: Mapping[str, Any]) -> dict[str, Any]:
    """Return a child with a name to call it by, and with the better of two ways to say its age."""
    dated = any(child.get(name) for name in BORN)
    return {"given_name": NOT_KNOWN} | {name: said for name, said in child.items() if not (dated and name == AGE)}


@dataclass(frozen=True)
class Told:
    """What one page was told, to be checked: `lines` are titles with the answers in words."""

    place: Place
    title: str
    lines: Sequence[tuple[str, str]]


def summary(journey: Journey, told: Form, hub: Hub) -> list[Told]:
    """Return what every page was told, the pages that nobody has been to yet too."""
    shown = []
    for step in journey.steps:
        for index in range(max(1, step.count(told))) if step.questions else ():
            title = f"{step.title} {index + 1}" if step.count(told) > 1 and step.each else step.title
            fields = step.fields(index).items()
            lines = [(question.title, _in_words(question, told, name, hub)) for name, question in fields]
            shown.append(Told(Place(step, index), title, [line for line in lines if line[1]]))
    return [page for page in shown if page.lines or page.place.step.fits(told)]


def _in_words(question: Question, told: Form, name: str, hub: Hub) -> str:
    if question.kind is Kind.FLAG:
        return "Yes" if told.text(name) else ""
    options = dict(question.choices(hub, told))
    if question.kind is Kind.SIGNS:
        options = {one.code: one.label for one in hub.indicators}
    return ", ".join(options.get(one) or (plain(one) if options else one) for one in told.many(name))


class Hint(NamedTuple):
    """What somebody should look at again: what was asked, what was typed, and what is wrong with it."""

    title: str
    typed: str
    advice: str


def hints_of(journey: Journey, told: Form, hub: Hub, warnings: Iterable[Mapping[str, str]] = ()) -> list[Hint]:
    """Return what the pages do not understand, and what the referrals service warns of, each field once."""
    advice: dict[str, str] = {}
    for _, name, question in _questions(journey, told):
        if question.kind not in NOT_SENT and (complaint := question.complaint(told, name, hub)):
            advice[name] = complaint
    for step in journey.steps:
        for index in range(step.count(told)):
            advice |= {error.pointer: error.detail for error in step.rule(told, index)}
    for warning in warnings:
        advice.setdefault(anchor(warning["pointer"]), warning["detail"])
    return [Hint(journey.title_of(name), ", ".join(told.many(name)), detail) for name, detail in advice.items()]
