"""Client assertions of the token endpoint: what RFC 7523 and RFC 9700 ask for, and the library leaves open. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from shared.http.reading import is_text, read_pairs, token_parts
from shared.problems import Problem

GRANT = "client_credentials"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION = 8192
LONGEST_LIFE_SECONDS = 300
CLOCK_SKEW_SECONDS = 30
LONGEST_JTI = 255
MOST_FIELDS = 20

Refusal = Literal["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"]


class TokenRefused(Problem):
    """The token endpoint's refusal; rendered as RFC 6749 section 5.2 says, with `error` as its code."""

    title, status, slug = "No token for this request", 400, "token-refused"

    def __init__(self, error: Refusal, detail: str) -> None:
        super().__init__(detail)
        self.error = error


@dataclass(frozen=True)
class Claimed:
    """What an assertion says before its signature is checked: only good for choosing the key."""

    assertion: str
    client: str
    kid: str
    claims: Mapping[str, Any]


@dataclass(frozen=True)
class Proven:
    """What a verified assertion leaves to remember: its id may not come again until it expires."""

    jti: str
    expires_at: datetime


def read_form(content_type: str, body: bytes) -> Mapping[str, str]:
    """Return the parameters of a token request; raises `TokenRefused` where one comes twice or none can be read."""
    try:
        pairs = read_pairs(content_type, body, most=MOST_FIELDS)
    except ValueError as error:
        raise TokenRefused("invalid_request", str(error)) from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise TokenRefused("invalid_request", "Send each parameter once.")
    return form


def claimed_by(form: Mapping[str, str]) -> Claimed:
    """Return who says to be asking; raises `TokenRefused` for a request of another kind."""
    if form.get("grant_type") != GRANT:
        error: Refusal = "unsupported_grant_type" if form.get("grant_type") else "invalid_request"
        raise TokenRefused(error, f"grant_type is {GRANT}.")
    if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
        raise invalid_client("Authenticate by private_key_jwt: client_assertion_type and client_assertion.")
    assertion = form["client_assertion"]
    if len(assertion) > LONGEST_ASSERTION:
        raise invalid_client(f"The assertion is longer than {LONGEST_ASSERTION} characters.")
    try:
        header, claims = token_parts(assertion)
    except ValueError:
        raise invalid_client("The assertion cannot be read; it needs a kid in its header and a sub.") from None
    client = claims.get("sub")
    if not is_text(client) or form.get("client_id", client) != client:
        raise invalid_client("sub and client_id do not fit together.")
    return Claimed(assertion, client, header["kid"], claims)


def is_plausible(form: Mapping[str, str], issuer: str, now: datetime) -> bool:
    """Tell whether an assertion could be good, as far as can be told without its client's key."""
    try:
        claimed = claimed_by(form)
        _check_claims(claimed.claims, claimed.client, issuer, now)
    except TokenRefused:
        return False
    return True


def verify_assertion(claimed: Claimed, jwk: Mapping[str, Any], issuer: str, now: datetime) -> Proven:
    """Return what is proven by the registered key `jwk`; raises `TokenRefused` for any assertion but a good one."""
    try:
        claims = jwt.decode(claimed.assertion, JWKRegistry.import_key(dict(jwk)), algorithms=[jwk["alg"]]).claims
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise invalid_client("The signature does not fit the registered key.") from None
    return _check_claims(claims, claimed.client, issuer, now)


def _check_claims(claims: Mapping[str, Any], client: str, issuer: str, now: datetime) -> Proven:
    if claims.get("iss") != client or claims.get("sub") != client:
        raise invalid_client("iss and sub are both the client's slug.")
    if claims.get("aud") != issuer:
        raise invalid_client("aud is the issuer, as one string.")
    _check_times(claims, now.timestamp())
    jti = claims.get("jti")
    if not is_text(jti) or not 1 <= len(jti) <= LONGEST_JTI:
        raise invalid_client("jti is a new text for each assertion, of 1 to 255 characters.")
    return Proven(jti, datetime.fromtimestamp(claims["exp"], UTC))


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    issued, expires, not_before = claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)
    if type(issued) is not int or type(expires) is not int or type(not_before) is not int:
        raise invalid_client("iat and exp are whole seconds.")
    if not 0 < expires - issued <= LONGEST_LIFE_SECONDS:
        raise invalid_client(f"exp is after iat, by at most {LONGEST_LIFE_SECONDS} seconds.")
    if max(issued, not_before) > now + CLOCK_SKEW_SECONDS or expires <= now:
        raise invalid_client("The assertion has expired, or is not valid yet; check your clock.")


def granted_scopes(wanted: str | None, registered: Collection[str]) -> str:
    """Return the scopes of the token: all that are registered, or those wanted of them."""
    if wanted is None or not wanted.split():
        return " ".join(sorted(registered))
    if not set(wanted.split()) <= set(registered):
        raise TokenRefused("invalid_scope", "This client is not registered for every scope that it asks for.")
    return " ".join(sorted(set(wanted.split())))


def invalid_client(detail: str) -> TokenRefused:
    return TokenRefused("invalid_client", detail)
