"""What happens on a case beside deciding: its colour, parallel duties, new information. Pure; used by the actions."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from services.triage.domain.case import PRIORITIES
from shared.problems import Problem

ALLEGATION_ROUTE = "lado"
"""Working Together: an allegation against somebody who works with children goes to the local authority's officer."""


class NewInformationKind(StrEnum):
    """How something new came to a case that is open already."""

    INFORMATION = "information"
    WITHDRAWAL = "withdrawal"
    LINKED_CASE = "linked_case"
    RESPONSE = "response"


class CaseNotClaimed(Problem):
    """Nobody has the case in hand, so nobody can give it back."""

    title, status, slug = "The case is in nobody's hands", 409, "case-not-claimed"


class NewInformationAcknowledged(Problem):
    """Somebody took note of it before; its clock has ended."""

    title, status, slug = "This is acknowledged already", 409, "new-information-acknowledged"


class ParallelRouteCompleted(Problem):
    """The duty is done; its clock has ended."""

    title, status, slug = "This parallel route is completed", 409, "parallel-route-completed"


class PriorityBelowFloor(Problem):
    """A child is in danger now, or another floor of the policy holds: no reason takes the colour below it."""

    title, status, slug = "The colour may not go below the policy's floor", 409, "priority-below-floor"


def least_priority(receipts: Sequence[Mapping[str, Any]], urgency: str) -> str:
    """Return the colour below which nobody may go: that of the highest floor that holds for a child."""
    floors = [fired["then"]["priority"] for one in receipts for fired in one["fired"] if fired["then"]["floor"]]
    danger = ["red"] if urgency == "yes" else []
    return PRIORITIES[max(map(PRIORITIES.index, [PRIORITIES[0], *floors, *danger]))]


def duties_of(
    indicators: Sequence[Mapping[str, Any]],
    household: Sequence[Mapping[str, Any]],
    called_for: Mapping[Any, Sequence[str]],
) -> set[tuple[Any, int | None]]:
    """Return the parallel routes that open by themselves, each with its child, or None where it is of all.

    `called_for` gives the indicators that call for each route.
    """
    return {*_by_indicator(indicators, called_for), *_by_allegation(household)}


def _by_indicator(
    indicators: Sequence[Mapping[str, Any]], called_for: Mapping[Any, Sequence[str]]
) -> Iterator[tuple[Any, int | None]]:
    for said in indicators:
        for route, codes in called_for.items():
            if said["status"] == "present" and said["code"] in codes:
                yield route, said.get("child")


def _by_allegation(household: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, int | None]]:
    if any(p.get("works_with_children") and p.get("role_in_concern") == "alleged_perpetrator" for p in household):
        yield ALLEGATION_ROUTE, None
