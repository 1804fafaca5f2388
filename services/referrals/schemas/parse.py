"""From a parsed JSON document to a referral, or to every reason why it is none. Run by the API."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from services.referrals.schemas.amendments import InformationIn
from services.referrals.schemas.referral import ReferralIn
from services.referrals.schemas.rules import broken_rules
from shared.http.validation import field_errors
from shared.problems import FieldError, Invalid
from shared.settings.hub import Hub

ERRORS_NAMED = 100
ERRORS_READ = 1_000
"""A body has room for a hundred thousand; to find words for each would take a second."""


def parse_referral(document: Any, hub: Hub, default_source: str | None, received_at: datetime) -> ReferralIn:
    """Return the referral; raises `Invalid` with a JSON pointer for every field that is wrong.

    `default_source` is the DfE code of the sender's registration. What must have happened already may lie one day
    after `received_at`.
    """
    if isinstance(document, dict) and document.get("source") is None:
        document = {**document, "source": default_source}
    errors: dict[str, FieldError] = {}
    referral, unnamed = None, 0
    try:
        referral = ReferralIn.model_validate(document, context=context_of(hub, received_at))
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_input=False)
        errors = {error.pointer: error for error in field_errors(found[:ERRORS_READ])}
        unnamed = len(found[ERRORS_READ:])
    if isinstance(document, Mapping):
        for error in broken_rules(document):
            errors.setdefault(error.pointer, error)
    if referral is None or errors:
        raise Invalid(_summary(len(errors) + unnamed), errors=tuple(errors.values())[:ERRORS_NAMED])
    return referral


def parse_information(document: Any, hub: Hub, children: int) -> InformationIn:
    """Return what is added to a referral of so many children; raises `Invalid` as `parse_referral` does."""
    try:
        added = InformationIn.model_validate(document, context={"code_lists": hub.code_lists})
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_input=False)
        raise Invalid("Correct the fields named.", errors=field_errors(found[:ERRORS_READ])[:ERRORS_NAMED]) from None
    beyond = tuple(children_beyond([vars(sign) for sign in added.indicators], children))
    if beyond:
        raise Invalid(_summary(len(beyond)), errors=beyond[:ERRORS_NAMED])
    return added


def context_of(hub: Hub, received_at: datetime) -> dict[str, Any]:
    """Return what a referral is validated with; no clock or time zone of a sender's refuses it."""
    return {"code_lists": hub.code_lists, "latest": received_at + timedelta(days=1)}


def children_beyond(indicators: Sequence[Mapping[str, Any]], children: int) -> Iterator[FieldError]:
    """Yield the indicators of a child that there is not."""
    for index, sign in enumerate(indicators):
        if (sign.get("child") or 0) >= children:
            yield FieldError(f"/indicators/{index}/child", "There is no such child in children.")


def _summary(count: int) -> str:
    if count > ERRORS_NAMED:
        return f"Correct the fields named; they are the first {ERRORS_NAMED} of {count}."
    return "Correct the fields named."
