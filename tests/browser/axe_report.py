"""Lists what axe leaves to eyes, page by page: `AXE_REPORT=folder` writes docs/accessibility.md, and pictures there."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tests.conftest import ROOT

PAGE: Final = ROOT / "docs" / "accessibility.md"
REMARKS: Final = "## What was looked at\n"
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NUMBER: Final = re.compile(r"FD-[\w-]+|\d+")
MOST_EXAMPLES: Final = 5

Kind = tuple[str, str]
"""The rule, and axe's own key of why it could not decide."""


@dataclass
class Report:
    """What was left open: of each kind how often by page and width, why in axe's words, and where."""

    folder: Path | None = None
    names: dict[str, str] = field(default_factory=dict)
    counts: dict[tuple[str, int], Counter[Kind]] = field(default_factory=lambda: defaultdict(Counter))
    why: dict[Kind, str] = field(default_factory=dict)
    where: dict[Kind, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, page: Page, state: str, incomplete: list[Mapping[str, Any]]) -> None:
        width = (page.viewport_size or {"width": 0})["width"]
        shown = self._named(state)
        self.counts[shown, width] += Counter()
        for kind, message, target in _open(incomplete):
            self.counts[shown, width][kind] += 1
            self.why[kind] = message
            self.where[kind][NUMBER.sub("…", UUID.sub("…", target))] += 1
        if self.folder is not None:
            name = re.sub(r"\W+", "-", shown).strip("-") or "start"
            page.screenshot(path=self.folder / f"{name}-{width}.png", full_page=True, animations="disabled")

    def _named(self, state: str) -> str:
        for path, name in self.names.items():
            state = state.replace(path, f"case, {name}")
        return state

    def write(self) -> None:
        """Write the tables, and keep the remarks under them."""
        kept = PAGE.read_text(encoding="utf-8").partition(REMARKS)[2] if PAGE.exists() else "\n"
        PAGE.write_text("\n".join([*self._tables(), REMARKS + kept]), encoding="utf-8")

    def _tables(self) -> Iterator[str]:
        yield "# Accessibility"
        yield (
            "\nEvery page in every state passes axe's rules for WCAG 2.0 to 2.2 A and AA and its best practices, at "
            "1280 and 320 pixels,\nin each run of the tests. What axe cannot decide is listed here by "
            "`AXE_REPORT=folder make test`, which also leaves a picture of\neach page in that folder; a kind that is "
            "not in this list fails the test.\n"
        )
        yield "| kind | why axe cannot tell | where, most often first |\n|---|---|---|"
        for kind in sorted(self.why):
            places = ", ".join(f"`{place}`" for place, _ in self.where[kind].most_common(MOST_EXAMPLES))
            yield f"| {' '.join(kind)} | {self.why[kind]} | {places} |"
        widths = sorted({width for _, width in self.counts}, reverse=True)
        yield f"\n| page | {' | '.join(f'{width} px' for width in widths)} |\n|---|{'---|' * len(widths)}"
        seen = sorted({shown for shown, _ in self.counts})
        nothing = [shown for shown in seen if not any(self.counts.get((shown, width)) for width in widths)]
        for shown in seen:
            if shown in nothing:
                continue
            cells = [_cell(self.counts.get((shown, width), Counter())) for width in widths]
            yield f"| {shown} | {' | '.join(cells)} |"
        yield f"\nNothing is left open on {len(nothing)} others: {'; '.join(nothing)}.\n"


def _open(incomplete: list[Mapping[str, Any]]) -> Iterator[tuple[Kind, str, str]]:
    for one in incomplete:
        for node in one["nodes"]:
            said = next(iter([*node["any"], *node["all"], *node["none"]]), {"message": one["help"]})
            key = (said.get("data") or {}).get("messageKey") or "" if isinstance(said.get("data"), dict) else ""
            yield (one["id"], key), said["message"], str(node["target"][0])


def kinds(incomplete: list[Mapping[str, Any]]) -> set[Kind]:
    return {kind for kind, _, _ in _open(incomplete)}


def _cell(counted: Counter[Kind]) -> str:
    return ", ".join(f"{count} {' '.join(kind)}" for kind, count in sorted(counted.items())) or "nothing"


def new_report() -> Report:
    """Return a report that draws where it is asked for, and only remembers where it is not."""
    asked = os.environ.get("AXE_REPORT")
    if asked:
        Path(asked).mkdir(parents=True, exist_ok=True)
    return Report(Path(asked) if asked else None)
