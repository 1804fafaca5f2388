"""Reads the routes of an application as the framework serves them, with the policies that they declare."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from services.triage.pages.page import PageDoor, form_for
from shared.http.answers import read_json, read_once
from shared.http.lenient import read_leniently, read_once_leniently
from shared.http.limits import READS, WITHOUT_BODY, ChargedRecord, charge
from shared.http.routes import StrictRoute
from shared.security import Policy, policies_of
from shared.security.doors import Door

BODIES = (charge, read_json, read_once, read_leniently, read_once_leniently)
"""What takes of an allowance once it has the body."""
FORM = f"{form_for.__qualname__}.<locals>.form"


@dataclass(frozen=True)
class Served:
    """One method of one path; `policies` is empty where nobody declared one, `ours` false for the framework's own.

    `strict` tells whether it reads its query strictly, `is_charged` whether it takes of an allowance.
    """

    method: str
    path: str
    policies: frozenset[Policy]
    ours: bool = True
    strict: bool = False
    is_charged: bool = False

    @property
    def names(self) -> list[str]:
        """The names in the path that stand for records."""
        return re.findall(r"\{(\w+)\}", self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def served(application: FastAPI) -> Iterator[Served]:
    for route in iter_route_contexts(application.routes):
        ours = isinstance(route.original_route, APIRoute)
        policies = frozenset(policies_of(route.dependant)) if ours else frozenset()
        for method in sorted(route.methods or ()):
            strict = isinstance(route.original_route, StrictRoute)
            charged = ours and is_charged(route.dependant, method, route.path or "")
            yield Served(method, route.path or "", policies, ours, strict, charged)


def is_charged(dependant: Dependant, method: str, path: str) -> bool:
    """Tell whether a route depends on what takes of an allowance: its door or page, or its body."""
    return any(_charges(call, method, path) for call in resolved(dependant))


def _charges(call: object, method: str, path: str) -> bool:
    match call:
        case ChargedRecord():
            return True
        case Door():
            return method in WITHOUT_BODY and "{" not in path
        case PageDoor():
            return method in READS
        case _:
            return call in BODIES or getattr(call, "__qualname__", "") == FORM


def resolved(dependant: Dependant) -> Iterator[object]:
    """Yield what a route depends on in the order in which the framework resolves it."""
    for inner in dependant.dependencies:
        yield from resolved(inner)
        yield inner.call
