"""What the pages send of an urgent referral, however it was typed, intake takes and keeps."""

from datetime import UTC, datetime

import pytest

from services.referrals.schemas.lenient import read_referral
from services.triage.pages.journey import Journey
from services.triage.pages.journey.answers import referral_as_typed
from shared.http.lenient import Document
from shared.settings.hub import Hub
from tests.triage.pages.unreadable import TYPED, Path, form_of

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize("danger", ["yes", "not_known"])
@pytest.mark.parametrize(("journey", "field", "typed", "path", "_advice"), TYPED, ids=[row[1] for row in TYPED])
def test_intake_keeps_what_the_pages_could_not_read(
    journey: Journey, field: str, typed: str, path: Path, _advice: str, danger: str, hub: Hub
) -> None:
    """It is a referral with its danger and its story, and what was typed is kept by its place."""
    sent = referral_as_typed(journey, form_of(danger, field, typed), hub)
    reading = read_referral(Document(sent), hub, "2A", AT)

    assert reading.model.concern.immediate_danger == danger
    assert reading.model.concern.what_happened == "x"
    kept = [(one.pointer, one.value) for one in reading.not_understood]
    assert kept == [("/" + "/".join(map(str, path)), typed)]
