"""The two ways of calling somebody: a real mail server of the test's own, and a stand-in for GOV.UK Notify."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr, ValidationError

from services.triage.settings import Settings, SmtpTls
from services.triage.worker.pagers import NotifyPager, NotSent, SmtpPager, opened_pager

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
"""The server of the tests lets people sign in without TLS, and warns of it."""

TEXT = "Please look at FD-2611-0000-0000 at the front door: http://front-door.test/desk/cases/0"
NEEDED: dict[str, Any] = dict.fromkeys(("database_url", "vault_key", "index_key"), SecretStr("x"))


class Letterbox:
    """Keeps what the server took; `refusing` answers as a server that is full."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refusing = False

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusing:
            return "452 Insufficient storage"
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def letterbox() -> Letterbox:
    return Letterbox()


@pytest.fixture
def port(letterbox: Letterbox) -> Iterator[int]:
    """Run a mail server on a free port of this machine, for whoever signs in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]

    def known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object) -> AuthResult:
        good = isinstance(given, LoginPassword) and (given.login, given.password) == (b"front-door", b"secret")
        return AuthResult(success=good, handled=False)

    server = Controller(letterbox, "127.0.0.1", number, authenticator=known, auth_required=True, auth_require_tls=False)
    server.start()
    yield number
    server.stop()


def smtp(port: int, **said: Any) -> SmtpPager:
    values = {"username": "front-door", "password": "secret", **said}
    return SmtpPager("127.0.0.1", port, "front-door@door.example", SmtpTls.NONE, **values)


async def test_a_mail_server_takes_the_page(port: int, letterbox: Letterbox) -> None:
    """The message has its addresses, a subject that is always the same, and the text."""
    await smtp(port).send("duty@door.example", TEXT)
    (envelope,) = letterbox.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("front-door@door.example", ["duty@door.example"])
    content = envelope.content
    assert isinstance(content, bytes)
    assert b"Subject: Front door\r\n" in content
    assert content.rstrip().endswith(TEXT.encode())


async def test_what_the_mail_server_did_not_take_is_not_sent(port: int, letterbox: Letterbox) -> None:
    """A full server, a wrong password, TLS that it does not speak, and no server at all."""
    letterbox.refusing = True
    with pytest.raises(NotSent, match="SMTPDataError"):
        await smtp(port).send("duty@door.example", TEXT)
    letterbox.refusing = False
    with pytest.raises(NotSent, match="SMTPAuthenticationError"):
        await smtp(port, password="wrong").send("duty@door.example", TEXT)
    with pytest.raises(NotSent):
        await SmtpPager("127.0.0.1", port, "a@door.example", SmtpTls.STARTTLS).send("duty@door.example", TEXT)
    with pytest.raises(NotSent):
        await smtp(1).send("duty@door.example", TEXT)
    assert letterbox.taken == []


SERVICE, SECRET, TEMPLATE = str(uuid4()), str(uuid4()), str(uuid4())
REQUEST = {"email_address", "template_id", "personalisation", "reference", "email_reply_to_id"}


def refused(status: int, error: str, message: str) -> httpx.Response:
    return httpx.Response(status, json={"status_code": status, "errors": [{"error": error, "message": message}]})


class Notify:
    """Answers as the documentation of GOV.UK Notify says: 201, 400 for a bad request, 403 for a bad token, 429, 500."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.full = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if not self._proven(request):
            return refused(403, "AuthError", "Invalid token: API key not found")
        if self.full:
            return refused(429, "TooManyRequestsError", "Exceeded send limits (50) for today")
        body = json.loads(request.content)
        if (request.method, request.url.path) != ("POST", "/v2/notifications/email") or body.keys() - REQUEST:
            return refused(400, "BadRequestError", "Additional properties are not allowed")
        if body["template_id"] != TEMPLATE or set(body["personalisation"]) != {"text"}:
            return refused(400, "BadRequestError", "Missing personalisation: text")
        self.sent.append(body)
        content = {"subject": "Front door", "body": body["personalisation"]["text"], "from_email": "a@notify.example"}
        template = {"id": TEMPLATE, "version": 1, "uri": "https://notify.example/v2/template/1"}
        uri = "https://notify.example/v2/notifications/1"
        return httpx.Response(
            201, json={"id": str(uuid4()), "reference": None, "content": content, "uri": uri, "template": template}
        )

    def _proven(self, request: httpx.Request) -> bool:
        token = jwt.decode(request.headers["Authorization"].removeprefix("Bearer "), OctKey.import_key(SECRET))
        age = datetime.now(UTC).timestamp() - token.claims["iat"]
        return token.header == {"typ": "JWT", "alg": "HS256"} and token.claims["iss"] == SERVICE and abs(age) < 30


@pytest.fixture
async def notify() -> AsyncIterator[tuple[Notify, httpx.AsyncClient]]:
    there = Notify()
    async with httpx.AsyncClient(
        transport=httpx.MockTransport(there.answer), base_url="https://notify.example"
    ) as http:
        yield there, http


async def test_notify_takes_the_page(notify: tuple[Notify, httpx.AsyncClient]) -> None:
    """The request is signed by the key's secret, names the template and carries the text alone."""
    there, http = notify
    await NotifyPager(http, f"front-door-{SERVICE}-{SECRET}", TEMPLATE).send("duty@door.example", TEXT)
    assert there.sent == [
        {"email_address": "duty@door.example", "template_id": TEMPLATE, "personalisation": {"text": TEXT}}
    ]


async def test_what_notify_refuses_is_not_sent(notify: tuple[Notify, httpx.AsyncClient]) -> None:
    """A limit that is reached, another template, and a service that is away."""
    there, http = notify
    key = f"front-door-{SERVICE}-{SECRET}"
    there.full = True
    with pytest.raises(NotSent, match="429"):
        await NotifyPager(http, key, TEMPLATE).send("duty@door.example", TEXT)
    there.full = False
    with pytest.raises(NotSent, match="400"):
        await NotifyPager(http, key, str(uuid4())).send("duty@door.example", TEXT)
    with pytest.raises(NotSent, match="403"):
        await NotifyPager(http, f"front-door-{uuid4()}-{SECRET}", TEMPLATE).send("duty@door.example", TEXT)
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1", trust_env=False) as nobody:
        with pytest.raises(NotSent, match="ConnectError"):
            await NotifyPager(nobody, key, TEMPLATE).send("duty@door.example", TEXT)


async def test_settings_name_the_way() -> None:
    """A mail server, or Notify with its template, or nothing; never both."""
    async with opened_pager(Settings(**NEEDED)) as nothing:
        assert nothing is None
    async with opened_pager(Settings(**NEEDED, smtp_host="mail.example", smtp_password=SecretStr("p"))) as mail:
        assert mail == SmtpPager("mail.example", 587, "front-door@localhost", SmtpTls.STARTTLS, None, "p")
    key = {**NEEDED, "notify_api_key": SecretStr(f"n-{SERVICE}-{SECRET}")}
    async with opened_pager(Settings(**key, notify_template_id=TEMPLATE)) as by_notify:
        assert isinstance(by_notify, NotifyPager)
    wrongs: list[dict[str, Any]] = [{}, {"notify_template_id": TEMPLATE, "smtp_host": "mail.example"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError, match="notify_template_id"):
            Settings(**key, **wrong)
