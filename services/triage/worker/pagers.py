"""The ways of calling somebody on duty: by e-mail, or by GOV.UK Notify. Used by triage's worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from http import HTTPStatus
from typing import Protocol

import aiosmtplib
import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from services.triage.settings import Settings, SmtpTls

SEND_SECONDS = 20.0
SUBJECT = "Front door"
_UUID = 36


class NotSent(Exception):  # noqa: N818 - not an error of ours: the message says what the other side said
    """The message did not go out, or nobody can tell that it did."""


class Pager(Protocol):
    async def send(self, to: str, text: str) -> None:
        """Send `text` to the address `to`; raises `NotSent`."""


@dataclass(frozen=True)
class SmtpPager:
    """Sends by a mail server."""

    host: str
    port: int
    sender: str
    tls: SmtpTls
    username: str | None = None
    password: str | None = None

    async def send(self, to: str, text: str) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, SUBJECT
        message.set_content(text, cte="7bit")
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await aiosmtplib.send(
                    message,
                    hostname=self.host,
                    port=self.port,
                    username=self.username,
                    password=self.password,
                    use_tls=self.tls is SmtpTls.IMPLICIT,
                    start_tls=self.tls is SmtpTls.STARTTLS,
                )
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotSent(type(error).__name__) from error


@dataclass(frozen=True)
class NotifyPager:
    """Sends by GOV.UK Notify, with a template whose text is `((text))`.

    A request is signed by a JWT (HS256) whose issuer is the service's id. That id and the secret are the last two
    UUIDs of the API key, which is `name-service-secret`.
    """

    http: httpx.AsyncClient
    api_key: str
    template_id: str

    async def send(self, to: str, text: str) -> None:
        body = {"email_address": to, "template_id": self.template_id, "personalisation": {"text": text}}
        headers = {"Authorization": f"Bearer {self._token()}"}
        try:
            reply = await self.http.post("/v2/notifications/email", json=body, headers=headers)
        except httpx.HTTPError as error:
            raise NotSent(type(error).__name__) from error
        if reply.status_code != HTTPStatus.CREATED:
            raise NotSent(str(reply.status_code))

    def _token(self) -> str:
        secret = self.api_key[-_UUID:]
        service_id = self.api_key[-2 * _UUID - 1 : -_UUID - 1]
        claims = {"iss": service_id, "iat": int(datetime.now(UTC).timestamp())}
        return jwt.encode({"typ": "JWT", "alg": "HS256"}, claims, OctKey.import_key(secret))


@asynccontextmanager
async def opened_pager(settings: Settings) -> AsyncIterator[Pager | None]:
    """Yield the way that the settings name, or None where they name none."""
    if settings.notify_api_key is not None and settings.notify_template_id is not None:
        key = settings.notify_api_key.get_secret_value()
        async with httpx.AsyncClient(base_url=settings.notify_url, timeout=SEND_SECONDS, trust_env=False) as http:
            yield NotifyPager(http, key, settings.notify_template_id)
    elif settings.smtp_host is not None:
        password = settings.smtp_password
        yield SmtpPager(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_sender,
            settings.smtp_tls,
            settings.smtp_username,
            None if password is None else password.get_secret_value(),
        )
    else:
        yield None
