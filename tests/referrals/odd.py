"""Documents in danger as nobody should send them: any value at any place, keys of any script, more than fits."""

import copy
import itertools
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from shared.http.strict import BODY_BYTES, DEPTH, is_deeper
from tests.referrals.documents import Document, child, indicators, member

Change = Callable[[random.Random, Document], None]


class Written(str):
    """JSON as it stands in a body, such as a number that no reader can hold."""

    __slots__ = ()


DANGERS: tuple[Any, ...] = (
    *("yes",) * 6,
    *("not_known", " yes\u200b", "YES", "YES ", "Yes", "ja", "", "\x00", "\ud800", "no!", "NaN"),
    *(None, True, False, 1, 0, Written("1e999"), ["yes"], ["no"], {"yes": True}, {"immediate_danger": "yes"}),
)
"""Anything but `no`."""

JUNK: Any = {"a": [[[{"b": [None, {"c": [0, "x", {"имя": ["\udfff"]}]}]}]]]}

VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7.5, 2**53, 10**30),
    *(
        Written("1e999"),
        Written("-1E+400"),
        Written("9" * 400),
        Written("9" * 5000),
        Written("-0.0"),
        Written("1e-400"),
    ),
    *("", " ", "\x00", "\ud800", "\udc00 \U0001f600 \ud83d", "NaN", "Infinity", "null", "yes", "not_known"),
    *("\u202a01632 960001\u202c", "x" * 201, "x" * 3000, "é" * 21_000, "शिशु", "אבג", "\u200b"),
    *("2026-11-19T10:00:00Z", "2026-02-30", "0000-00-00", "9999-12-31", "9999-12-31T23:59:59-23:59", "1066-10-14"),
    *([], [[]], [None] * 3, ["x"] * 300, {}, {"code": 1}, {"\udfff": None}, {"": ""}, {"ребёнок": "имя"}, JUNK),
)

NAMES = (
    *("shoe_size", "", " ", "имя", "名前", "اسم", "\x00", "\ud800", "\udfff", "a/b~c", "k" * 600, "__proto__"),
    *("Immediate_Danger", "immediate_danger ", "what_happened", "children", "given_name", "status", "child"),
    *("not_understood", "not_understood_more", "characters_replaced", "as_sent", "0", "-1"),
)


ADDRESS = {"lines": ["2 Example Row", "Towcester"], "postcode": "NN12 6HQ", "uprn": "100030"}


def whole_child(family_name: str) -> Document:
    return child(
        family_name=family_name,
        known_as=["Rob"],
        sex="M",
        ethnicity="WBRI",
        first_language="eng",
        interpreter_needed=False,
        disabilities=["HAND"],
        nhs_number="9434765919",
        upn="T123456789012",
        address=copy.deepcopy(ADDRESS),
        location_protected=True,
        found_at={"text": "In the park", "postcode": "NN12"},
        whereabouts_now="At school",
        school={"name": "A school", "urn": "100001"},
        gp_practice="A surgery",
    )


def whole_document(family_name: str = "Testling") -> Document:
    """Return a document in which every field is said, most of them as they should be."""
    second = {"given_name": "Ash", "family_name": family_name, "estimated_age_years": 4}
    unborn = {"given_name": "not known", "expected_delivery_date": "2027-01-05"}
    mother = member(
        name=f"Jo {family_name}", date_of_birth="1990-02-03", address=copy.deepcopy(ADDRESS), role_in_concern="none"
    )
    return {
        "kind": "request",
        "agency_reference": "A 1",
        "agency_grade": "high",
        "source": "2A",
        "on_behalf_of": {"name": "A trust", "ods": "RNS"},
        "check_id": "0199a000-0000-7000-8000-000000000000",
        "needed_by": {"at": "2026-11-20T15:00:00Z", "reason": "The end of school."},
        "restricted": False,
        "referrer": {
            "name": "Ash Referrer",
            "phone": "01632 960444",
            "email": "ash@example.org",
            "earlier_call": {"at": "2026-11-18T09:00:00Z", "spoken_to": "Duty"},
        },
        "children": [whole_child(family_name), second, unborn],
        "household": [mother, {"name": "Al", "works_with_children": True, "must_not_learn": ["location", "referrer"]}],
        "concern": {
            "what_happened": "He is hurt.",
            "immediate_danger": "yes",
            "happened_on": "2026-11-18",
            "seen_or_reported": "seen",
            "childs_words": "It hurts.",
            "indicators": [*indicators("self_harm"), {"code": "bullying", "status": "ruled_out", "child": 1}],
            "claimed_level": 4,
        },
        "openness": {"parents_informed": "no", "agreement": {"position": "given", "by": 0, "on": "2026-11-17"}},
        "safe_contact": {"person": "Jo", "how": "By text.", "do_not": "Ring."},
        "lawful_basis": {"basis": "public_task", "purpose": "Safeguarding."},
        "help_so_far": {"early_help_assessment": "yes", "services": ["A club"]},
        "worker_safety": "A dog.",
    }


