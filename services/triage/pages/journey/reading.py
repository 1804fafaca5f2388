"""What somebody typed as an answer, read into what a referral says; what cannot be read is told, and stays typed."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum, auto
from typing import Any

from services.triage.pages.case_form import moment_at_hub
from services.triage.pages.form import Form
from shared import clock
from shared.http.reading import whole_number
from shared.settings.hub import Hub
from shared.text import line

OLDEST_YEARS = 25
UNBORN = "unborn"
NO_DATE = "This is no date. Write it as 23/5/2018."
NO_AGE = f"Write the age as a number of years, up to {OLDEST_YEARS}."
DATES = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII),
    re.compile(r"(?P<day>\d{1,2})[/. ](?P<month>\d{1,2})[/. ](?P<year>\d{4})", re.ASCII),
)


class Kind(StrEnum):
    """What a question asks for, and so how it is asked and read."""

    LINE = auto()
    TEL = auto()
    EMAIL = auto()
    AREA = auto()
    LINES = auto()
    DAY = auto()
    PAST_DAY = auto()
    MOMENT = auto()
    AGE = auto()
    AGES = auto()
    NUMBER = auto()
    CHOICE = auto()
    PICK = auto()
    TICKS = auto()
    FLAG = auto()
    SIGNS = auto()


Reader = Callable[[Form, str, Hub], Any]


def _text(typed: Form, name: str, _: Hub) -> str | None:
    return typed.text(name)


def _line(typed: Form, name: str) -> str | None:
    return line(typed.text(name) or "") or None


def _lines(typed: Form, name: str, _: Hub) -> list[str] | None:
    return [line.strip() for line in (typed.text(name) or "").split("\n") if line.strip()] or None


def _day(typed: Form, name: str, _: Hub) -> str | None:
    text = _line(typed, name)
    if text is None:
        return None
    found = next((match for shape in DATES if (match := shape.fullmatch(text))), None)
    try:
        return date(*(int(found[part]) for part in ("year", "month", "day"))).isoformat() if found else _refused()
    except ValueError:
        raise ValueError(NO_DATE) from None


def _refused() -> str:
    raise ValueError(NO_DATE)


def _past_day(typed: Form, name: str, hub: Hub) -> str | None:
    day = _day(typed, name, hub)
    if day and date.fromisoformat(day) > clock.now().astimezone(hub.time_zone).date():
        raise ValueError("This date is still to come.")
    return day


def _moment(typed: Form, name: str, hub: Hub) -> str | None:
    text = _line(typed, name)
    try:
        return None if text is None else moment_at_hub(text, hub.time_zone)
    except ValueError:
        raise ValueError("This is no day and time.") from None


def _age(typed: Form, name: str, _: Hub) -> int | None:
    text = _line(typed, name)
    return None if text is None else _years(text)


def _years(text: str) -> int:
    years = whole_number(text)
    if years is None or years > OLDEST_YEARS:
        raise ValueError(NO_AGE)
    return years


def ages_of(text: str) -> list[int | str]:
    """Return a list of ages as years, an unborn child's as that word; raises `ValueError` where one is neither."""
    words = [word for word in re.split(r"[\s,;]+|\band\b", line(text).lower()) if word]
    try:
        return [word if word == UNBORN else _years(word) for word in words]
    except ValueError:
        raise ValueError(f"Write ages as numbers of years, such as 4, 7; for a baby to come write {UNBORN}.") from None


def _ages(typed: Form, name: str, _: Hub) -> list[int | str] | None:
    return ages_of(typed.text(name) or "") or None


def _number(typed: Form, name: str, _: Hub) -> int | None:
    return whole_number(typed.text(name) or "")


def _flag(typed: Form, name: str, _: Hub) -> bool | None:
    return True if typed.text(name) else None


def _ticks(typed: Form, name: str, _: Hub) -> list[str] | None:
    return typed.many(name) or None


def _signs(typed: Form, name: str, _: Hub) -> list[dict[str, str]] | None:
    return [{"code": code, "status": "present"} for code in typed.many(name)] or None


READERS: Mapping[Kind, Reader] = {
    Kind.LINE: _text,
    Kind.TEL: _text,
    Kind.EMAIL: _text,
    Kind.AREA: _text,
    Kind.LINES: _lines,
    Kind.DAY: _day,
    Kind.PAST_DAY: _past_day,
    Kind.MOMENT: _moment,
    Kind.AGE: _age,
    Kind.AGES: _ages,
    Kind.NUMBER: _number,
    Kind.CHOICE: _text,
    Kind.PICK: _text,
    Kind.TICKS: _ticks,
    Kind.FLAG: _flag,
    Kind.SIGNS: _signs,
}
