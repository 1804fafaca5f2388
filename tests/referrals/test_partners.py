"""What triage is told of agencies: who they are, their keys, and how complete their referrals were."""

from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc.jwk import ECKey
from sqlalchemy import update

from services.referrals.actions.agencies import add_agency_key, disable_agency, register_agency
from services.referrals.domain.quality import ASKS, parts_missing, quality_of
from services.referrals.models import AgencyKey, Referral
from shared.db import first_id, transaction
from shared.http.client import ServiceClient
from tests.fakes import ISSUER
from tests.referrals.conftest import POLICE, SCHOOL, TRIAGE, Front
from tests.referrals.documents import child, document, indicators
from tests.referrals.test_quality import COMPLETE

KEY = ECKey.generate_key("P-256", {"kid": "school-1"})
PATH = "/internal/agencies"


async def seen(front: Front) -> dict[str, Any]:
    reply = await front.http.get(PATH, headers=TRIAGE)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_agencies_are_listed_with_their_keys(front: Front) -> None:
    """Name, source, whether they are enabled, and their keys with the hour of last use; services are no agencies."""
    async with transaction(front.db) as session:
        await register_agency(session, "service-triage", "service-triage", scopes=["internal:read"])
        await register_agency(session, "b-hospital", "B hospital", source="3E")
        await disable_agency(session, "b-hospital")
        await add_agency_key(session, "a-school", KEY.as_dict(private=False))
    first, second = (await seen(front))["agencies"]
    assert (first["slug"], first["name"], first["source"], first["enabled"]) == ("a-school", "A school", "2A", True)
    assert (first["keys"], first["key_used_at"]) == (1, None)
    assert (second["slug"], second["enabled"], second["keys"]) == ("b-hospital", False, 0)


async def test_the_use_of_a_key_is_noted_once_an_hour(front: Front) -> None:
    """The first token says when; another within the hour leaves that as it is."""
    async with transaction(front.db) as session:
        await add_agency_key(session, "a-school", KEY.as_dict(private=False))

    async def used() -> datetime:
        client = ServiceClient(front.http, "a-school", ISSUER, KEY)
        await client._access_token()  # noqa: SLF001 - the one way to a token
        return datetime.fromisoformat((await seen(front))["agencies"][0]["key_used_at"])

    first = await used()
    assert await used() == first
    earlier = first - timedelta(hours=2)
    async with transaction(front.db) as session:
        await session.execute(update(AgencyKey).values(used_at=earlier))
    assert await used() >= first


async def test_quality_by_agency(front: Front) -> None:
    """The mean score and the parts that were missing, the most often first, of what came in 28 days."""
    await front.submit(COMPLETE)
    twice = document(children=[child(date_of_birth=None), child(family_name=None, date_of_birth=None)])
    lacking = await front.submit(twice)
    await front.submit(COMPLETE, POLICE)
    quality = (await seen(front))["quality"]
    assert quality["a-police-force"] == {"referrals": 1, "mean_score": 100.0, "missing": []}
    school = quality["a-school"]
    assert (school["referrals"], school["mean_score"]) == (2, (100 + lacking["quality"]["score"]) / 2)
    by_part = {one["part"]: one for one in school["missing"]}
    assert by_part["/children/date_of_birth"]["referrals"] == 1
    assert by_part["/children/date_of_birth"]["ask"].startswith("When was the child born?")
    assert [one["referrals"] for one in school["missing"]] == sorted(
        (one["referrals"] for one in school["missing"]), reverse=True
    )
    async with transaction(front.db) as session:
        old = first_id(datetime.now(UTC) - timedelta(days=29))
        await session.execute(update(Referral).where(Referral.agency == "a-police-force").values(id=old))
    assert (await seen(front))["quality"].keys() == {"a-school"}


async def test_referrals_from_before_are_left_out(front: Front) -> None:
    """A referral whose quality was never kept counts for nothing."""
    await front.submit(COMPLETE)
    async with transaction(front.db) as session:
        await session.execute(update(Referral).values(score=None, missing=None))
    assert (await seen(front))["quality"] == {}


async def test_a_replay_changes_no_quality(front: Front) -> None:
    """The same key twice is one referral, and counts once."""
    for _ in range(2):
        assert (await front.post(COMPLETE, key="once")).status_code == 202
    assert (await seen(front))["quality"]["a-school"]["referrals"] == 1


async def test_agencies_are_for_services_alone(front: Front) -> None:
    """A partner is refused."""
    assert (await front.http.get(PATH, headers=SCHOOL)).status_code == 403


def test_what_is_kept_says_nothing_of_harm() -> None:
    """Each part that costs score has its ask; what is asked because of an indicator is not among them."""
    sent = document(
        {"indicators": indicators("fgm_forced_marriage_honour")}, children=[child(family_name=None), child()]
    )
    quality = quality_of(sent, datetime(2026, 11, 20, tzinfo=UTC).date())
    assert any(asked.pointer.startswith("/concern/indicators/") for asked in quality.missing)
    parts = parts_missing(quality)
    assert "/children/family_name" in parts
    assert set(parts) <= ASKS.keys()
    assert not any(part.startswith("/concern/indicators/") for part in parts)
    assert ASKS["/household"].startswith("Who lives with the child")
