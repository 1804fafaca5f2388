"""Our signatures, verified by the package `standardwebhooks` as an independent party."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.notifications.signing import SECRET_PREFIX, new_secret, signed_headers

SECRET = new_secret()
BODY = json.dumps({"type": "uk.frontdoor.case.opened.v1", "data": {"sequence": 2}}).encode()
WEBHOOK_ID = "0198f2a0-0000-7000-8000-000000000001"


def now() -> datetime:
    return datetime.now(UTC)


@given(text=st.text(max_size=200))
def test_any_body_verifies(text: str) -> None:
    """The bytes that were signed verify, whatever they say."""
    body = json.dumps({"text": text}).encode()
    assert Webhook(SECRET).verify(body, signed_headers(SECRET, WEBHOOK_ID, now(), body)) == {"text": text}


def test_specification_example() -> None:
    """The specification's published example has the published signature."""
    headers = signed_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


Tamper = Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]]

TAMPERINGS: dict[str, Tamper] = {
    "a byte of the body": lambda headers, body: (headers, body.replace(b"2", b"3")),
    "a space in the body": lambda headers, body: (headers, body + b" "),
    "another id": lambda headers, body: (headers | {"webhook-id": WEBHOOK_ID[:-1] + "2"}, body),
    "another second": lambda headers, body: (
        headers | {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)},
        body,
    ),
    "another signature": lambda headers, body: (
        headers | {"webhook-signature": "v1," + base64.b64encode(bytes(32)).decode()},
        body,
    ),
    "another version": lambda headers, body: (
        headers | {"webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")},
        body,
    ),
    "no id": lambda headers, body: (headers | {"webhook-id": ""}, body),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_found(tampering: str) -> None:
    """Whatever is changed after signing, verification fails."""
    headers, body = TAMPERINGS[tampering](signed_headers(SECRET, WEBHOOK_ID, now(), BODY), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers)


def test_another_secret_fails() -> None:
    """A signature under one endpoint's secret says nothing to another endpoint."""
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, signed_headers(SECRET, WEBHOOK_ID, now(), BODY))


def test_replayed_capture_fails() -> None:
    """A captured request is refused after the tolerance, so each retry needs its own timestamp."""
    captured = signed_headers(SECRET, WEBHOOK_ID, now() - timedelta(minutes=6), BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, captured)


def test_secret_has_the_form_of_the_specification() -> None:
    """A secret is `whsec_` and 32 random bytes in base64, different each time."""
    secrets = {new_secret() for _ in range(20)}
    assert len(secrets) == 20
    for secret in secrets:
        assert secret.startswith(SECRET_PREFIX)
        assert len(base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)) == 32
