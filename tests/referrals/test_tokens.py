"""The token endpoint: a good assertion gets a token once, every other gets none."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter
from joserfc.util import urlsafe_b64encode

from services.referrals.actions.agencies import add_agency_key, disable_agency, enable_agency, register_agency
from services.referrals.queries import list_agencies
from shared.db import new_id, transaction
from shared.http.client import ASSERTION_TYPE, ServiceClient, client_assertion
from shared.security import issue_token
from tests.fakes import ISSUER, PARTNER_KEY, as_partner, eventually
from tests.referrals.conftest import Front
from tests.referrals.documents import document

KEY = ECKey.generate_key("P-256", {"kid": "school-1"})
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "school-1"})
RSA = RSAKey.generate_key(2048, {"kid": "school-rsa"})
SLUG = "a-school"


@pytest.fixture
async def school(front: Front) -> Front:
    async with transaction(front.db) as session:
        await add_agency_key(session, SLUG, KEY.as_dict(private=False))
    return front


def claims(**said: Any) -> dict[str, Any]:
    issued = now()
    values = {"iss": SLUG, "sub": SLUG, "aud": ISSUER, "iat": issued, "exp": issued + 60, "jti": str(new_id()), **said}
    return {name: value for name, value in values.items() if value is not None}


def signed(key: Any = KEY, header: dict[str, Any] | None = None, **said: Any) -> str:
    return jwt.encode(
        {"alg": "ES256", "kid": "school-1", **(header or {})},
        claims(**said),
        key,
        algorithms=["ES256", "ES384", "PS256", "RS256", "HS256", "none"],
    )


def unsigned(header: Any, said: Any) -> str:
    return ".".join([*(urlsafe_b64encode(json.dumps(part).encode()).decode() for part in (header, said)), "AAAA"])


async def ask(front: Front, assertion: str, **form: str) -> httpx.Response:
    sent = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        **form,
    }
    return await front.http.post("/oauth/token", data=sent)


async def test_a_good_assertion_gets_a_token_that_works(school: Front) -> None:
    """The token is signed by the published key, carries the registered scopes, and submits a referral."""
    granted = (await ask(school, signed())).json()
    assert (granted["token_type"], granted["expires_in"]) == ("Bearer", 300)
    keys = KeySet.import_key_set((await school.http.get("/.well-known/jwks.json")).json())
    token = jwt.decode(granted["access_token"], keys, algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert (token.claims["sub"], token.claims["aud"], token.claims["iss"]) == (SLUG, ISSUER, ISSUER)
    assert token.claims["scope"] == granted["scope"]
    assert "referrals:write" in granted["scope"]
    assert "internal:read" not in granted["scope"]
    accepted = await school.submit(document(), {"Authorization": f"Bearer {granted['access_token']}"})
    assert accepted["status"] == "received"


async def test_the_published_keys_are_public(school: Front) -> None:
    """No private part of the signing key is published."""
    [key] = (await school.http.get("/.well-known/jwks.json")).json()["keys"]
    assert (key["kid"], key["alg"]) == (PARTNER_KEY.kid, "ES256")
    assert "d" not in key


async def test_the_server_describes_itself(school: Front) -> None:
    """The metadata names where to ask and how to authenticate."""
    described = (await school.http.get("/.well-known/oauth-authorization-server")).json()
    assert described["issuer"] == ISSUER
    assert described["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert described["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert "internal:read" not in described["scopes_supported"]


async def test_rsa_keys_sign_ps256(school: Front) -> None:
    """An RSA key of the agency proves it by PS256, and by no other algorithm."""
    async with transaction(school.db) as session:
        await add_agency_key(session, SLUG, RSA.as_dict(private=False))
    good = signed(RSA, {"alg": "PS256", "kid": "school-rsa"})
    old = signed(RSA, {"alg": "RS256", "kid": "school-rsa"})
    assert (await ask(school, good)).status_code == 200
    assert (await ask(school, old)).status_code == 401


async def test_the_services_own_client_gets_a_token(front: Front) -> None:
    """What services send as their assertion is taken, and lets them read a referral whole."""
    async with transaction(front.db) as session:
        await register_agency(session, "service-triage", "Triage", scopes=["internal:read"])
        await add_agency_key(session, "service-triage", KEY.as_dict(private=False))
    accepted = await front.submit(document())
    client = ServiceClient(front.http, "service-triage", ISSUER, KEY)
    detail = await client.get_detail(f"/internal/referrals/{accepted['id']}")
    assert detail["reference"] == accepted["reference"]
    assert (await ask(front, client_assertion("service-triage", ISSUER, KEY))).json()["scope"] == "internal:read"


async def test_fewer_scopes_may_be_asked_for(school: Front) -> None:
    """Asked for one scope, the token has one; asked for another's, there is no token, and the assertion is unused."""
    narrowed = await ask(school, signed(), scope="events:read")
    assert narrowed.json()["scope"] == "events:read"
    assertion = signed()
    refused = await ask(school, assertion, scope="events:read internal:read")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")
    assert (await ask(school, assertion)).status_code == 200


