"""A partner agency as these commands play it: it gets tokens with its key and submits referrals over HTTP."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import httpx
from joserfc.jwk import ECKey

from shared.http.client import ASSERTION_TYPE, client_assertion
from shared.problems import Problem, Unavailable

ATTEMPTS: Final = 5
JSON: Final = "application/json"
PASSING: Final = frozenset({429, 503})
RENEW_BEFORE_SECONDS: Final = 60
LONGEST_WAIT_SECONDS: Final = 10.0


class Refused(Problem):
    """The front door answered a command with a problem of its own."""

    title, status, slug = "The front door refused", 502, "refused"


@dataclass
class Partner:
    """One agency at the front door of `base_url`; the same request is sent again until its outcome is known."""

    slug: str
    key: ECKey
    base_url: str
    scope: str | None = None
    _http: httpx.Client = field(init=False)
    _token: str = field(init=False, default="")
    _renew_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.base_url, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._http.close()

    def token(self) -> str:
        """Return an access token of this agency, a new one shortly before the last expires."""
        now = datetime.now(UTC).timestamp()
        if now >= self._renew_at:
            form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
            form |= {"scope": self.scope} if self.scope else {}
            granted = self._send("/oauth/token", form=form)
            self._token, self._renew_at = granted["access_token"], now + granted["expires_in"] - RENEW_BEFORE_SECONDS
        return self._token

    def submit(self, body: bytes) -> dict[str, Any]:
        """Return the front door's answer to a referral in JSON, accepted once however often it had to be sent."""
        return self._send("/v1/referrals", body=body)

    def _send(self, path: str, *, form: dict[str, str] | None = None, body: bytes = b"") -> dict[str, Any]:
        key = str(uuid4())
        reply = None
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(_wait_seconds(reply, attempt))
            try:
                reply = self._http.post(path, **self._request(form, body, key))
            except httpx.TransportError:
                reply = None
                continue
            if reply.status_code not in PASSING:
                break
        if reply is None:
            raise Unavailable(f"Nothing answers at {self.base_url}. Start it with `frontdoor up`, or give --port.")
        if not reply.is_success:
            raise Refused(_words(reply))
        answer: dict[str, Any] = reply.json()
        return answer

    def _request(self, form: dict[str, str] | None, body: bytes, key: str) -> dict[str, Any]:
        if form is not None:
            return {"data": form | {"client_assertion": client_assertion(self.slug, self.base_url, self.key)}}
        headers = {"Authorization": f"Bearer {self.token()}", "Idempotency-Key": key, "Content-Type": JSON}
        return {"content": body, "headers": headers}


def _wait_seconds(reply: httpx.Response | None, attempt: int) -> float:
    asked = reply.headers.get("retry-after", "") if reply is not None else ""
    return min(float(asked) if asked.isdigit() else 0.2 * 2**attempt, LONGEST_WAIT_SECONDS)


def _words(reply: httpx.Response) -> str:
    """Say in one line what the front door's problem document, or its OAuth error, says."""
    try:
        told = reply.json()
    except ValueError:
        return f"{reply.status_code} {reply.reason_phrase}"
    if "error" in told:
        return f"{told['error']}: {told.get('error_description', '')}".removesuffix(": ")
    places = "; ".join(f"{error['pointer']}: {error['detail']}" for error in told.get("errors", []))
    return f"{told.get('title', reply.reason_phrase)}. {places or told.get('detail', '')}".strip()
