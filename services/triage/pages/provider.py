"""The staff's identity provider: OpenID Connect by the code flow with PKCE, asked by the sign-in page."""

import secrets
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import authlib.deprecate  # noqa: F401 - has to set its filter before ours
import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.triage.actions.sessions import Person, agency_of, roles_in
from services.triage.domain.staff import SignInRefused
from services.triage.settings import Settings
from shared.http.reading import are_same, is_text
from shared.problems import Unavailable

with warnings.catch_warnings():
    # Authlib would have a successor of httpx; the rest of the house speaks httpx.
    warnings.simplefilter("ignore")
    from authlib.integrations.base_client.errors import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
FRESH_SECONDS = 3600
SKEW_SECONDS = 30
PATIENCE_SECONDS = 10.0
LONGEST_SUBJECT = 255
CALLBACK = "/desk/sign-in/callback"


@dataclass(frozen=True)
class Attempt:
    """What one browser began: all of it has to come back, or stay here, for the sign-in to count."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Attempt":
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))


@dataclass
class Provider:
    """The provider as its own metadata describes it, read anew after an hour, its keys also when one is unknown."""

    settings: Settings
    transport: httpx.AsyncBaseTransport | None = None
    _metadata: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _read_at: float = 0.0

    async def authorization_url(self, attempt: Attempt) -> str:
        metadata = await self._described()
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata["authorization_endpoint"],
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
            )
        return str(url)

    async def person(self, attempt: Attempt, answer: Mapping[str, str]) -> Person:
        """Return whom the provider's answer, the query of our callback, speaks of; raises `SignInRefused`.

        They may have no role here.
        """
        metadata = await self._described()
        if not are_same(answer.get("state", ""), attempt.state):
            raise SignInRefused("The answer belongs to another attempt. Start again.")
        if answer.get("iss", metadata["issuer"]) != metadata["issuer"] or "code" not in answer:
            raise SignInRefused("The identity provider did not sign you in. Start again.")
        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    metadata["token_endpoint"], code=answer["code"], code_verifier=attempt.verifier
                )
            claims = await self._checked(token["id_token"], attempt)
        except (OAuthError, JoseError, ValueError, TypeError, KeyError) as error:
            raise SignInRefused("The identity provider's answer does not hold. Start again.") from error
        except httpx.HTTPError as error:
            raise Unavailable("The identity provider does not answer. Try again in a moment.") from error
        return self._person(claims)

    async def sign_out_url(self) -> str | None:
        """Return where the provider's own session can be ended, None where it says nothing of it or is away."""
        try:
            return (await self._described()).get("end_session_endpoint")
        except Unavailable:
            return None

    def _person(self, claims: Mapping[str, Any]) -> Person:
        roles = roles_in(claims.get(self.settings.oidc_roles_claim))
        name = claims.get("name") or claims.get("preferred_username") or claims["sub"]
        agency = agency_of(roles, claims.get(self.settings.oidc_agency_claim))
        return Person(claims["iss"], claims["sub"], str(name)[:LONGEST_SUBJECT], roles, agency)

    async def _checked(self, id_token: str, attempt: Attempt) -> Mapping[str, Any]:
        """Return the claims of an ID token (OpenID Connect Core 3.1.3.7)."""
        claims = jwt.decode(id_token, await self._keys_for(id_token), algorithms=ALGORITHMS).claims
        now = time.time()
        audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        good = (
            claims["iss"] == self._metadata["issuer"]
            and self.settings.oidc_client_id in audience
            and claims.get("azp", self.settings.oidc_client_id) == self.settings.oidc_client_id
            and claims["iat"] - SKEW_SECONDS <= now < claims["exp"] + SKEW_SECONDS
            and are_same(claims["nonce"], attempt.nonce)
            and is_text(claims["sub"])
            and 0 < len(claims["sub"]) <= LONGEST_SUBJECT
        )
        if not good:
            raise ValueError("a claim is wrong")
        return claims

    async def _keys_for(self, id_token: str) -> KeySet:
        kid = jws.extract_compact(id_token.encode()).headers().get("kid")
        if self._keys is None or kid not in {key.kid for key in self._keys.keys}:
            keys = await self._get(self._metadata["jwks_uri"])
            self._keys = KeySet.import_key_set({"keys": [key for key in keys["keys"] if key.get("use") != "enc"]})
        return self._keys

    async def _described(self) -> Mapping[str, Any]:
        issuer = str(self.settings.oidc_issuer)
        if not self._metadata or time.monotonic() - self._read_at > FRESH_SECONDS:
            metadata = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if metadata.get("issuer") != issuer:
                raise Unavailable("The identity provider calls itself by another name. Ask an administrator.")
            self._metadata, self._keys, self._read_at = metadata, None, time.monotonic()
        return self._metadata

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            async with httpx.AsyncClient(transport=self.transport, timeout=PATIENCE_SECONDS, trust_env=False) as client:
                reply = await client.get(url)
                reply.raise_for_status()
                found: dict[str, Any] = reply.json()
                return found
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("The identity provider does not answer. Try again in a moment.") from error

    def _client(self) -> Any:
        secret = self.settings.oidc_client_secret
        return AsyncOAuth2Client(
            client_id=self.settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=self.settings.oidc_scope,
            redirect_uri=f"{self.settings.issuer}{CALLBACK}",
            code_challenge_method="S256",
            timeout=PATIENCE_SECONDS,
            transport=self.transport,
            trust_env=False,
        )
