"""The hub's code lists and indicators: what may be chosen from, as `codes/*.yaml` and `facts.yaml` have it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from shared.settings.files import Frozen, HubUnreadable, Line, read_file, validated

INDICATORS = "indicators"
CODE_LISTS: Mapping[str, str] = MappingProxyType(
    {
        "advice": "",
        "agreement_position": "given refused not_sought not_known",
        "assessment_factor": "",
        "disability": "NONE",
        "early_help_assessment": "yes in_progress no not_known",
        "ethnicity": "",
        "first_language": "",
        "household_relationship": "mother father parent stepparent parents_partner sibling",
        "indicator_status": "present ruled_out",
        "kind": "request notification information",
        "lawful_basis": "public_task legal_obligation vital_interests consent",
        "may_share_with": "",
        "must_not_learn": "location referral referrer intelligence",
        "primary_need": "",
        "referral_source": "6 9 10",
        "role_in_concern": "alleged_perpetrator none not_known",
        "seen_or_reported": "seen reported both",
        "sex": "",
        "upn_unknown_reason": "",
        "yes_no_not_known": "yes no not_known",
    }
)
"""The lists that the services ask for by name, each a file of that name, and the codes that it has in any hub."""

CLOSED = frozenset(
    {
        "agreement_position",
        "early_help_assessment",
        "indicator_status",
        "kind",
        "lawful_basis",
        "must_not_learn",
        "seen_or_reported",
        "yes_no_not_known",
    }
)
"""The lists that have no other codes, for no other would be taken."""


def named_twice(codes: Iterable[str]) -> str:
    """Return the codes that stand more than once, empty where each stands alone."""
    return ", ".join(code for code, times in Counter(codes).items() if times > 1)


class CodeItem(Frozen):
    code: Line
    label: Line


class CodeList(Frozen):
    """A code set; where `pattern` is given, every code that it matches is taken and `items` are the common ones."""

    name: Line
    title: Line
    items: Annotated[tuple[CodeItem, ...], Field(min_length=1)]
    pattern: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if twice := named_twice(self.codes):
            raise ValueError(f"items: {twice} stands twice; keep one")
        try:
            strange = [code for code in self.codes if not self.takes(code)]
        except re.error as error:
            raise ValueError("pattern: this is no regular expression") from error
        if strange:
            raise ValueError(f"pattern: it does not match {', '.join(strange)}, which are items")
        return self

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(item.code for item in self.items)

    def takes(self, code: str) -> bool:
        if self.pattern is not None:
            return re.fullmatch(self.pattern, code, re.ASCII) is not None
        return code in self.codes


class Indicator(Frozen):
    """One sign of need or harm, from `facts.yaml`; `level` 1-4 as the threshold document places it."""

    model_config = ConfigDict(extra="ignore")

    code: Line
    label: Line
    level: Annotated[int, Field(strict=True, ge=1, le=4)]
    domain: Line
    factors: tuple[Line, ...] = ()


class _Indicators(Frozen):
    """What `facts.yaml` says for others than the threshold policy."""

    model_config = ConfigDict(extra="ignore")

    indicators: Annotated[tuple[Indicator, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if twice := named_twice(one.code for one in self.indicators):
            raise ValueError(f"indicators: {twice} stands twice; keep one")
        return self


def load_indicators(folder: Path) -> tuple[Indicator, ...]:
    """Read the indicators of `facts.yaml`; raises `HubUnreadable`."""
    path = folder / "facts.yaml"
    return validated(_Indicators, read_file(path), path).indicators


def load_code_lists(folder: Path, indicators: tuple[Indicator, ...]) -> dict[str, CodeList]:
    """Read `codes/*.yaml`, and make the list of the indicators; raises `HubUnreadable`."""
    paths = sorted((folder / "codes").glob("*.yaml"))
    lists = {path.stem: code_list_of(read_file(path), path) for path in paths}
    if missing := sorted(CODE_LISTS.keys() - lists.keys()):
        raise HubUnreadable(f"{folder / 'codes'}: {', '.join(f'{name}.yaml' for name in missing)} must be there")
    factors = {factor for indicator in indicators for factor in indicator.factors}
    if strange := sorted(factors - {*lists["assessment_factor"].codes}):
        path = folder / "facts.yaml"
        raise HubUnreadable(f"{path}: indicators: factors: assessment_factor.yaml has no code {', '.join(strange)}")
    lists[INDICATORS] = CodeList(
        name=INDICATORS,
        title="Indicators: signs of need, of strength and of harm",
        items=tuple(CodeItem(code=indicator.code, label=indicator.label) for indicator in indicators),
    )
    return lists


def code_list_of(content: Any, path: Path) -> CodeList:
    """Return what a file of codes holds; raises `HubUnreadable`."""
    code_list = validated(CodeList, content, path)
    codes, known = set(code_list.codes), set(CODE_LISTS.get(path.stem, "").split())
    closed = path.stem in CLOSED
    wrong = {
        "name: a list has the name of its file": code_list.name != path.stem,
        "name: the list of the indicators is made of facts.yaml": path.stem == INDICATORS,
        f"items: {', '.join(sorted(known - codes))} must be there, as in every hub": not known <= codes,
        f"items: {', '.join(sorted(codes - known))} would be refused; take it out": closed and not codes <= known,
        "pattern: this list has no codes but its items; take it out": closed and code_list.pattern is not None,
    }
    if found := [complaint for complaint, holds in wrong.items() if holds]:
        raise HubUnreadable(f"{path}: {'; '.join(found)}")
    return code_list
