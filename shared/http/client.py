"""How one service reads another's detail: under its own token, and with no transaction open."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, unquote

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.db import new_id
from shared.http.reading import is_text
from shared.inbox import Transient
from shared.problems import BadRequest, FieldError, Forbidden, IdempotencyKeyReused, Invalid, NotFound
from shared.security import Caller, Role
from shared.telemetry import correlation_id
from shared.telemetry.traces import outgoing

ASSERTION_SECONDS = 60
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
RENEW_BEFORE_SECONDS = 30
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
ON_BEHALF_OF = "X-On-Behalf-Of"
"""Account, roles and agency of the person for whom a service asks, after it has proven who they are."""


def behalf_of(caller: Caller) -> str:
    """Return what the header says of a person."""
    return f"{quote(caller.subject)} {','.join(sorted(caller.roles))} {caller.agency}"


def person_in(header: str) -> Caller:
    """Return whom the header speaks of; raises `BadRequest` where it names nobody."""
    try:
        subject, roles, agency = header.split(" ")
        person = Caller(unquote(subject, errors="strict"), agency, roles=frozenset(map(Role, roles.split(","))))
        if is_text(person.subject):
            return person
    except ValueError:
        pass
    raise BadRequest(f"Say for whom: {ON_BEHALF_OF}.")


def client_assertion(client: str, issuer: str, key: ECKey) -> str:
    """Return a `private_key_jwt` assertion (RFC 7523) of one minute, good for one token request."""
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": client, "sub": client, "aud": issuer, "iat": now, "exp": now + ASSERTION_SECONDS}
    return jwt.encode({"alg": "ES256", "kid": key.kid}, {**claims, "jti": str(new_id())}, key)


class ServiceClient:
    """A service as a client of the others. `http` has the base URL, or the application itself as its transport.

    `tokens_at` is where tokens are given out, unless that is `http` itself.
    """

    def __init__(
        self, http: httpx.AsyncClient, client: str, issuer: str, key: ECKey, tokens_at: str = "/oauth/token"
    ) -> None:
        self._http = http
        self._client = client
        self._issuer = issuer
        self._key = key
        self._tokens_at = tokens_at
        self._token = ""
        self._expires_at = 0.0
        self._renewing = asyncio.Lock()

    async def get_detail(self, path: str, *, person: Caller | None = None) -> dict[str, Any]:
        """Return the JSON object at `path`, as it is shown to a person where one is named.

        Raises `Transient` where the other service is away or refuses this one for now, `NotFound` where it has
        no such record, `Forbidden` where it is not for this person.
        """
        reply = await self._send("GET", path, headers={ON_BEHALF_OF: behalf_of(person)} if person else NO_HEADERS)
        if reply.status_code == NotFound.status:
            raise NotFound
        if person and reply.status_code == Forbidden.status:
            raise Forbidden(reply.json()["detail"])
        if not reply.is_success:
            self._expires_at = 0.0
            raise Transient(f"status {reply.status_code}")
        detail: dict[str, Any] = reply.json()
        return detail

    async def record(self, path: str, document: Any, *, key: str, person: Caller) -> dict[str, Any]:
        """Send what a person records, once under this key; returns the JSON object of the answer.

        Raises `Invalid` naming the places that the other service refuses, `IdempotencyKeyReused` for another document
        under this key, `Forbidden` where this person may not, else as `get_detail`.
        """
        headers = {"Idempotency-Key": key, ON_BEHALF_OF: behalf_of(person)}
        reply = await self._send("POST", path, json=document, headers=headers)
        answer: dict[str, Any] = reply.json() if reply.content else {}
        if reply.status_code == Forbidden.status:
            raise Forbidden(answer.get("detail", ""))
        if reply.status_code == Invalid.status:
            if str(answer["type"]).endswith(IdempotencyKeyReused.slug):
                raise IdempotencyKeyReused(answer["detail"])
            errors = (FieldError(error["pointer"], error["detail"]) for error in answer.get("errors", ()))
            raise Invalid(answer["detail"], errors=tuple(errors))
        if not reply.is_success:
            raise Transient(f"status {reply.status_code}")
        return answer

    async def _send(self, method: str, path: str, *, headers: Mapping[str, str] = NO_HEADERS,
                    json: Any = None) -> httpx.Response:  # fmt: skip
        try:
            said = {
                "Authorization": f"Bearer {await self._access_token()}",
                "X-Correlation-Id": correlation_id.get(),
                **outgoing(),
                **headers,
            }
            return await self._http.request(method, path, headers=said, json=json)
        except httpx.HTTPError as error:
            raise Transient(type(error).__name__) from error

    async def _access_token(self) -> str:
        async with self._renewing:
            now = datetime.now(UTC).timestamp()
            if now >= self._expires_at:
                form = {
                    "grant_type": "client_credentials",
                    "client_assertion_type": ASSERTION_TYPE,
                    "client_assertion": client_assertion(self._client, self._issuer, self._key),
                }
                reply = await self._http.post(self._tokens_at, data=form)
                if not reply.is_success:
                    raise Transient(f"token status {reply.status_code}")
                granted = reply.json()
                self._token = granted["access_token"]
                self._expires_at = now + granted["expires_in"] - RENEW_BEFORE_SECONDS
            return self._token
