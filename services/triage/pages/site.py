"""What every page of one process shares: templates, the files browsers load, cookies, and the way to sign in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2

from services.triage.actions.sessions import Person
from services.triage.pages import explained, words
from services.triage.pages.provider import Provider
from services.triage.settings import Settings
from shared.settings.environment import Profile
from shared.settings.hub import Hub

PACKAGE = Path(__file__).parents[1]
STATIC = PACKAGE / "static"
MANIFEST = STATIC / "manifest.json"
TEMPLATES = PACKAGE / "templates"


@dataclass(frozen=True)
class Site:
    """`files` gives each plain name of a file its hashed one; `address` is where browsers find the front door.

    `personas` are those of the demo by name.
    """

    templates: jinja2.Environment
    files: Mapping[str, str]
    address: str
    secure: bool
    provider: Provider | None
    personas: Mapping[str, Person]

    @property
    def cookie(self) -> str:
        return "__Host-frontdoor" if self.secure else "frontdoor"


def site_of(settings: Settings, hub: Hub, personas: Mapping[str, Person]) -> Site:
    files = json.loads(MANIFEST.read_text(encoding="utf-8")) if MANIFEST.exists() else {}
    place = urlsplit(settings.issuer)
    plain = place.scheme == "http" and place.hostname in ("localhost", "127.0.0.1")
    return Site(
        templates=_templates(hub, files),
        files=files,
        address=settings.issuer.rstrip("/"),
        secure=not plain or settings.profile is Profile.PRODUCTION,
        provider=Provider(settings) if settings.oidc_issuer else None,
        personas=personas,
    )


def _templates(hub: Hub, files: Mapping[str, str]) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(TEMPLATES), jinja2.PackageLoader("govuk_frontend_jinja")],
        ),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )

    def local(at: Any, pattern: str = "%a %-d %b, %H:%M") -> str:
        """Write a time as the hub's clocks show it."""
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        return str(moment.astimezone(hub.time_zone).strftime(pattern))

    environment.globals.update(
        hub=hub,
        words=words,
        explained=explained,
        file=lambda name: f"/desk/assets/{files.get(name, name)}",
        label=words.label,
    )
    sources = {item.code: item.label for item in hub.code_lists["referral_source"].items}
    environment.filters.update(
        local=local,
        day=words.day,
        iso=lambda at: at if isinstance(at, str) else at.isoformat(),
        left=words.left,
        words=words.plain,
        source=sources.get,
    )
    # A page of the queue shows a few marks hundreds of times, and calling a macro costs more than the mark.
    parts = environment.get_template("parts.html").module
    environment.globals["mark"] = {name: cache(getattr(parts, name)) for name in ("priority", "level", "status")}
    return environment
