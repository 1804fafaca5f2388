"""The people of the demo, and what a token can be made for."""

from pathlib import Path

import pytest

from services.front_door.demo import STAFF_KEY, PersonaUnknown, persona_token
from services.front_door.keys import signing_key
from services.triage.pages.personas import personas_of
from services.triage.settings import Settings
from shared.security import GUEST_ROLE, STAFF_ROLES
from shared.settings.demo import load_demo
from shared.settings.environment import Profile
from tests.conftest import HUB_FOLDER
from tests.fakes import ISSUER


def test_staff_have_tokens_and_referrers_have_none(tmp_path: Path) -> None:
    """Somebody of a partner refers on the pages alone; their agency's programs have its own key."""
    signing_key(tmp_path, STAFF_KEY)
    demo = load_demo(HUB_FOLDER)
    for persona, roles in demo.personas.items():
        assert persona_token(persona, tmp_path, HUB_FOLDER, ISSUER)
        assert set(roles) <= set(STAFF_ROLES)
    with pytest.raises(PersonaUnknown):
        persona_token("referrer", tmp_path, HUB_FOLDER, ISSUER)


def test_every_referrer_is_of_an_agency_that_may_refer() -> None:
    """The demo's referrers hold that role alone, for an agency of the demo with the scope to refer."""
    settings = Settings.model_construct(profile=Profile.DEMO, issuer=ISSUER, hub_dir=HUB_FOLDER)
    demo, guests = load_demo(HUB_FOLDER), [one for one in personas_of(settings).values() if GUEST_ROLE in one.roles]
    assert [one.subject for one in guests] == ["referrer"]
    for one in guests:
        assert one.roles == {GUEST_ROLE}
        assert "referrals:write" in demo.agencies[one.agency].scopes
