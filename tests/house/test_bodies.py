"""Nothing outside is held while somebody is waited for: bodies, tokens and other services come before a transaction."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.http.service import Opened
from shared.http.strict import read_body
from shared.security import Declared
from tests.house.routes import resolved
from tests.house.test_policies import applications  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("services", "shared") for path in (ROOT / room).rglob("*.py"))
READER = ROOT / "shared" / "http" / "strict.py"
READS = frozenset({"body", "form", "json", "stream"})
WAITS = frozenset(
    {
        "authorization_url",
        "fetch_amendment",
        "fetch_detail",
        "get_detail",
        "person",
        "record",
        "send",
        "sign_out_url",
        "sleep",
    }
)
"""Methods and functions of ours that wait for a provider, a receiver, another service, or for nothing at all."""


def waited_for_inside(dependant: Dependant) -> bool:
    calls = list(dict.fromkeys(resolved(dependant)))
    opened = [at for at, call in enumerate(calls) if isinstance(call, Opened)]
    waits = [at for at, call in enumerate(calls) if call is read_body or isinstance(call, Declared)]
    return bool(opened and waits) and min(opened) < max(waits)


def test_no_route_opens_a_transaction_before_it_has_the_body(applications: list[FastAPI]) -> None:  # noqa: F811
    """In both shapes; and no route declares a body to the framework, which would read it before anything else."""
    for application in applications:
        routes = [one for one in iter_route_contexts(application.routes) if isinstance(one.original_route, APIRoute)]
        assert any(read_body in resolved(one.dependant) for one in routes)
        assert [one.path for one in routes if waited_for_inside(one.dependant)] == []
        assert [one.path for one in routes if one.dependant.body_params] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nobody_is_waited_for_in_a_transaction(path: Path) -> None:
    """No function that is lent a session, and no block that opens one, waits for anybody outside."""
    assert list(waits_of(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_bodies_have_one_reader(path: Path) -> None:
    """What a request sends is read where it is capped and has its deadline, and nowhere else."""
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    reads = [
        call.lineno
        for call in calls
        if isinstance(call, ast.Attribute)
        and call.attr in READS
        and isinstance(call.value, ast.Name)
        and call.value.id == "request"
    ]
    assert path == READER or reads == []


def waits_of(tree: ast.Module) -> Iterator[int]:
    """Yield the lines on which somebody is awaited while a transaction is open."""
    for node in ast.walk(tree):
        lent = isinstance(node, ast.AsyncFunctionDef) and any(one.arg == "session" for one in node.args.args)
        opens = isinstance(node, ast.AsyncWith) and any(_opens(one.context_expr) for one in node.items)
        if lent or opens:
            awaited = (one.value for one in ast.walk(node) if isinstance(one, ast.Await))
            yield from (one.lineno for one in awaited if isinstance(one, ast.Call) and _goes_out(one))


def _goes_out(call: ast.Call) -> bool:
    """Tell whether a call leaves this process; what is lent the session works in its transaction."""
    lent = any(isinstance(one, ast.Name) and one.id == "session" for one in call.args)
    return _name(call.func) in WAITS and not lent


def _opens(entered: ast.expr) -> bool:
    return isinstance(entered, ast.Call) and _name(entered.func) == "transaction"


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
