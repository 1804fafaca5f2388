"""Three databases on one server, each with the role that owns and the role that works in it.

Run by `frontdoor up` and `frontdoor migrate`, on the embedded server or on one given by its URL.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from sqlalchemy.engine import make_url

SERVICES: Final = ("referrals", "triage", "notifications")
ROLES: Final = tuple(f"{service}_{part}" for service in SERVICES for part in ("owner", "app"))
SCRAM_ITERATIONS: Final = 4096


@dataclass(frozen=True)
class DatabaseUrls:
    """The ways into one service's database: `owner` migrates, `app` reads and writes rows."""

    owner: str
    app: str


def urls(admin_url: str, passwords: Mapping[str, str]) -> dict[str, DatabaseUrls]:
    """Return the asyncpg URLs per service, on the server of `admin_url`; `passwords` by role name."""
    admin = make_url(admin_url).set(drivername="postgresql+asyncpg")

    def url_of(service: str, part: str) -> str:
        role = f"{service}_{part}"
        place = admin.set(username=role, password=passwords[role], database=service)
        return place.render_as_string(hide_password=False)

    return {service: DatabaseUrls(url_of(service, "owner"), url_of(service, "app")) for service in SERVICES}


async def provision(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Make what is missing of roles and databases, set the roles' passwords and keep others out; safe to repeat.

    The role of `admin_url` needs CREATEROLE and CREATEDB, no more. Tables and the right to them are the migrations'.
    """
    place = make_url(admin_url).set(drivername="postgresql")
    admin = await asyncpg.connect(place.render_as_string(hide_password=False))
    try:
        await _make_roles(admin, passwords)
        await _make_databases(admin)
    finally:
        await admin.close()


async def _make_roles(admin: Any, passwords: Mapping[str, str]) -> None:
    there = {row[0] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
    for role in ROLES:
        if role not in there:
            await admin.execute(f"CREATE ROLE {role} LOGIN")
        await admin.execute(f"ALTER ROLE {role} PASSWORD '{_verifier(passwords[role])}'")


async def _make_databases(admin: Any) -> None:
    there = {row[0] for row in await admin.fetch("SELECT datname FROM pg_database")}
    for service in SERVICES:
        if service not in there:
            # Whoever is no superuser may give a database only to a role that it belongs to.
            await admin.execute(f"GRANT {service}_owner TO CURRENT_USER")
            await admin.execute(
                f"CREATE DATABASE {service} OWNER {service}_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"
            )
        await admin.execute(f"REVOKE ALL ON DATABASE {service} FROM PUBLIC")
        await admin.execute(f"GRANT CONNECT ON DATABASE {service} TO {service}_app")


def _verifier(password: str) -> str:
    """Compute what the server stores (RFC 5803), so that no password is sent or logged with a statement."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt_text}${stored_text}:{server_text}"