async def test_an_assertion_works_once(school: Front) -> None:
    """The same assertion again gets no token."""
    assertion = signed()
    assert (await ask(school, assertion)).status_code == 200
    again = await ask(school, assertion)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


LENIENT = JWSRegistry(header_registry={"til": HeaderParameter("until", "str")}, algorithms=["ES256"])


def now() -> int:
    return int(datetime.now(UTC).timestamp())


FORGED: dict[str, Callable[[], str]] = {
    "another key": lambda: signed(OTHER_KEY),
    "unknown kid": lambda: signed(header={"kid": "school-2"}),
    "kid is a list": lambda: unsigned({"alg": "ES256", "kid": ["school-1"]}, claims()),
    "kid is not said": lambda: unsigned({"alg": "ES256"}, claims()),
    "no algorithm": lambda: unsigned({"alg": "none", "kid": "school-1"}, claims()),
    "claims are a list": lambda: unsigned({"alg": "ES256", "kid": "school-1"}, [claims()]),
    "another agency": lambda: signed(iss="a-police-force", sub="a-police-force"),
    "another issuer of the assertion": lambda: signed(iss="a-police-force"),
    "another subject": lambda: signed(sub="a-police-force"),
    "no subject": lambda: signed(sub=None),
    "no issuer": lambda: signed(iss=None),
    "subject is a list": lambda: signed(sub=[SLUG]),
    "another audience": lambda: signed(aud="https://elsewhere.example"),
    "audience with a slash": lambda: signed(aud=f"{ISSUER}/"),
    "audience is the endpoint": lambda: signed(aud=f"{ISSUER}/oauth/token"),
    "audience is a list": lambda: signed(aud=[ISSUER]),
    "no audience": lambda: signed(aud=None),
    "expired": lambda: signed(iat=now() - 100, exp=now() - 1),
    "long expired": lambda: signed(iat=0, exp=60),
    "expires now": lambda: signed(iat=now() - 60, exp=now()),
    "lives too long": lambda: signed(iat=now(), exp=now() + 301),
    "lives for years": lambda: signed(exp=now() + 10**9),
    "ends before it begins": lambda: signed(iat=now() + 20, exp=now() + 10),
    "issued in the future": lambda: signed(iat=now() + 200, exp=now() + 260),
    "not valid yet": lambda: signed(nbf=now() + 200),
    "no expiry": lambda: signed(exp=None),
    "no issue time": lambda: signed(iat=None),
    "expiry is a text": lambda: signed(exp=str(now() + 60)),
    "expiry is a fraction": lambda: signed(exp=now() + 60.5),
    "expiry is a truth": lambda: signed(exp=True),
    "issue time is a text": lambda: signed(iat=str(now())),
    "not before is a text": lambda: signed(nbf="never"),
    "no id": lambda: signed(jti=None),
    "id is a number": lambda: signed(jti=7),
    "id is empty": lambda: signed(jti=""),
    "id is long": lambda: signed(jti="x" * 256),
    "id with NUL": lambda: signed(jti="a\x00b"),
    "no signature": lambda: signed().rsplit(".", 1)[0] + ".",
    "half a signature": lambda: signed()[:-20],
    "two parts": lambda: signed().rsplit(".", 1)[0],
    "four parts": lambda: signed() + ".x",
    "signature of another": lambda: signed().rsplit(".", 1)[0] + "." + signed().rsplit(".", 1)[1],
    "nothing": lambda: "...",
    "no token": lambda: "nonsense",
    "not base64": lambda: "ä.ö.ü",
    "very long": lambda: signed(padding="x" * 9_000),
    "algorithm of the shared secret": lambda: signed(
        OctKey.import_key(json.dumps(KEY.as_dict(private=False))), {"alg": "HS256"}
    ),
    "RSA for an EC key": lambda: signed(RSA, {"alg": "PS256"}),
    "unknown critical header": lambda: jwt.encode(
        {"alg": "ES256", "kid": "school-1", "crit": ["til"], "til": "noon"}, claims(), KEY, registry=LENIENT
    ),
    "key in the header": lambda: signed(OTHER_KEY, {"jwk": OTHER_KEY.as_dict(private=False)}),
    "an access token": lambda: issue_token(KEY, ISSUER, ISSUER, {"sub": SLUG, "scope": "referrals:write"}),
}


