"""Makes the plain values that tests start from; every argument can be said, none has to be."""

from typing import Any

from shared.db import new_id
from shared.events import CaseOpened


def case_opened(**said: Any) -> CaseOpened:
    values = {
        "referral_id": new_id(),
        "reference": "FD-2611-0000-0000",
        "detail_url": "/internal/cases/none/feedback",
        "case_id": new_id(),
    }
    return CaseOpened(**{**values, **said})
