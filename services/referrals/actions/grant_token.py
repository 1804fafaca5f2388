"""A client proves itself by a signed assertion, once, and gets an access token. Run by the token endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc.jwk import ECKey
from sqlalchemy import bindparam, func, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.domain.assertions import Proven, claimed_by, granted_scopes, invalid_client, verify_assertion
from services.referrals.models import AgencyKey, UsedAssertion
from services.referrals.queries import credentials_of
from services.referrals.schemas import TokenOut
from shared.db import Database, transaction
from shared.security import TOKEN_SECONDS, issue_token

_USED_ANEW = timedelta(hours=1)
"""A key's use is written down this often at most: a token is asked for every few minutes."""

_note_use = (
    update(AgencyKey)
    .where(AgencyKey.agency == bindparam("client"), AgencyKey.kid == bindparam("with_kid"))
    .where(or_(AgencyKey.used_at.is_(None), AgencyKey.used_at < func.now() - _USED_ANEW))
    .values(used_at=func.now())
    .execution_options(synchronize_session=False)
)
_use = insert(UsedAssertion).on_conflict_do_nothing().returning(UsedAssertion.jti)


@dataclass(frozen=True)
class TokenIssuer:
    """The name that tokens are issued under, which is also their audience, and the private key that signs them."""

    name: str
    key: ECKey


@dataclass(frozen=True)
class Client:
    """A client that has proven itself by an assertion, and all that it is registered for."""

    slug: str
    kid: str
    scopes: list[str]
    proven: Proven


async def prove_client(db: Database, issuer: TokenIssuer, form: Mapping[str, str]) -> Client:
    """Return who asks, with nothing held while the signature is looked at; raises `TokenRefused`."""
    claimed = claimed_by(form)
    async with transaction(db) as session:
        credentials = await credentials_of(session, claimed.client, claimed.kid)
    if credentials is None:
        raise invalid_client("No live key of this kid is registered for this client.")
    scopes, jwk = credentials
    proven = verify_assertion(claimed, jwk, issuer.name, datetime.now(UTC))
    return Client(claimed.client, claimed.kid, scopes, proven)


async def grant_token(session: AsyncSession, issuer: TokenIssuer, client: Client, wanted: str | None) -> TokenOut:
    """Return an access token for the scopes that are wanted; raises `TokenRefused`, also where the proof was used."""
    scope = granted_scopes(wanted, client.scopes)
    used = {"agency": client.slug, "jti": client.proven.jti, "expires_at": client.proven.expires_at}
    if await session.scalar(_use, used) is None:
        raise invalid_client("This assertion was used before; make a new one for each request.")
    await session.execute(_note_use, {"client": client.slug, "with_kid": client.kid})
    token = issue_token(issuer.key, issuer.name, issuer.name, {"sub": client.slug, "scope": scope})
    return TokenOut(access_token=token, expires_in=TOKEN_SECONDS, scope=scope)