async def test_forged_assertions_get_no_token(school: Front, subtests: pytest.Subtests) -> None:
    """Every assertion but a good one is 401 invalid_client, and the reply holds nothing but the error."""
    for case, forge in FORGED.items():
        with subtests.test(case):
            reply = await ask(school, forge())
            assert reply.status_code == 401
            assert reply.json()["error"] == "invalid_client"
            assert set(reply.json()) == {"error", "error_description"}


REQUESTS: list[tuple[dict[str, str], int, str | None]] = [
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": ""}, 400, "invalid_request"),
    ({"client_assertion_type": "urn:other"}, 401, "invalid_client"),
    ({"client_assertion": ""}, 401, "invalid_client"),
    ({"client_id": "a-police-force"}, 401, "invalid_client"),
    ({"client_id": SLUG}, 200, None),
    ({"scope": " "}, 200, None),
    ({"scope": "everything"}, 400, "invalid_scope"),
]


async def test_requests_of_another_kind_are_refused(school: Front, subtests: pytest.Subtests) -> None:
    """The endpoint holds one grant and one way to authenticate, and says what is wrong in the terms of OAuth."""
    for form, status, error in REQUESTS:
        with subtests.test(**form):
            reply = await ask(school, signed(), **form)
            assert (reply.status_code, reply.json().get("error")) == (status, error)
            assert reply.headers["Cache-Control"] == "no-store"


UNREADABLE: list[tuple[str, bytes]] = [
    ("application/json", b'{"grant_type": "client_credentials"}'),
    ("application/x-www-form-urlencoded", b""),
    ("application/x-www-form-urlencoded", b"grant_type=client_credentials&grant_type=client_credentials"),
    ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(30))),
    ("application/x-www-form-urlencoded", "grant_type=ä".encode()),
    ("application/x-www-form-urlencoded", b"nonsense"),
]


async def test_unreadable_requests_are_refused(school: Front, subtests: pytest.Subtests) -> None:
    """What is no form, or says a thing twice, is an invalid request."""
    for content_type, body in UNREADABLE:
        with subtests.test(body=body[:40]):
            reply = await school.http.post("/oauth/token", content=body, headers={"Content-Type": content_type})
            assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")


async def test_two_keys_are_live_while_an_agency_changes_them(school: Front) -> None:
    """The old and the new key work side by side; a third pushes the oldest out."""
    second, third = (ECKey.generate_key("P-256", {"kid": name}) for name in ("school-2", "school-3"))
    for key, live in ((second, {"school-1", "school-2"}), (third, {"school-2", "school-3"})):
        async with transaction(school.db) as session:
            await add_agency_key(session, SLUG, key.as_dict(private=False))
        async with transaction(school.db) as session:
            [agency] = await list_agencies(session)
        assert set(agency.kids) == live
    assert (await ask(school, signed())).status_code == 401
    assert (await ask(school, signed(second, {"kid": "school-2"}))).status_code == 200


async def test_a_disabled_agency_is_shut_out(school: Front) -> None:
    """No new token at once, the tokens it has within the time of a look, and back again when enabled."""
    headers = as_partner(SLUG, "referrals:read")

    async def refused() -> bool:
        return (await school.http.get("/v1/referrals", headers=headers)).status_code == 401

    async with transaction(school.db) as session:
        await disable_agency(session, SLUG)
    assert (await ask(school, signed())).status_code == 401
    assert await eventually(refused)
    async with transaction(school.db) as session:
        await enable_agency(session, SLUG)
    assert (await ask(school, signed())).status_code == 200
