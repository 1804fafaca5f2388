"""Who is asked to ring, whom, and why."""

from datetime import UTC, datetime

import pytest

from services.referrals.domain import call_now_of
from shared.settings.hub import Hub
from tests.referrals.documents import Document, document, indicators

OPEN = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
CLOSED = datetime(2026, 11, 17, 22, 0, tzinfo=UTC)
SATURDAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def danger(answer: str, **said: object) -> Document:
    return document({"immediate_danger": answer}, **said)


def needed(at: str) -> Document:
    return document(needed_by={"at": at})


CALLS: list[tuple[str, Document, datetime, str | None]] = [
    ("danger", danger("yes"), OPEN, "emergency"),
    ("danger at night", danger("yes"), CLOSED, "emergency"),
    ("danger, from the police", danger("yes", source="6"), CLOSED, "out_of_hours"),
    ("danger not known", danger("not_known"), OPEN, "in_hours"),
    ("danger not known at night", danger("not_known"), CLOSED, "out_of_hours"),
    ("sign of level 4", document({"indicators": indicators("unexplained_injury")}), OPEN, "in_hours"),
    ("sign of level 4 at the weekend", document({"indicators": indicators("no_safe_carer")}), SATURDAY, "out_of_hours"),
    (
        "sign of level 4 ruled out",
        document({"indicators": [{"code": "suicide_attempt", "status": "ruled_out"}]}),
        OPEN,
        None,
    ),
    ("sign of level 3", document({"indicators": indicators("self_harm")}), OPEN, None),
    ("level 4 claimed, none coded", document({"claimed_level": 4}), OPEN, None),
    ("needed today", needed("2026-11-17T15:00:00Z"), OPEN, "in_hours"),
    ("needed when the door opens", needed("2026-11-18T08:30:00Z"), OPEN, None),
    ("needed a moment before", needed("2026-11-18T08:29:59Z"), OPEN, "in_hours"),
    ("needed on Monday, sent on Saturday", needed("2026-11-23T15:00:00Z"), SATURDAY, None),
    ("needed on Sunday, sent on Saturday", needed("2026-11-22T15:00:00Z"), SATURDAY, "out_of_hours"),
    ("needed, not said when", document(needed_by={"reason": "soon"}), SATURDAY, None),
    ("nothing of it", document(), CLOSED, None),
]


@pytest.mark.parametrize(("_case", "sent", "at", "line"), CALLS, ids=[row[0] for row in CALLS])
def test_who_rings_whom(_case: str, sent: Document, at: datetime, line: str | None, hub: Hub) -> None:
    """The form is enough, or the line to ring is named with the reason."""
    found = call_now_of(sent, hub, at)
    if line is None:
        assert found is None
    else:
        assert found is not None
        assert found.phone == getattr(hub.phones, line).phone
        assert found.because
