"""Who may be registered, with which keys, and what is kept of them."""

from typing import Any

import pytest
from joserfc.jwk import ECKey

from services.referrals.actions.agencies import add_agency_key, disable_agency, register_agency
from services.referrals.domain.agencies import (
    AgencyUnknown,
    KeyRefused,
    RegistrationRefused,
    check_registration,
    public_jwk,
)
from services.referrals.queries import list_agencies
from shared.db import transaction
from shared.security import FRONT_DOOR
from tests.referrals.conftest import Front

KEY = ECKey.generate_key("P-256", {"kid": "school-1"})
SLUG = "a-school"


@pytest.mark.parametrize(
    ("slug", "scopes"),
    [
        ("A-School", []),
        ("a school", []),
        ("-school", []),
        ("", []),
        ("a" * 64, []),
        ("a-school", ["internal:read"]),
        ("a-school", ["everything"]),
        ("service-triage", ["referrals:write"]),
    ],
)
def test_no_agency_passes_for_another(slug: str, scopes: list[str]) -> None:
    """Slugs that could be confused, and scopes that are not theirs, cannot be registered."""
    with pytest.raises(RegistrationRefused):
        check_registration(slug, scopes)


async def test_the_front_door_has_no_scopes(front: Front) -> None:
    """Nobody can get a token under the name that staff refer by."""
    with pytest.raises(RegistrationRefused):
        async with transaction(front.db) as session:
            await register_agency(session, FRONT_DOOR, "Front door", scopes=["referrals:write"])


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        ECKey.generate_key("P-384").as_dict(private=False),
        {"kty": "RSA", "n": "w" + "A" * 170, "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {**KEY.as_dict(private=False), "kid": "x" * 256},
        {**KEY.as_dict(private=False), "kid": 7},
    ],
)
def test_only_good_keys_are_taken(jwk: dict[str, Any]) -> None:
    """Secrets, small or foreign keys and bad kids are refused."""
    with pytest.raises(KeyRefused):
        public_jwk(jwk)


async def test_a_private_key_is_kept_without_its_private_part(front: Front) -> None:
    """Who pastes a private key by mistake has only its public part stored; a key without a kid gets its thumbprint."""
    private = {name: part for name, part in KEY.as_dict(private=True).items() if name != "kid"}
    async with transaction(front.db) as session:
        kid = await add_agency_key(session, SLUG, private)
        connection = await session.connection()
        [row] = await connection.exec_driver_sql("SELECT jwk::text FROM agency_keys")
    assert kid == KEY.thumbprint()
    assert str(private["d"]) not in row[0]


async def test_keys_need_their_agency(front: Front) -> None:
    """A key for nobody, or the disabling of nobody, is refused."""
    for act in (
        lambda session: add_agency_key(session, "nobody", KEY.as_dict(private=False)),
        lambda session: disable_agency(session, "nobody"),
    ):
        with pytest.raises(AgencyUnknown):
            async with transaction(front.db) as session:
                await act(session)


async def test_registering_again_changes_what_is_known(front: Front) -> None:
    """Name, source and scopes are brought up to date; a disabled agency stays disabled."""
    async with transaction(front.db) as session:
        await disable_agency(session, SLUG)
        await register_agency(session, SLUG, "Another name", source="6", scopes=["events:read"])
    async with transaction(front.db) as session:
        [agency] = await list_agencies(session)
    assert (agency.name, agency.source, agency.scopes) == ("Another name", "6", ["events:read"])
    assert agency.disabled_at is not None
