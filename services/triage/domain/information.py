"""Requests for information: their states, what a partner may learn of a child, and what makes a response. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from shared.problems import FieldError, Problem


class RequestState(StrEnum):
    """Where a request stands; silence past its time is a fact of its own, and may still be answered."""

    ASKED = "asked"
    OVERDUE = "overdue"
    ANSWERED = "answered"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


ANSWERABLE = (RequestState.ASKED, RequestState.OVERDUE)

IDENTITY = (
    "given_name", "family_name", "known_as", "date_of_birth", "expected_delivery_date", "estimated_age_years", "sex",
)  # fmt: skip
IDENTIFIERS: Mapping[str, tuple[str, ...]] = {"2": ("upn",), "3": ("nhs_number",), "5": ("nhs_number", "upn")}
"""Numbers by which an agency finds a child, by the first sign of the DfE code of what it refers."""


class AgencyAlreadyAsked(Problem):
    """The agency has a request about this case that it can still answer."""

    title, status, slug = "The agency is already asked", 409, "agency-already-asked"


class InformationAlreadyGiven(Problem):
    """The request was answered or refused before; what is to be added goes by telephone."""

    title, status, slug = "The request is already answered", 409, "information-already-given"


class InformationRequestClosed(Problem):
    """The case was decided, and nobody waits for the answer any more."""

    title, status, slug = "The request is closed", 409, "information-request-closed"


def has_come(state: RequestState, awaited: RequestState) -> bool:
    """Say whether somebody who waits for `awaited` may stop; a refusal is an answer."""
    settled = state not in ANSWERABLE
    return settled or list(RequestState).index(state) >= list(RequestState).index(awaited)


def identity_of(child: Mapping[str, Any], source: str | None) -> dict[str, Any]:
    """Return by what an agency finds a child in its own records, and nothing of where the child is.

    `source` is the DfE code of what the agency refers: schools get the pupil number, health the NHS number.
    """
    shown = (*IDENTITY, *IDENTIFIERS.get((source or "")[:1], ()))
    return {name: child[name] for name in shown if child.get(name)}


def withheld_of(referral: Mapping[str, Any], children: Sequence[int]) -> list[str]:
    """Return the codes of what somebody around these children must not learn, without saying who."""
    household = referral.get("household") or ()
    codes = {code for person in household for code in person.get("must_not_learn") or ()}
    if any(referral["children"][child].get("location_protected") for child in children):
        codes.add("location")
    return sorted(codes)


def request_errors(children: Sequence[int], count: int) -> Iterator[FieldError]:
    """Yield what is wrong with the choice of children, of a case that has `count`."""
    for index, child in enumerate(children):
        if child >= count:
            yield FieldError(f"/children/{index}", "There is no such child. Count from 0.")
        elif child in children[:index]:
            yield FieldError(f"/children/{index}", "This child is named twice. Keep one.")


def response_errors(answer: str | None, refuse_reason: str | None) -> Iterator[FieldError]:
    if (answer is None) == (refuse_reason is None):
        yield FieldError("/answer", "Send either an answer or a refuse_reason.")
