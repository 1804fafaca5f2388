"""Answers that can be given twice: idempotency keys, entity tags, pages of lists."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy import (
    Column,
    DateTime,
    Index,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit import record_access
from shared.db import shared_metadata
from shared.http.limits import FREE, Ticket, charge, take
from shared.http.reading import Count
from shared.http.strict import Body, parse_json, read_body
from shared.problems import (
    BadRequest,
    IdempotencyKeyReused,
    PreconditionFailed,
    PreconditionRequired,
    RequestInFlight,
)
from shared.security import Caller
from shared.vault import Vault

KEPT = timedelta(hours=24)
LONGEST_KEY = 255
IN_FLIGHT = "Wait for the first answer, or send the request again in a moment."

idempotent_answers = Table(
    "idempotent_answers",
    shared_metadata,
    Column("client", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index(None, "created_at"),
)


@dataclass(frozen=True)
class Answer:
    """Status, body (a schema or what JSON can say) and headers of a reply that can be stored."""

    status: int
    body: BaseModel | Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Once:
    """A request that records something new: its body, its key, the fingerprint of what was sent, and what it cost."""

    key: str
    fingerprint: bytes
    document: Any
    ticket: Ticket = FREE


Key = Annotated[str | None, Header(alias="Idempotency-Key")]


async def read_once(request: Request, key: Key = None) -> Once:
    """Return the request; raises `TooLarge`, and `BadRequest` without a good key or for a body that is no JSON."""
    once = await read_keyed(request, key, parse_json)
    return replace(once, ticket=await take(request))


async def read_keyed(request: Request, key: str | None, parse: Callable[[bytes], Any]) -> Once:
    """Return the request with its body as `parse` reads it, before it costs anything."""
    body = await read_body(request)
    if key is None or not 1 <= len(key) <= LONGEST_KEY or not key.isprintable():
        raise BadRequest("Send an Idempotency-Key of 1 to 255 characters, a new one for each new record.")
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).digest()
    return Once(key, digest, parse(body))


OnceBody = Annotated[Once, Depends(read_once)]


async def read_json(request: Request, body: Body) -> Any:
    document = parse_json(body) if body else {}
    await charge(request)
    return document


JsonBody = Annotated[Any, Depends(read_json)]

_look = select(
    func.pg_try_advisory_xact_lock(func.hashtextextended(bindparam("lock"), 0)).label("free"),
    select(idempotent_answers.c.fingerprint)
    .where(idempotent_answers.c.client == bindparam("client"), idempotent_answers.c.key == bindparam("key"))
    .scalar_subquery()
    .label("fingerprint"),
    select(idempotent_answers.c.answer)
    .where(idempotent_answers.c.client == bindparam("client"), idempotent_answers.c.key == bindparam("key"))
    .scalar_subquery()
    .label("answer"),
)
_store = insert(idempotent_answers)


async def answer_once(
    session: AsyncSession, vault: Vault, caller: Caller, once: Once, make: Callable[[], Awaitable[Answer]]
) -> Response:
    """Return the stored first answer of this key, or make it and store it in the caller's transaction.

    Raises `TooManyRequests` where the request is the first and the client has nothing left, `RequestInFlight` while
    another request with the key is being answered, and `IdempotencyKeyReused` where the key came with another body or
    path. A `Problem` raised by `make` stores nothing.
    """
    first = await first_answer(session, vault, caller, once)
    if first is not None:
        return first
    once.ticket.check()
    answer = await make()
    try:
        await session.execute(_store, kept_answer(vault, caller, once, answer))
    except IntegrityError as error:
        raise RequestInFlight("Send the request again to get its first answer.") from error
    return respond(answer)


async def first_answer(session: AsyncSession, vault: Vault, caller: Caller, once: Once) -> Response | None:
    """Return the stored answer of the key, None where this is the first request with it, which then holds its lock."""
    row = (await session.execute(_look, _identity(caller, once))).one()
    if row.fingerprint is not None:
        if row.fingerprint != once.fingerprint:
            once.ticket.check()
            raise IdempotencyKeyReused("Use a new key for a new body.")
        once.ticket.give_back()
        stored = vault.open("idempotent_answers", f"{caller.subject} {once.key}", row.answer)
        await _record_replay(session, caller, stored["body"])
        return respond(Answer(stored["status"], stored["body"], {**stored["headers"], "Idempotent-Replayed": "true"}))
    if not row.free:
        once.ticket.check()
        raise RequestInFlight(IN_FLIGHT)
    return None


def _identity(caller: Caller, once: Once) -> dict[str, Any]:
    return {"client": caller.subject, "key": once.key, "lock": f"{caller.subject}\x1f{once.key}"}


def kept_answer(vault: Vault, caller: Caller, once: Once, answer: Answer) -> dict[str, Any]:
    """Return the values of the row that keeps this answer, sealed, and of the lock that goes with its key."""
    kept = {"status": answer.status, "body": answer.body, "headers": answer.headers}
    sealed = vault.seal("idempotent_answers", f"{caller.subject} {once.key}", kept)
    return {**_identity(caller, once), "fingerprint": once.fingerprint, "answer": sealed}


async def _record_replay(session: AsyncSession, caller: Caller, body: Mapping[str, Any]) -> None:
    """Audit that a stored answer, which may show a record whole, was shown again."""
    if record_id := body.get("id"):
        await record_access(session, caller, "answer.replayed", "answer", [UUID(record_id)], purpose="replay")


async def forget_answers(session: AsyncSession) -> None:
    """Delete the stored answers that are older than 24 hours."""
    await session.execute(
        delete(idempotent_answers).where(idempotent_answers.c.created_at < func.clock_timestamp() - KEPT)
    )


def respond(answer: Answer) -> Response:
    """Return the reply of a request that needs no key."""
    return Response(to_json(answer.body), answer.status, dict(answer.headers), "application/json")


def etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def check_if_match(given: str | None, version: int) -> None:
    """Raise `PreconditionRequired` without `If-Match`, `PreconditionFailed` where it names another version."""
    if given is None:
        raise PreconditionRequired("Read the record and send its ETag as If-Match.")
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    if f'"{version}"' not in tags:
        raise PreconditionFailed("Read it again; your typing is not lost until you send it.")


IfMatch = Annotated[str | None, Header(alias="If-Match", description="The ETag of the version that you read.")]
Limit = Annotated[Count, Query(ge=1, le=200, description="How many items, 1 to 200.")]
CursorText = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before.")]
