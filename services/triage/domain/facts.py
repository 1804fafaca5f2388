"""The facts of one child for the threshold policy, from the referral, from triage's records and from what was coded.

Pure. Ages are reckoned on the day of receipt, never on today, so that an assessment can be repeated exactly.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.triage.thresholds import FactValue

LONDON = ZoneInfo("Europe/London")
OLDEST_MONTHS = 300
BOUNDARIES_MONTHS = (192,)
"""The ages at which the law or the policy changes its mind within childhood: 16."""

HOUSEHOLD_KINDS = (
    frozenset({"domestic_abuse_high_risk", "domestic_abuse_past_or_standard"}),
    frozenset({"parental_substance_misuse"}),
    frozenset({"parental_mental_health_mild", "parental_illness_affecting_care"}),
)

SIGNS = re.compile(r"(/concern)?(/indicators(/|$)|$)")
"""Where a sign may stand that was not understood: also in a concern that was not, or a whole document."""

YES_NO = {"yes": True, "no": False}

STANDING = frozenset(
    {
        "immediate_danger",
        "previous_contacts_90_days",
        "below_threshold_decision_12_months",
        "household_combination",
        "narrative_coded",
        "possible_match_waiting",
        "not_understood",
    }
)
"""Facts that a coding may raise but never take back: what was reported or recorded stands."""


@dataclass(frozen=True)
class History:
    """What triage's own records add to a referral, and what screeners coded of it since, oldest first.

    A coded indicator is `{code, status, child?}`, of all children where no child is named. Where not everybody could be
    looked for, `is_whole` is false: what was found is the least that there is, and what was not is unknown.
    """

    previous_contacts_90_days: int = 0
    below_threshold_decision_12_months: bool = False
    possible_match_waiting: bool = False
    is_whole: bool = True
    narrative_coded: bool = False
    coded_indicators: Sequence[Mapping[str, Any]] = ()
    coded_facts: Mapping[str, FactValue] = field(default_factory=dict)


def facts_of(document: Mapping[str, Any], child: int, received_at: datetime, history: History) -> dict[str, FactValue]:
    """Return the facts of one child of a referral document; what is not known is left out."""
    said = [*(document["concern"].get("indicators") or ()), *history.coded_indicators]
    facts: dict[str, FactValue] = {
        **_age(document["children"][child], received_at.astimezone(LONDON).date()),
        **_danger(document),
        **_agreement(document),
        **_recorded(history),
        "narrative_coded": history.narrative_coded,
        "household_combination": _household_combination(said),
        **_not_understood(document),
        "indicators": sorted(_codes(said, "present", child)),
        "indicators_ruled_out": sorted(_codes(said, "ruled_out", child)),
    }
    for name, value in history.coded_facts.items():
        facts[name] = _merged(facts.get(name), value) if name in STANDING else value
    return facts


def _recorded(history: History) -> dict[str, FactValue]:
    contacts, unless_found = history.previous_contacts_90_days, False if history.is_whole else None
    return {
        "previous_contacts_90_days": contacts if history.is_whole else {"at_least": contacts},
        "below_threshold_decision_12_months": history.below_threshold_decision_12_months or unless_found,
        "possible_match_waiting": history.possible_match_waiting or unless_found,
    }


def _not_understood(document: Mapping[str, Any]) -> dict[str, FactValue]:
    """Tell that something was not understood, and whether it may have been a sign, of whichever child.

    A screener who has read that sign codes it, and that it is no longer open.
    """
    unclear = document.get("not_understood")
    if not unclear:
        return {}
    signs = any(SIGNS.match(one["pointer"]) for one in unclear) or bool(document.get("not_understood_more"))
    return {"not_understood": True, **({"indicator_not_understood": True} if signs else {})}


def _merged(standing: FactValue | None, coded: FactValue) -> FactValue:
    """Return the higher of two values of one kind; a coded value of another kind is left for the policy to refuse.

    Of what nobody knew whole the coded value stands, or the number already found where that is more.
    """
    if isinstance(standing, Mapping) and type(coded) is int:
        return max(standing["at_least"], coded)
    if isinstance(standing, int) and type(standing) is type(coded):
        return max(standing, int(coded)) if not isinstance(coded, bool) else standing or coded
    return coded


def _codes(said: Sequence[Mapping[str, Any]], status: str, child: int) -> Iterator[str]:
    return iter({one["code"] for one in said if one["status"] == status and one.get("child") in (None, child)})


def _household_combination(said: Sequence[Mapping[str, Any]]) -> int:
    """Count over the whole referral: what one child lives with, all in the household live with."""
    present = {one["code"] for one in said if one["status"] == "present"}
    return sum(not kind.isdisjoint(present) for kind in HOUSEHOLD_KINDS)


def _danger(document: Mapping[str, Any]) -> dict[str, FactValue]:
    danger = YES_NO.get(document["concern"]["immediate_danger"])
    return {} if danger is None else {"immediate_danger": danger}


def _age(subject: Mapping[str, Any], received_on: date) -> dict[str, FactValue]:
    if subject.get("expected_delivery_date"):
        return {"unborn": True, "child_age_months": 0}
    if subject.get("date_of_birth"):
        months = _months_between(date.fromisoformat(subject["date_of_birth"]), received_on)
        return _born(months if months <= OLDEST_MONTHS else None)
    years = subject.get("estimated_age_years")
    return {} if years is None else _born(_estimated_months(years))


def _born(months: int | None) -> dict[str, FactValue]:
    return {"unborn": False} if months is None else {"unborn": False, "child_age_months": months}


def _months_between(born: date, on: date) -> int:
    """Count full months; a birth that is reported for tomorrow, across midnight, counts as today's."""
    months = (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day)
    return max(0, months)


def _estimated_months(years: int) -> int | None:
    """Return the birthday's age in months, or None where a year more or less could cross a boundary."""
    youngest, oldest = (years - 1) * 12, (years + 2) * 12 - 1
    if any(youngest < boundary <= oldest for boundary in BOUNDARIES_MONTHS) or years * 12 > OLDEST_MONTHS:
        return None
    return years * 12


def _agreement(document: Mapping[str, Any]) -> dict[str, FactValue]:
    agreement = (document.get("openness") or {}).get("agreement") or {}
    position, by = agreement.get("position", "not_known"), agreement.get("by")
    household = document.get("household") or ()
    facts: dict[str, FactValue] = {} if position == "not_known" else {"agreement_position": position}
    holder = _may_agree(household[by]) if by is not None and by < len(household) else None
    return facts if holder is None else {**facts, "agreement_by_holder_of_responsibility": holder}


def _may_agree(person: Mapping[str, Any]) -> bool | None:
    """Tell whether a person holds responsibility and is not said to have done the harm; None where not known."""
    holds = YES_NO.get(person.get("parental_responsibility") or "not_known")
    role = person.get("role_in_concern") or "none"
    if holds is False or role == "alleged_perpetrator":
        return False
    return None if role == "not_known" else holds
