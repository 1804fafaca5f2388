"""What a journey is made of: steps, each a page or a page for each child or person, and their questions. Data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.triage.pages.case_form import anchor
from services.triage.pages.form import Form
from services.triage.pages.journey.reading import READERS, Kind
from services.triage.pages.words import items
from shared.http.reading import whole_number
from shared.problems import FieldError
from shared.security import Role
from shared.settings.hub import Hub

Options = Sequence[tuple[str, str]]
Document = Mapping[str, Any]
LISTED = (Kind.CHOICE, Kind.PICK, Kind.TICKS, Kind.NUMBER)
INPUT_TYPES = {Kind.TEL: "tel", Kind.EMAIL: "email"}
DATED = {Kind.DAY: "date", Kind.PAST_DAY: "date", Kind.MOMENT: "datetime-local"}
MINUTES = 16
"""So many characters of a time, as of a day, browsers write in its field."""

NOT_LISTED = "Choose one of the answers shown."
DANGER = "concern-immediate_danger"
CHECK = "check"
"""The last step of every journey: all answers, and the button that sends them."""


def always(_: Form) -> bool:
    return True


def nothing_else(_: Form) -> Mapping[str, list[str]]:
    return {}


def may_be_danger(told: Form) -> bool:
    """Tell whether a danger is not ruled out: then nothing that was typed stops anybody."""
    return told.text(DANGER) not in (None, "no")


def no_rule(_: Form, __: int) -> Iterator[FieldError]:
    return iter(())


@dataclass(frozen=True)
class Question:
    """`pointer` is the place of the answer in the referral; in a step that repeats, within one child or person.

    `options` are a code list of the hub by its name, codes with their words, or what makes these of what was said.
    `needed` is said where there is no answer; without it the question may stay open.
    """

    pointer: str
    title: str
    kind: Kind = Kind.LINE
    hint: str = ""
    options: str | Options | Callable[[Form], Options] = ()
    needed: str = ""
    rows: int = 3

    def choices(self, hub: Hub, told: Form) -> Options:
        if isinstance(self.options, str):
            return items(hub, self.options)
        return self.options(told) if callable(self.options) else self.options

    def complaint(self, told: Form, name: str, hub: Hub) -> str | None:
        """Say what is wrong with the answer, None where nothing is."""
        try:
            READERS[self.kind](told, name, hub)
        except ValueError as error:
            return str(error)
        if self.needed and not told.text(name):
            return self.needed
        strange = self.kind in LISTED and set(told.many(name)) - {value for value, _ in self.choices(hub, told)}
        return NOT_LISTED if strange else None

    def input_type(self, told: Form, name: str, hub: Hub) -> str:
        """Return the type of its field: plain text where a browser would not show a date as it was typed."""
        dated, typed = DATED.get(self.kind), told.text(name)
        if dated is None or typed is None:
            return dated or INPUT_TYPES.get(self.kind, "text")
        is_shown = self.complaint(told, name, hub) is None and READERS[self.kind](told, name, hub)[:MINUTES] == typed
        return dated if is_shown else "text"


@dataclass(frozen=True)
class Step:
    """A page. With `each` it repeats for each item of that list of the referral, and `one` is what an item is called.

    It is passed by unless `asked`, and never shown unless it `fits`; `rule` tells what its answers owe to each other;
    `shows` is its template. `fills` gives what its answers say to questions of later pages. Whoever changes an answer
    goes on to the step that it is `followed_by`. `checks` makes the document of a threshold check, whose outcome the
    page shows. `go_on` is what its first button says.
    """

    slug: str
    title: str
    questions: tuple[Question, ...] = ()
    each: str = ""
    one: str = ""
    most: int = 1
    asked: Callable[[Form], bool] = always
    fits: Callable[[Form], bool] = always
    rule: Callable[[Form, int], Iterator[FieldError]] = no_rule
    shows: str = "questions.html"
    fills: Callable[[Form], Mapping[str, list[str]]] = nothing_else
    followed_by: str = ""
    go_on: str = "Continue"
    checks: Callable[[Form, Document], Document] | None = None

    def leads(self, told: Form) -> bool:
        return self.fits(told) and self.asked(told)

    def fields(self, index: int) -> dict[str, Question]:
        """Return the questions of one page by the names of their fields."""
        place = f"{self.each}/{index}" if self.each else ""
        return {anchor(f"{place}{question.pointer}"): question for question in self.questions}

    def count(self, told: Form) -> int:
        """Return how many items were told of, which is one for a step that does not repeat."""
        if not self.each:
            return 1
        start = f"{anchor(self.each)}-"
        places = [name.removeprefix(start).split("-")[0] for name in told.fields if name.startswith(start)]
        return max((index + 1 for place in places if (index := whole_number(place)) is not None), default=0)

    def complaints(self, told: Form, index: int, hub: Hub) -> Iterator[FieldError]:
        for name, question in self.fields(index).items():
            if advice := question.complaint(told, name, hub):
                yield FieldError(name, advice)
        yield from self.rule(told, index)

    def gaps(self, told: Form, index: int) -> Iterator[FieldError]:
        """Yield what is needed and was not said at all."""
        for name, question in self.fields(index).items():
            if question.needed and not told.text(name):
                yield FieldError(name, question.needed)


@dataclass(frozen=True)
class Place:
    """Where somebody is: a step, and which child or person it is about."""

    step: Step
    index: int = 0


@dataclass(frozen=True)
class Journey:
    """`place` is the path of its pages, `first` that of its first page; `sent` is the template of its end.

    `begins` gives the answers that are known before anybody asks; `warns` shows the danger on every page.
    """

    place: str
    first: str
    title: str
    leave: str
    sent: str
    roles: tuple[Role, ...]
    steps: tuple[Step, ...]
    begins: Callable[[Any], Mapping[str, list[str]]] = field(default=lambda _: {})
    warns: bool = False

    def step(self, slug: str) -> Step:
        return next(step for step in self.steps if step.slug == slug)

    def places(self, told: Form) -> list[Place]:
        """Return the pages that these answers lead over, in order."""
        return [
            Place(step, index) for step in self.steps if step.leads(told) for index in range(max(1, step.count(told)))
        ]

    def named(self, slug: str, index: int, told: Form) -> Place:
        """Return a page by its name; the first of its step where there is no such child or person."""
        step = self.step(slug)
        return Place(step, index if index < max(1, step.count(told)) else 0)

    def asked_at(self, name: str) -> Place | None:
        """Return the page that asks for a field, for the part of it that a complaint names, or for parts of that."""
        for step in self.steps:
            index = _index_in(name, step.each) if step.each else 0
            if any(_is_part(name, own) or _is_part(own, name) for own in step.fields(index)):
                return Place(step, index)
        return None

    def title_of(self, name: str) -> str:
        """Return what is asked at a field, for a part of it too; empty where no page asks for it."""
        place = self.asked_at(name)
        if place is None:
            return ""
        titles = (question.title for own, question in place.step.fields(place.index).items() if _is_part(name, own))
        return next(titles, place.step.title)


def _is_part(name: str, of: str) -> bool:
    return f"{name}-".startswith(f"{of}-")


def _index_in(name: str, each: str) -> int:
    start = f"{anchor(each)}-"
    part = name.removeprefix(start).split("-")[0] if name.startswith(start) else ""
    return whole_number(part) or 0
