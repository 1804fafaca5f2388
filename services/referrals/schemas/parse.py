"""From a parsed JSON document to a referral, or to every reason why it is none. Run by the API."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from services.referrals.schemas.referral import ReferralIn
from services.referrals.schemas.rules import broken_rules
from shared.http.validation import field_errors
from shared.problems import FieldError, Invalid
from shared.settings.hub import Hub

ERRORS_NAMED = 100


def parse_referral(document: Any, hub: Hub, default_source: str | None, received_at: datetime) -> ReferralIn:
    """Return the referral; raises `Invalid` with a JSON pointer for every field that is wrong.

    `default_source` is the DfE code of the sender's registration. What must have happened already may lie one day
    after `received_at`, so that no clock or time zone refuses a referral.
    """
    if isinstance(document, dict) and document.get("source") is None:
        document = {**document, "source": default_source}
    context = {"code_lists": hub.code_lists, "latest": received_at + timedelta(days=1)}
    errors: dict[str, FieldError] = {}
    referral = None
    try:
        referral = ReferralIn.model_validate(document, context=context)
    except ValidationError as refused:
        found = refused.errors(include_url=False, include_input=False)
        errors = {error.pointer: error for error in field_errors(found)}
    if isinstance(document, Mapping):
        for error in broken_rules(document):
            errors.setdefault(error.pointer, error)
    if referral is None or errors:
        raise Invalid(_summary(len(errors)), errors=tuple(errors.values())[:ERRORS_NAMED])
    return referral


def _summary(count: int) -> str:
    if count > ERRORS_NAMED:
        return f"Correct the fields named; they are the first {ERRORS_NAMED} of {count}."
    return "Correct the fields named."
