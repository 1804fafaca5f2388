"""Reads the routes of an application as the framework serves them, with the policies that they declare."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from shared.http.routes import StrictRoute
from shared.security import Policy, policies_of


@dataclass(frozen=True)
class Served:
    """One method of one path; `policies` is empty where nobody declared one, `ours` false for the framework's own.

    `strict` tells whether it reads its query strictly.
    """

    method: str
    path: str
    policies: frozenset[Policy]
    ours: bool = True
    strict: bool = False

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
            yield Served(method, route.path or "", policies, ours, isinstance(route.original_route, StrictRoute))
