"""Who is calling: access tokens (`at+jwt`, RFC 9068) of partners, services and staff, issued and verified."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from shared.db import new_id
from shared.http.reading import is_text, token_parts
from shared.problems import Unauthorized
from shared.security.authorisation import FRONT_DOOR, GUEST_ROLE, Caller, Role

ALGORITHMS = ["ES256", "PS256"]
TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type
TOKEN_SECONDS = 300
CLOCK_SKEW_SECONDS = 5
LONGEST_TOKEN_CHARACTERS = 8192
TOKENS_REMEMBERED = 10_000


class KeySource(Protocol):
    """Gives the public key of a `kid`, or None where there is no such key (any more)."""

    async def key(self, kid: str) -> Any | None: ...


@dataclass(frozen=True)
class KnownKeys:
    """Keys held in memory, for an issuer of the same process."""

    keys: KeySet

    async def key(self, kid: str) -> Any | None:
        return next((key for key in self.keys.keys if key.kid == kid), None)


@dataclass(frozen=True)
class Issuer:
    """Whose tokens are taken: its keys, and whether it speaks for staff or for partners. Never for both."""

    name: str
    keys: KeySource
    staff: bool = False


@dataclass(frozen=True)
class Verified:
    """A token whose signature was found good; it stays so until it expires or its key is taken away."""

    caller: Caller
    issuer: Issuer
    kid: str
    key: Any
    expires_at: int

    async def holds(self) -> bool:
        return datetime.now(UTC).timestamp() < self.expires_at and await self.issuer.keys.key(self.kid) is self.key


@dataclass
class Verifier:
    """Checks access tokens against a list of issuers; none is good of agencies `disabled` and of staff who `left`.

    `left` holds issuer and subject of each.
    """

    audience: str
    issuers: tuple[Issuer, ...]
    disabled: set[str] = field(default_factory=set)
    left: set[tuple[str, str]] = field(default_factory=set)
    _verified: dict[bytes, Verified] = field(default_factory=dict)

    async def verify(self, token: str) -> Caller:
        """Return the caller of a good token; raises `Unauthorized` for any other."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is None or not await known.holds():
            self._verified.pop(digest, None)
            known = await self._check(token)
            if len(self._verified) >= TOKENS_REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[digest] = known
        if known.caller.subject in self.disabled:
            raise Unauthorized("This client is disabled. Ask the hub.")
        if (known.caller.issuer, known.caller.subject) in self.left:
            raise Unauthorized("This account has left the front door. Ask an administrator.")
        return known.caller

    def is_plausible(self, token: str) -> bool:
        """Tell whether a token could be good, at a fraction of what looking at its signature costs."""
        try:
            header, claims = token_parts(token[:LONGEST_TOKEN_CHARACTERS])
            _check_times(claims)
        except (ValueError, TypeError, KeyError, RecursionError):
            return False
        known = any(issuer.name == claims.get("iss") for issuer in self.issuers)
        return known and claims.get("aud") == self.audience and header.get("typ") == TOKEN_TYPE

    async def _check(self, token: str) -> Verified:
        try:
            return await self._checked(token)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unauthorized("The access token is not valid. Ask /oauth/token for a new one.") from error

    async def _checked(self, token: str) -> Verified:
        if len(token) > LONGEST_TOKEN_CHARACTERS:
            raise ValueError("too long")
        header, unverified = token_parts(token)
        issuer = next(i for i in (*self.issuers, None) if i is None or i.name == unverified["iss"])
        key = await issuer.keys.key(header["kid"]) if issuer else None
        if issuer is None or key is None or header.get("typ") != TOKEN_TYPE:
            raise ValueError("unknown issuer, key or type")
        claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        _check_times(claims)
        if claims.get("aud") != self.audience or claims.get("iss") != issuer.name:
            raise ValueError("wrong audience")
        caller = _staff(claims, issuer.name) if issuer.staff else _partner(claims)
        return Verified(caller, issuer, header["kid"], key, claims["exp"])


def _check_times(claims: Mapping[str, Any]) -> None:
    now = datetime.now(UTC).timestamp()
    issued, expires = claims["iat"], claims["exp"]
    if type(issued) is not int or type(expires) is not int:
        raise TypeError("times are whole seconds")
    if not issued - CLOCK_SKEW_SECONDS <= now < expires:
        raise ValueError("expired or not yet valid")


def _partner(claims: Mapping[str, Any]) -> Caller:
    subject = _text(claims["sub"])
    return Caller(subject, subject, scopes=frozenset(_text(claims.get("scope", "")).split()))


def _staff(claims: Mapping[str, Any], issuer: str) -> Caller:
    roles = frozenset(Role(role) for role in claims["roles"])
    if not roles:
        raise Unauthorized("This account has no role at the front door. Ask an administrator.")
    if GUEST_ROLE in roles:
        raise Unauthorized("People of partners use the pages; programs of their agency use its own key.")
    return Caller(_text(claims["sub"]), FRONT_DOOR, roles=roles, issuer=issuer)


def _text(value: Any) -> str:
    if not is_text(value):
        raise TypeError("a text is needed")
    return value


def issue_token(key: ECKey, issuer: str, audience: str, claims: Mapping[str, Any]) -> str:
    """Return an access token of five minutes, signed ES256; `claims` gives `sub` and `scope` or `roles`."""
    now = int(datetime.now(UTC).timestamp())
    times = {"iss": issuer, "aud": audience, "iat": now, "exp": now + TOKEN_SECONDS, "jti": str(new_id())}
    return jwt.encode({"alg": "ES256", "typ": TOKEN_TYPE, "kid": key.kid}, {**times, **claims}, key)