def odd_document(drawn: random.Random, family_name: str = "Testling") -> Document:
    """Return the whole document, or hardly one, with another danger and up to six changes anywhere."""
    sent = whole_document(family_name)
    if drawn.randrange(4) == 0:
        kept = drawn.choice([("children", "concern"), ("concern",), ("children",)])
        sent = {name: part for name, part in sent.items() if name in kept}
    if drawn.randrange(3) == 0:
        crowds = [{"Robin": {"age": 7}}, {"0": sent.get("children")}, "Robin, 7", 7, [[child()]], [child()] * 22]
        sent["children"] = drawn.choice(crowds)
    if isinstance(sent.get("concern"), dict):
        sent["concern"]["immediate_danger"] = copy.deepcopy(drawn.choice(DANGERS))
        drawn.randrange(12) or sent["concern"].pop("immediate_danger")
    for _ in range(drawn.randrange(7)):
        drawn.choice(CHANGES)(drawn, sent)
    return sent


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a document: the object or list, and the key or index."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(entries):
        yield value, key
        yield from places_in(part)


def _replace(drawn: random.Random, sent: Document) -> None:
    _put(drawn, sent, lambda _: copy.deepcopy(drawn.choice(VALUES)))


def _wrap(drawn: random.Random, sent: Document) -> None:
    _put(drawn, sent, lambda value: drawn.choice([[value], {"value": value}, [[value], value], str(value)]))


def _repeat(drawn: random.Random, sent: Document) -> None:
    times = drawn.choice([2, 25, 210])
    _put(drawn, sent, lambda value: (value * times)[:250] if isinstance(value, list) else [value] * times)


def _stretch(drawn: random.Random, sent: Document) -> None:
    _put(drawn, sent, lambda value: (str(value) or "x") * drawn.choice([60, 300]))


def _put(drawn: random.Random, sent: Document, changed: Callable[[Any], Any]) -> None:
    """Put something else at a place, unless what stands there is so large that a body would soon be too large."""
    if places := list(places_in(sent)):
        inside, key = drawn.choice(places)
        if len(_json(inside[key])) < 5000:
            inside[key] = changed(inside[key])


def _drop(drawn: random.Random, sent: Document) -> None:
    if places := list(places_in(sent)):
        inside, key = drawn.choice(places)
        del inside[key]


def _add(drawn: random.Random, sent: Document) -> None:
    objects = [sent, *(one for inside, key in places_in(sent) if isinstance(one := inside[key], dict))]
    drawn.choice(objects)[drawn.choice(NAMES)] = copy.deepcopy(drawn.choice(VALUES))


CHANGES: tuple[Change, ...] = (_replace, _replace, _replace, _add, _add, _drop, _wrap, _repeat, _stretch)


def body_of(sent: Any) -> bytes:
    """Return the body that says this, with what no text can hold as an escape."""
    return _json(sent).encode()


def _json(value: Any) -> str:
    match value:
        case Written():
            return str(value)
        case dict():
            return f"{{{','.join(f'{json.dumps(name)}:{_json(part)}' for name, part in value.items())}}}"
        case list():
            return f"[{','.join(map(_json, value))}]"
        case _:
            return json.dumps(value)


def tells_of_somebody(sent: Any) -> bool:
    """Tell, apart from the product, whether a document has a child with any content, or a story."""
    holders = [one for one in (sent, sent.get("concern")) if isinstance(one, dict)]
    return _has_content([sent.get("children"), *(one.get("what_happened") for one in holders)])


def _has_content(value: Any) -> bool:
    parts = [value, *(inside[key] for inside, key in places_in(value))]
    return any(part.strip() if isinstance(part, str) else part is True or type(part) in (int, float) for part in parts)


def danger_of(sent: Document) -> str:
    """Return the danger that a document states, `not_known` where it states none that can be read."""
    concern = sent.get("concern")
    danger = concern.get("immediate_danger") if isinstance(concern, dict) else None
    said = danger.replace("\u200b", "").strip() if isinstance(danger, str) else None
    return said if said in ("yes", "no", "not_known") else "not_known"


def must_be_taken(sent: Document) -> bool:
    """Tell whether a document has what is enough in danger, and neither more levels nor bytes than are taken."""
    fits = not is_deeper(sent, DEPTH) and len(body_of(sent)) <= BODY_BYTES
    return fits and tells_of_somebody(sent) and danger_of(sent) != "no"


def odd_documents(count: int, seed: int) -> list[Document]:
    """Return documents in danger that must be taken, each of a family of its own."""
    drawn = random.Random(seed)
    made = (odd_document(drawn, f"Testling{drawn.randrange(10**9)}") for _ in itertools.count())
    return list(itertools.islice(filter(must_be_taken, made), count))
