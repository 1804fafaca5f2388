"""Makes synthetic referrals that differ as real ones do, the same ones for the same seed. Run by `frontdoor demo`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final, Literal, Self

from nhs_number.validate import is_valid
from pydantic import AfterValidator, Field, model_validator

from shared.settings.files import Frozen, HubUnreadable, Line, Words, read_file, validated
from shared.settings.hub import District, Hub, load_hub

Document = dict[str, Any]

REMEMBERED: Final = 200
INWARD_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"
UPN_LETTERS: Final = "ABCDEFGHJKLMNPQRTUVWXYZ"
SCHOOL_AGES: Final = range(5, 17)
MOST_CHILDREN: Final = 3
TOWNS_WEIGHED: Final = (6, 4, 1)


Codes = Annotated[tuple[Line, ...], Field(min_length=1)]
Towns = Annotated[Mapping[District, Line], Field(min_length=1)]
Age = Annotated[int, Field(strict=True, ge=0, le=17)]


def _in_order(ages: tuple[int, int]) -> tuple[int, int]:
    if ages[0] > ages[1]:
        raise ValueError("write the lower age first")
    return ages


def _names_the_child(text: str) -> str:
    try:
        text.format(name="")
    except (LookupError, ValueError, AttributeError):
        raise ValueError("write {name} for the child's name, and no other braces") from None
    return text


class Story(Frozen):
    """A concern as one agency tells it. `ages` in years, both included; `codes` are indicators that it codes."""

    agency: Line
    ages: Annotated[tuple[Age, Age], AfterValidator(_in_order)]
    codes: tuple[Line, ...]
    text: Annotated[Words, AfterValidator(_names_the_child)]
    level: Annotated[int, Field(strict=True, ge=1, le=4)] | None = None
    danger: Literal["yes", "no", "not_known"] = "no"
    kind: Literal["request", "notification", "information"] = "request"
    grade: Annotated[Line, Field(max_length=50)] | None = None


@dataclass(frozen=True)
class Family:
    """The people of a referral, remembered so that a later one can be about them again."""

    children: tuple[Document, ...]
    household: tuple[Document, ...]
    ages: tuple[int, ...]


class Named(Frozen):
    """The names of a family, the children's in the order of their ages."""

    given: Annotated[tuple[Line, ...], Field(min_length=MOST_CHILDREN)]
    family: Line


class Referrer(Frozen):
    name: Line
    role: Line | None = None


