"""The one error type of the product. Free of any framework, so that domain rules can raise it.

Rendered once, in `shared.http`, as RFC 9457 `application/problem+json`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One place in a payload: an RFC 6901 JSON pointer and what to do about it, never the value itself."""

    pointer: str
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457's own noun
    """Something of ours went wrong. It is logged under the correlation id; report that, and send the request again."""

    # Subclasses name the fact (`CaseAlreadyDecided`); their docstrings are docs/problems.md. `detail` says what to do
    # and never carries what the caller sent. `members` are further members of the answer, `headers` its headers.

    title: ClassVar[str] = "The request could not be carried out"
    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        retry_after_seconds: int | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(self.slug)
        self.detail = detail
        self.errors = errors
        self.retry_after_seconds = retry_after_seconds
        self.headers = headers or {}
        self.members = members or {}


class Unauthorized(Problem):
    """No token, or none that this service trusts."""

    title, status, slug = "A good access token is needed", 401, "unauthorized"


class Forbidden(Problem):
    """The token is good, but carries neither the scope nor the role."""

    title, status, slug = "Not allowed with this token", 403, "forbidden"


class NotFound(Problem):
    """Not there, or not for this caller to know of."""

    title, status, slug = "Not found", 404, "not-found"


class MethodNotAllowed(Problem):
    """The path is there, but not for this method; the header `Allow` names those that are."""

    title, status, slug = "This method is not allowed here", 405, "method-not-allowed"


class TooLarge(Problem):
    """The body is over the byte cap."""

    title, status, slug = "The body is too large", 413, "too-large"


class TooSlow(Problem):
    """The body did not come whole in the time that a caller has for it, and the connection is closed."""

    title, status, slug = "The body took too long to come", 408, "too-slow"


class UnsupportedEncoding(Problem):
    """The body is compressed, which this path does not take; `Accept-Encoding` names what it takes."""

    title, status, slug = "The encoding of the body is not taken here", 415, "unsupported-encoding"


class BadRequest(Problem):
    """Malformed JSON, or a missing `Idempotency-Key`."""

    title, status, slug = "The request is malformed", 400, "malformed"


class PreconditionRequired(Problem):
    """A change needs `If-Match`."""

    title, status, slug = "If-Match is required", 428, "precondition-required"


class PreconditionFailed(Problem):
    """Somebody changed it since the caller read it. Of a case, `changes` says who did what; `ETag` is the new one."""

    title, status, slug = "This has changed since you read it", 412, "stale"


class Invalid(Problem):
    """The shape of the payload; `errors` names every place."""

    title, status, slug = "Some fields need attention", 422, "invalid"


class IdempotencyKeyReused(Problem):
    """The same key came with another body."""

    title, status, slug = "This Idempotency-Key was used for another body", 422, "idempotency-key-reused"


class TooManyRequests(Problem):
    """This client's allowance for requests of this kind is used up; `Retry-After` says when there is more."""

    title, status, slug = "Too many requests", 429, "too-many-requests"


class RequestInFlight(Problem):
    """The same key is being answered at this moment."""

    title, status, slug = "The same request is still being answered", 409, "request-in-flight"


class Unavailable(Problem):
    """Something that this service stands on is down."""

    title, status, slug = "Temporarily unavailable", 503, "unavailable"
