"""Who may ask this installation for tokens from its first start: the three services, and the demo's agencies."""

from pathlib import Path
from typing import Final

from services.front_door.databases import SERVICES, DatabaseUrls
from services.front_door.keys import public_jwk, signing_key
from services.referrals.actions.agencies import add_agency_key, register_agency
from services.referrals.domain.agencies import RegistrationRefused, check_registration
from shared.db import open_database, transaction
from shared.settings.demo import Demo

SERVICE_SCOPES: Final = ("internal:read",)


def client_name(service: str) -> str:
    return f"service-{service}"


async def register_clients(place: DatabaseUrls, data_dir: Path, demo: Demo | None) -> None:
    """Make services and demo agencies known in the referrals database of `place`, each with the key kept here.

    Raises `RegistrationRefused`.
    """
    if demo is not None:
        check_agencies(demo)
    db = open_database(place.app, pool_size=1)
    try:
        async with transaction(db) as session:
            for name in map(client_name, SERVICES):
                await register_agency(session, name, name, scopes=SERVICE_SCOPES)
                await add_agency_key(session, name, public_jwk(signing_key(data_dir, name)))
            for slug, agency in (demo.agencies if demo else {}).items():
                await register_agency(session, slug, agency.name, source=agency.source, scopes=agency.scopes)
                await add_agency_key(session, slug, public_jwk(signing_key(data_dir, slug)))
    finally:
        await db.close()


def check_agencies(demo: Demo) -> None:
    """Raise `RegistrationRefused` where an agency of the demo cannot be registered."""
    for slug, agency in demo.agencies.items():
        try:
            check_registration(slug, agency.scopes)
        except RegistrationRefused as error:
            raise RegistrationRefused(f"demo.yaml: agencies: {slug}: {error.detail}") from error