class Cast(Frozen):
    """What referrals are made of, from `synthetic.yaml` of the hub; `towns` are groups, the first named most often."""

    families: Annotated[tuple[Named, ...], Field(min_length=1)]
    adults: Annotated[tuple[Line, ...], Field(min_length=1)]
    streets: Annotated[tuple[Line, ...], Field(min_length=1)]
    towns: Annotated[Mapping[Line, Towns], Field(min_length=len(TOWNS_WEIGHED), max_length=len(TOWNS_WEIGHED))]
    ethnicities: Codes
    languages: Codes
    referrers: Mapping[Line, Annotated[tuple[Referrer, ...], Field(min_length=1)]]
    stories: Annotated[tuple[Story, ...], Field(min_length=1)]
    unborn_stories: Annotated[tuple[Story, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _agencies_are_there(self) -> Self:
        if strange := {story.agency for story in (*self.stories, *self.unborn_stories)} - self.referrers.keys():
            raise ValueError(f"referrers: name who refers for {', '.join(sorted(strange))}")
        return self


def load_cast(hub_dir: Path) -> Cast:
    """Raise `HubUnreadable` where `synthetic.yaml` is not there, or names what the hub does not have."""
    path = hub_dir / "synthetic.yaml"
    return cast_of(read_file(path), path, load_hub(hub_dir))


def cast_of(content: Any, path: Path, hub: Hub) -> Cast:
    """Return what `synthetic.yaml` holds; raises `HubUnreadable`."""
    cast = validated(Cast, content, path)
    coded = (code for story in (*cast.stories, *cast.unborn_stories) for code in story.codes)
    strange = {
        "ethnicities": unknown_codes(hub, "ethnicity", cast.ethnicities),
        "languages": unknown_codes(hub, "first_language", cast.languages),
        "stories: codes": unknown_codes(hub, "indicators", coded),
    }
    if found := [f"{place}: the hub has no code {codes}" for place, codes in strange.items() if codes]:
        raise HubUnreadable(f"{path}: {'; '.join(found)}")
    return cast


def unknown_codes(hub: Hub, name: str, codes: Iterable[str]) -> str:
    """Return those that are no codes of the hub's list, empty where all are."""
    return ", ".join(sorted({code for code in codes if not hub.code_lists[name].takes(code)}))


def synthetic_referrals(cast: Cast, seed: int, today: date) -> Iterator[tuple[str, Document]]:
    """Yield (agency slug, referral document) without end: one in five about a family seen before."""
    chance = Random(seed)  # noqa: S311 - invented people, not secrets
    known: list[Family] = []
    while True:
        match chance.choices(("again", "unborn", "new"), (20, 7, 73))[0]:
            case "again" if known:
                family = chance.choice(known)
                story = chance.choice([s for s in cast.stories if _fits(s, family)] or cast.stories)
            case "unborn":
                story, family = chance.choice(cast.unborn_stories), _unborn_family(chance, cast, today)
            case _:
                story = chance.choice(cast.stories)
                family = _family(chance, cast, story, today)
                known = [*known[-REMEMBERED:], family]
        yield story.agency, _document(chance, cast, story, family, today)


def _fits(story: Story, family: Family) -> bool:
    return any(story.ages[0] <= age <= story.ages[1] for age in family.ages)


def _family(chance: Random, cast: Cast, story: Story, today: date) -> Family:
    named = chance.choice(cast.families)
    address = _address(chance, cast)
    first = chance.randint(*story.ages)
    ages = [first] + [chance.randint(0, 17) for _ in range(chance.choices((0, 1, 2), (6, 3, 1))[0])]
    children = []
    for name, age in zip(named.given, ages, strict=False):
        child: Document = {
            "given_name": name,
            "family_name": named.family,
            "date_of_birth": _born(chance, age, today),
            "sex": chance.choice("MFU"),
            "ethnicity": chance.choice(cast.ethnicities),
            "first_language": chance.choice(cast.languages),
            "nhs_number": _nhs_number(chance),
            "address": address,
        }
        if age in SCHOOL_AGES:
            child |= {"upn": _upn(chance), "school": {"name": "Towcester Primary", "urn": "900001"}}
        children.append(child)
    return Family(tuple(children), _adults(chance, cast, named.family), tuple(ages))


def _unborn_family(chance: Random, cast: Cast, today: date) -> Family:
    family_name = chance.choice(cast.families).family
    due = today + timedelta(days=chance.randint(10, 180))
    child = {"given_name": "Unborn", "family_name": family_name, "expected_delivery_date": due.isoformat(), "sex": "U"}
    mother = _adults(chance, cast, family_name)[0]
    return Family((child,), ({**mother, "relationship": "mother", "address": _address(chance, cast)},), (0,))


def _adults(chance: Random, cast: Cast, family_name: str) -> tuple[Document, ...]:
    parent = {
        "name": f"{chance.choice(cast.adults)} {family_name}",
        "relationship": chance.choice(("mother", "father")),
        "parental_responsibility": chance.choices(("yes", "not_known"), (9, 1))[0],
        "lives_with_child": "yes",
    }
    partner = {"name": chance.choice(cast.adults), "relationship": "parents_partner", "lives_with_child": "not_known"}
    return (parent, partner) if chance.random() < 0.4 else (parent,)  # noqa: PLR2004


def _document(chance: Random, cast: Cast, story: Story, family: Family, today: date) -> Document:
    referrer = chance.choice(cast.referrers[story.agency])
    indicators: list[Document] = [{"code": code, "status": "present"} for code in story.codes]
    if indicators and len(family.children) > 1 and chance.random() < 0.5:  # noqa: PLR2004
        indicators[-1]["child"] = chance.randrange(len(family.children))
    concern = {
        "what_happened": story.text.format(name=family.children[0]["given_name"]),
        "immediate_danger": story.danger,
        "happened_on": (today - timedelta(days=chance.randint(0, 6))).isoformat(),
        "indicators": indicators,
        "claimed_level": story.level,
    }
    document = {
        "kind": story.kind,
        "agency_grade": story.grade,
        "referrer": {
            **referrer.model_dump(),
            "phone": f"01632 960{chance.randint(0, 999):03}",
            "email": f"safeguarding@{story.agency}.example",
        },
        "children": list(family.children),
        "household": list(family.household),
        "concern": concern,
        "openness": _openness(chance, story),
        "lawful_basis": {"basis": chance.choice(("public_task", "legal_obligation"))},
    }
    if chance.random() < 0.25:  # noqa: PLR2004
        _forget_something(chance, document)
    return _without_nothing(document)


def _openness(chance: Random, story: Story) -> Document:
    if story.level == 2:  # noqa: PLR2004
        position = chance.choices(("given", "refused", "not_sought"), (8, 1, 1))[0]
        agreement = {"position": position} | ({"by": 0} if position == "given" else {})
        return {"parents_informed": "yes", "child_informed": "yes", "agreement": agreement}
    return {"parents_informed": chance.choice(("yes", "no", "not_known")), "agreement": {"position": "not_sought"}}


def _forget_something(chance: Random, document: Document) -> None:
    """Leave out what referrers in a hurry leave out."""
    child = dict(document["children"][0])
    missing = chance.choice(("address", "birth", "names", "household", "indicators"))
    if missing == "address":
        child.pop("address", None)
        child["whereabouts_now"] = "Not known since this morning"
    elif missing == "birth" and "date_of_birth" in child:
        born = date.fromisoformat(child.pop("date_of_birth"))
        child["estimated_age_years"] = max(0, date.fromisoformat(document["concern"]["happened_on"]).year - born.year)
    elif missing == "names":
        child["given_name"] = "not known"
        child.pop("nhs_number", None)
    elif missing == "household" and document["openness"]["agreement"].get("by") is None:
        document["household"] = []
    elif missing == "indicators":
        document["concern"]["indicators"] = []
    document["children"][0] = child


def _without_nothing(document: Mapping[str, Any]) -> Document:
    kept = {name: _without_nothing(part) if isinstance(part, dict) else part for name, part in document.items()}
    return {name: part for name, part in kept.items() if part is not None and part not in ({}, [])}


def _born(chance: Random, age: int, today: date) -> str:
    """Return a birth date that makes the child `age` years old today."""
    return (today - timedelta(days=int(age * 365.25) + chance.randint(8, 350))).isoformat()


def _address(chance: Random, cast: Cast) -> Document:
    towns = chance.choices(list(cast.towns.values()), TOWNS_WEIGHED)[0]
    district = chance.choice(list(towns))
    inward = f"{chance.randint(1, 9)}{chance.choice(INWARD_LETTERS)}{chance.choice(INWARD_LETTERS)}"
    street = f"{chance.randint(1, 99)} {chance.choice(cast.streets)}"
    return {"lines": [street, towns[district]], "postcode": f"{district} {inward}"}


def _nhs_number(chance: Random) -> str:
    """Return a valid number from the range 9xx, which no person has."""
    while True:
        number = f"9{chance.randint(0, 999_999_999):09}"
        if is_valid(number):
            return number


def _upn(chance: Random) -> str:
    digits = f"{chance.choice(('940', '941'))}{chance.randint(0, 999_999_999):09}"
    weighed = sum(weight * int(digit) for weight, digit in enumerate(digits, start=2))
    return f"{UPN_LETTERS[weighed % 23]}{digits}"
