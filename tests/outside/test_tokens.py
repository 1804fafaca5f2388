"""No token makes the front door fail: neither one that nobody signed, nor one whose signature is good."""

import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from services.front_door.demo import STAFF_KEY, staff_issuer
from services.front_door.keys import signing_key
from services.referrals.domain.assertions import ASSERTION_TYPE, GRANT
from shared.db import new_id
from shared.http.reading import FORM_TYPE
from shared.security.tokens import TOKEN_TYPE
from tests.authorisation.conftest import FrontDoor
from tests.authorisation.parties import SUBMITTER
from tests.fakes import ISSUER
from tests.outside.odd import encoded, fuzzed, json_objects, query_values, tokens, unlimited, values

FIELDS = ("grant_type", "client_assertion_type", "client_assertion", "client_id", "scope", "resource")
TYPES = (FORM_TYPE, f"{FORM_TYPE}; charset=\xff", "multipart/form-data", "application/json", "", "\xa0", ";;;")
GOOD = {"grant_type": GRANT, "client_assertion_type": ASSERTION_TYPE}


def signed(key: ECKey, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """Return a JWT that says whatever it says, with a signature that is good."""
    content = ".".join(encoded(unlimited(dict(part))) for part in (header, claims))
    r, s = decode_dss_signature(key.private_key.sign(content.encode(), ECDSA(SHA256())))  # type: ignore[union-attr]
    return f"{content}.{encoded(r.to_bytes(32) + s.to_bytes(32))}"


@settings(fuzzed, max_examples=40)
@given(
    form=st.dictionaries(st.sampled_from(FIELDS), query_values | tokens.map(lambda token: quote(token, safe="")))
    | st.binary(max_size=30).map(lambda raw: {"client_assertion": quote(raw)}),
    good=st.booleans(),
    content_type=st.sampled_from(TYPES),
)
async def test_no_form_for_a_token_fails(
    door: FrontDoor, form: dict[str, str], content_type: str, *, good: bool
) -> None:
    """What is no form, or proves nobody, is refused as RFC 6749 says."""
    kept = {**(GOOD if good else {}), **form}
    content = "&".join(f"{name}={value}" for name, value in kept.items()).encode("latin-1", "replace")
    headers = {b"Content-Type": content_type.encode("latin-1")}
    reply = await door.http.post("/oauth/token", content=content, headers=headers)
    assert (reply.status_code, set(reply.json())) in [
        (status, {"error", "error_description"}) for status in (400, 401, 429)
    ]


@settings(fuzzed, max_examples=40)
@given(header=json_objects, claims=json_objects, without=st.sets(st.sampled_from(["iat", "jti", "sub", "aud", "kid"])))
async def test_no_assertion_fails(
    door: FrontDoor, header: dict[str, Any], claims: dict[str, Any], without: set[str]
) -> None:
    """One that its client's own key signed is good or refused, whatever it says."""
    key, now = signing_key(door.data_dir, SUBMITTER), int(time.time())
    asserted = {"iss": SUBMITTER, "sub": SUBMITTER, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": str(new_id())}
    told = {name: value for name, value in {**asserted, **claims}.items() if name not in without}
    begun = {"alg": "ES256", "kid": key.kid, **header}
    assertion = signed(key, {name: value for name, value in begun.items() if name not in without}, told)

    form = urlencode({**GOOD, "client_assertion": assertion})
    reply = await door.http.post("/oauth/token", content=form, headers={"Content-Type": FORM_TYPE})

    assert reply.status_code in (200, 400, 401, 429), reply.text


@settings(fuzzed, max_examples=40)
@given(token=tokens, scheme=st.sampled_from(["Bearer ", "bearer ", "Bearer  ", "Basic ", "", "Bearer\t"]))
async def test_no_forged_token_fails(door: FrontDoor, token: str, scheme: str) -> None:
    """401, whatever stands in the place of a token."""
    proof = re.sub(b"[\r\n\0]", b"", (scheme + token).encode("utf-8", "surrogatepass"))
    reply = await door.http.get("/v1/referrals", headers={b"Authorization": proof})
    assert reply.status_code in (401, 429)


@settings(fuzzed, max_examples=40)
@given(
    header=json_objects,
    claims=st.dictionaries(
        st.sampled_from(["sub", "scope", "roles", "exp", "iat", "aud", "iss", "jti", "client_id"]),
        values | st.lists(values, max_size=3) | st.sampled_from([None, 1, -1, 10**400, {}, [], [[]], [None], "\ud800"]),
    ),
    staff=st.booleans(),
)
async def test_no_signed_token_fails(
    door: FrontDoor, header: dict[str, Any], claims: dict[str, Any], *, staff: bool
) -> None:
    """One with a good signature lets its bearer in or does not, whatever it says."""
    key, now = signing_key(door.data_dir, STAFF_KEY if staff else "issuer"), int(time.time())
    issuer = staff_issuer(ISSUER) if staff else ISSUER
    granted = {"roles": ["manager"]} if staff else {"scope": "referrals:read"}
    asserted = {"iss": issuer, "sub": SUBMITTER, "aud": ISSUER, "iat": now, "exp": now + 60, **granted}
    token = signed(key, {"alg": "ES256", "kid": key.kid, "typ": TOKEN_TYPE, **header}, {**asserted, **claims})

    for path in ("/v1/referrals?limit=1", "/v1/cases?limit=1"):
        reply = await door.http.get(path, headers={"Authorization": f"Bearer {token}"})
        assert reply.status_code in (200, 401, 403, 429), reply.text
