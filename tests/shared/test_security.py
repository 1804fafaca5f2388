"""Access tokens: a good one tells who calls; every forged one is refused."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared.problems import Unauthorized
from shared.security import Caller, KnownKeys, Role, Verifier, issue_token
from tests.fakes import ISSUER, PARTNER_KEY, STAFF_ISSUER, STAFF_KEY, eventually, verifier

STRANGER = ECKey.generate_key("P-256", {"kid": "partners"})
P384 = ECKey.generate_key("P-384", {"kid": "partners"})
RSA = RSAKey.generate_key(2048, {"kid": "partners"})


def claims(**changed: Any) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    good = {"iss": ISSUER, "aud": ISSUER, "sub": "a-school", "scope": "referrals:read", "iat": now, "exp": now + 300}
    return {name: value for name, value in {**good, "jti": "1", **changed}.items() if value is not ...}


def token(key: Any = PARTNER_KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": "partners", **(header or {})}
    head = {name: value for name, value in head.items() if value is not ...}
    return jwt.encode(head, claims(**changed), key, algorithms=[head["alg"]])


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsigned(alg: str) -> str:
    return f"{part({'alg': alg, 'typ': 'at+jwt', 'kid': 'partners'})}.{part(claims())}."


def with_claims_changed() -> str:
    head, _, signature = token().split(".")
    return f"{head}.{part(claims(sub='northants-police'))}.{signature}"


def hmac_with_the_public_key() -> str:
    public = OctKey.import_key(json.dumps(PARTNER_KEY.as_dict(private=False)).encode())
    return token(public, {"alg": "HS256"})


FORGED: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "one part": lambda: "e30",
    "not base64": lambda: "!.!.!",
    "empty objects": lambda: "e30.e30.e30",
    "lists": lambda: "W10.W10.W10",
    "four parts": lambda: token() + ".x",
    "five thousand brackets": lambda: f"{part('')}.{base64.urlsafe_b64encode(b'[' * 5000).decode()}.x",
    "far too long": lambda: token(note="x" * 9000),
    "no signature": lambda: token().rpartition(".")[0] + ".",
    "a changed signature": lambda: token()[:-4] + "AAAA",
    "claims of another": with_claims_changed,
    "alg none": lambda: unsigned("none"),
    "alg NONE": lambda: unsigned("NONE"),
    "HMAC with the public key": hmac_with_the_public_key,
    "another key of the same name": lambda: token(STRANGER),
    "a key of another curve": lambda: token(P384, {"alg": "ES384"}),
    "an RSA key": lambda: token(RSA, {"alg": "PS256"}),
    "an unknown kid": lambda: token(header={"kid": "nobody"}),
    "no kid": lambda: token(header={"kid": ...}),
    "an ID token": lambda: token(header={"typ": "JWT"}),
    "no type": lambda: token(header={"typ": ...}),
    "another issuer": lambda: token(iss="http://elsewhere.test"),
    "no issuer": lambda: token(iss=...),
    "a list of issuers": lambda: token(iss=[ISSUER]),
    "another audience": lambda: token(aud="http://elsewhere.test"),
    "a list of audiences": lambda: token(aud=[ISSUER]),
    "no audience": lambda: token(aud=...),
    "expired": lambda: token(iat=1, exp=301),
    "not yet issued": lambda: token(iat=int(datetime.now(UTC).timestamp()) + 3600),
    "no expiry": lambda: token(exp=...),
    "no time of issue": lambda: token(iat=...),
    "an expiry in words": lambda: token(exp="tomorrow"),
    "an endless expiry": lambda: token(exp=1e300),
    "a boolean expiry": lambda: token(exp=True),
    "no subject": lambda: token(sub=...),
    "a list of subjects": lambda: token(sub=["a-school"]),
    "scopes as a list": lambda: token(scope=["referrals:read"]),
    "staff by the partners' key": lambda: token(iss=STAFF_ISSUER, roles=["manager"]),
    "staff without roles": lambda: issue_token(STAFF_KEY, STAFF_ISSUER, ISSUER, {"sub": "x", "roles": []}),
    "an invented role": lambda: issue_token(STAFF_KEY, STAFF_ISSUER, ISSUER, {"sub": "x", "roles": ["owner"]}),
    "a partner by the staff's key": lambda: issue_token(STAFF_KEY, ISSUER, ISSUER, {"sub": "x", "scope": ""}),
}


async def test_who_left_is_refused_by_issuer_and_account() -> None:
    """However good the token still is; an agency of the same name, or another issuer's person, is somebody else."""
    verifying = verifier()
    good = issue_token(STAFF_KEY, STAFF_ISSUER, ISSUER, {"sub": "a-school", "roles": ["screener"]})
    verifying.left = {("http://elsewhere.test", "a-school")}
    assert (await verifying.verify(good)).subject == "a-school"
    verifying.left = {(STAFF_ISSUER, "a-school")}
    with pytest.raises(Unauthorized):
        await verifying.verify(good)
    assert (await verifying.verify(token())).subject == "a-school"


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_refused(name: str) -> None:
    """Whatever is wrong with it, the answer is the same 401 that tells nothing."""
    with pytest.raises(Unauthorized) as refused:
        await verifier().verify(FORGED[name]())
    assert refused.value.status == 401


async def test_a_good_token_tells_who_calls() -> None:
    """A partner has the scopes granted and no role; staff have roles and act for the front door."""
    assert await verifier().verify(token()) == Caller("a-school", "a-school", frozenset({"referrals:read"}))
    staff = issue_token(
        STAFF_KEY, STAFF_ISSUER, ISSUER, {"sub": "kim", "roles": ["screener"], "scope": "internal:read"}
    )
    assert await verifier().verify(staff) == Caller("kim", "front-door", roles=frozenset({Role.SCREENER}))


async def test_a_disabled_agency_is_refused_at_once() -> None:
    """A token issued before is of no more use."""
    disabling = verifier()
    disabling.disabled.add("a-school")
    with pytest.raises(Unauthorized):
        await disabling.verify(token())


async def test_a_token_seen_before_is_no_better_than_a_new_one() -> None:
    """Remembered, it is refused all the same once its agency is disabled, its key is gone or it has expired."""
    remembering = verifier()
    lasting, short = token(), token(exp=int(datetime.now(UTC).timestamp()) + 1)
    partners = remembering.issuers[0].keys
    for once in (lasting, short):
        await remembering.verify(once)
    remembering.disabled.add("a-school")
    with pytest.raises(Unauthorized):
        await remembering.verify(lasting)
    remembering.disabled.clear()
    assert await remembering.verify(lasting)
    await eventually(partial(_is_refused, remembering, short))
    assert isinstance(partners, KnownKeys)
    partners.keys.keys.clear()
    assert await _is_refused(remembering, lasting)


async def _is_refused(asked: Verifier, given: str) -> bool:
    try:
        await asked.verify(given)
    except Unauthorized:
        return True
    return False
