"""The size caps of the house: beauty is lost in the tail, so the tail is capped."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

LONGEST_MODULE = 300
LONGEST_FUNCTION = 45
SOURCES = sorted(p for top in ("services", "shared", "tests") for p in (ROOT / top).rglob("*.py"))
MODULES = [p for p in SOURCES if "migrations" not in p.parts]


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_and_its_functions_keep_to_the_caps(path: Path) -> None:
    """A module has at most 300 lines, a function at most 45."""
    assert path.read_text().count("\n") <= LONGEST_MODULE
    assert [name for name, lines in _functions(path) if lines > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("path", [p for p in MODULES if p.stat().st_size], ids=lambda p: str(p.relative_to(ROOT)))
def test_module_opens_with_what_it_is_for(path: Path) -> None:
    """Each module says in its first lines what the room is for."""
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_names_of_nothing_are_not_used() -> None:
    """No room is called by a word that fits everything."""
    nothing = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common)(_|$)")
    assert [str(p.relative_to(ROOT)) for p in SOURCES if nothing.search(p.stem)] == []
