"""The demo's agencies and staff, from the hub's `demo.yaml`: known and trusted only under `frontdoor up --demo`."""

import os
from pathlib import Path
from typing import Final

from services.front_door.keys import existing_signing_key
from shared.problems import Problem
from shared.security import issue_token
from shared.settings.demo import load_demo
from shared.settings.environment import Profile

STAFF_KEY: Final = "demo-staff"


class DemoForbidden(Problem):
    """Demo keys and demo sign-in have no place in production."""

    title, status, slug = "No demo in production", 403, "demo-forbidden"


class PersonaUnknown(Problem):
    """The demo has no member of staff of this name."""

    title, status, slug = "There is no such persona", 404, "persona-unknown"


def staff_issuer(issuer: str) -> str:
    return f"{issuer}/staff"


def is_demo() -> bool:
    """Tell whether FRONTDOOR_PROFILE asks for the demo."""
    return os.environ.get("FRONTDOOR_PROFILE") == Profile.DEMO


def refuse_in_production(profile: str) -> None:
    """Raise `DemoForbidden` where the profile is production."""
    if profile == Profile.PRODUCTION:
        raise DemoForbidden("FRONTDOOR_PROFILE is production: leave --demo and demo sign-in away.")


def persona_token(persona: str, data_dir: Path, hub_dir: Path, issuer: str) -> str:
    """Return a token of five minutes for a member of the demo's staff, signed here with the demo's key."""
    personas = load_demo(hub_dir).personas
    if persona not in personas:
        raise PersonaUnknown(f"Name one of {', '.join(personas)}.")
    key = existing_signing_key(data_dir, STAFF_KEY)
    return issue_token(key, staff_issuer(issuer), issuer, {"sub": persona, "roles": list(personas[persona])})
