"""Who may ask for tokens: slugs, scopes and public keys of agencies and services. Pure; run at registration."""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64decode

from shared.problems import Problem

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
LONGEST_SLUG = 63
LONGEST_KID = 255
KEYS_LIVE = 2
SERVICES = frozenset({"service-referrals", "service-triage", "service-notifications"})
SMALLEST_RSA_BITS = 2048


class Scope(StrEnum):
    REFERRALS_WRITE = "referrals:write"
    REFERRALS_READ = "referrals:read"
    REFERRALS_RESTRICTED = "referrals:restricted"
    THRESHOLDS_CHECK = "thresholds:check"
    INFORMATION_RESPOND = "information:respond"
    EARLY_HELP_RESPOND = "early-help:respond"
    WEBHOOKS_MANAGE = "webhooks:manage"
    EVENTS_READ = "events:read"
    INTERNAL_READ = "internal:read"


PARTNER_SCOPES = frozenset(Scope) - {Scope.INTERNAL_READ}


class AgencyUnknown(Problem):
    """No agency or service is registered under this slug."""

    title, status, slug = "No such agency", 404, "agency-unknown"


class RegistrationRefused(Problem):
    """A slug, source or scope that an agency cannot have."""

    title, status, slug = "The agency cannot be registered so", 422, "registration-refused"


class KeyRefused(Problem):
    """What was given is no public key for ES256 or PS256."""

    title, status, slug = "The key cannot be used", 422, "key-refused"


def check_registration(slug: str, scopes: Collection[str]) -> None:
    """Raise `RegistrationRefused` for a slug or scopes that would let one party pass for another."""
    if not SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG:
        raise RegistrationRefused("A slug is small letters, digits and single hyphens, at most 63 characters.")
    allowed = frozenset({Scope.INTERNAL_READ}) if slug in SERVICES else PARTNER_SCOPES
    if not allowed >= set(scopes):
        raise RegistrationRefused(f"Its scopes can be: {' '.join(sorted(allowed))}.")


def public_jwk(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Return the public part of a JWK, with its `kid` (its thumbprint where it has none) and its one `alg`.

    EC keys on P-256 sign ES256, RSA keys of 2048 bits or more PS256; raises `KeyRefused` for any other.
    """
    try:
        key = _imported(jwk)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise KeyRefused("Give a JWK: EC on P-256, or RSA of 2048 bits or more.") from error
    kid = jwk.get("kid") or key.thumbprint()
    if not isinstance(kid, str) or not 1 <= len(kid) <= LONGEST_KID:
        raise KeyRefused("Give the key a kid of 1 to 255 characters, or none.")
    public = {name: str(part) for name, part in key.as_dict(private=False).items() if name in PUBLIC_PARTS}
    return {**public, "kid": kid, "alg": "ES256" if isinstance(key, ECKey) else "PS256", "use": "sig"}


PUBLIC_PARTS = frozenset({"kty", "crv", "x", "y", "n", "e"})


def _imported(jwk: Mapping[str, Any]) -> ECKey | RSAKey:
    match jwk["kty"]:
        case "EC" if jwk["crv"] == "P-256":
            return ECKey.import_key(dict(jwk))
        case "RSA" if len(urlsafe_b64decode(jwk["n"].encode())) * 8 >= SMALLEST_RSA_BITS:
            return RSAKey.import_key(dict(jwk))
        case _:
            pass
    raise ValueError("another kind of key")
