"""Asks a receiver to prove that it expects webhooks; run by a request of its owner."""

import json
import secrets

from services.notifications.domain.addresses import AddressRefused
from services.notifications.domain.deliveries import Failure
from services.notifications.domain.endpoints import ChallengeNotReturned
from services.notifications.worker.sender import Sender, Webhook
from shared.db import new_id
from shared.telemetry import correlation_id

TYPE = "endpoint.verification"


async def challenge(sender: Sender, agency: str, url: str, secret: str) -> None:
    """POST a signed challenge; raises ChallengeNotReturned unless it comes back in the body of a 2xx."""
    nonce = secrets.token_urlsafe(32)
    body = json.dumps({"type": TYPE, "challenge": nonce}, separators=(",", ":")).encode()
    webhook = Webhook(agency, url, secret, str(new_id()), body, correlation_id.get())
    outcome = await sender.send(webhook)
    if outcome.reply.failure is Failure.ADDRESS_REFUSED:
        raise AddressRefused("The URL, or the address it leads to, is not allowed for your agency.")
    if not outcome.is_success or nonce.encode() not in outcome.body:
        raise ChallengeNotReturned(_what_was_seen(outcome.reply.status, outcome.reply.failure))


def _what_was_seen(status: int | None, failure: Failure | None) -> str:
    seen = f"status {status}" if status is not None else str(failure)
    return f"The receiver has to answer 2xx with the challenge in its body; this brought {seen}."
