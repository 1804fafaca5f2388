"""HTTP as every service speaks it: strict JSON, problems that never echo, the answer after the commit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Response
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from shared.db import Database
from shared.http.answers import Answer, OnceBody, answer_once
from shared.http.service import Resources, new_application, resources_of, session_of
from shared.http.strict import parse_json
from shared.problems import BadRequest, NotFound
from shared.security import Caller, allow
from shared.settings.hub import Hub
from shared.vault import Vault
from tests.conftest import OpenDatabase, owner_url
from tests.fakes import as_partner, serving, verifier

WRITER = as_partner("a-school", "write")
VAULT = Vault(b"v" * 32, b"i" * 32)


def router_of(db: Database, hub: Hub) -> APIRouter:
    """Serve one route, which adds a row for each time that it is carried out."""

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"test": Resources(db, VAULT, hub, db)}

    router = APIRouter(lifespan=lifespan)

    @router.post("/records")
    async def post_record(
        caller: Annotated[Caller, allow(scope="write")],
        resources: Annotated[Resources, resources_of("test")],
        once: OnceBody,
        session: Annotated[AsyncSession, session_of("test")],
    ) -> Response:
        async def make() -> Answer:
            if once.document.get("refuse"):
                raise NotFound
            await session.execute(text("INSERT INTO records DEFAULT VALUES"))
            return Answer(201, {"made": once.document["name"]}, {"Location": "/records/1"})

        return await answer_once(session, resources.vault, caller, once, make)

    return router


@pytest.fixture
async def db(open_service: OpenDatabase, server: str) -> Database:
    """Give a database with a table `records`."""
    opened = await open_service("shared")
    await as_owner(
        server,
        opened,
        "CREATE TABLE records (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
        "GRANT ALL ON records TO shared_app",
    )
    return opened


async def as_owner(server: str, db: Database, *statements: str) -> None:
    owner = create_async_engine(owner_url(server, db))
    async with owner.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await owner.dispose()


@pytest.fixture
async def http(db: Database, hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(new_application("Test", "1", verifier(), router_of(db, hub))) as client:
        yield client


async def records(db: Database) -> int:
    async with db.engine.connect() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM records")) or 0)


async def post(http: httpx.AsyncClient, key: str, body: Any) -> httpx.Response:
    return await http.post("/records", json=body, headers={**WRITER, "Idempotency-Key": key})


async def test_a_replay_gives_the_first_answer(http: httpx.AsyncClient, db: Database) -> None:
    """Status, body and Location come again, and the record is made once."""
    first, again = [await post(http, "k", {"name": "Quillfeather"}) for _ in range(2)]
    assert (again.status_code, again.json(), again.headers["Location"]) == (201, first.json(), "/records/1")
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert await records(db) == 1


async def test_a_stored_answer_is_sealed(http: httpx.AsyncClient, db: Database) -> None:
    """The table of answers shows no name."""
    await post(http, "k", {"name": "Quillfeather"})
    async with db.engine.connect() as connection:
        stored = (
            await connection.execute(text("SELECT encode(answer, 'escape') FROM idempotent_answers"))
        ).scalar_one()
    assert "Quillfeather" not in stored


async def test_a_refused_request_leaves_its_key_free(http: httpx.AsyncClient, db: Database) -> None:
    """What was put right may be sent under the same key."""
    assert (await post(http, "k", {"refuse": True})).status_code == 404
    assert (await post(http, "k", {"name": "x"})).status_code == 201
    assert await records(db) == 1


async def test_a_commit_that_fails_is_never_a_success(http: httpx.AsyncClient, db: Database, server: str) -> None:
    """The response leaves after the commit: where the server goes away in it the answer is 503."""
    await as_owner(
        server,
        db,
        """
        CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'
        """,
        """
        CREATE CONSTRAINT TRIGGER leaves AFTER INSERT ON records DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION leave()
        """,
    )
    reply = await post(http, "k", {"name": "x"})
    assert (reply.status_code, reply.json()["type"]) == (503, "/problems#unavailable")
    assert int(reply.headers["Retry-After"]) > 0
    assert await records(db) == 0


@pytest.mark.parametrize("key", [None, "", "x" * 256])
async def test_a_key_is_asked_for(http: httpx.AsyncClient, key: str | None) -> None:
    """Without a good Idempotency-Key nothing is recorded."""
    headers = WRITER if key is None else {**WRITER, "Idempotency-Key": key}
    assert (await http.post("/records", json={"name": "x"}, headers=headers)).status_code == 400


async def test_a_correlation_id_is_taken_or_made(http: httpx.AsyncClient) -> None:
    """A good one comes back; a bad one is replaced, never echoed."""
    given_one = await http.get("/nothing", headers={"X-Correlation-Id": "partner-7"})
    made = await http.get("/nothing", headers={"X-Correlation-Id": "<script>"})
    assert (given_one.headers["X-Correlation-Id"], given_one.json()["correlation_id"]) == ("partner-7", "partner-7")
    assert "<" not in made.headers["X-Correlation-Id"]
    assert made.headers["X-Correlation-Id"] == made.json()["correlation_id"]


async def test_other_methods_are_problems_too(http: httpx.AsyncClient) -> None:
    """A wrong method is 405 as a problem document."""
    reply = await http.get("/records")
    assert (reply.status_code, reply.headers["content-type"]) == (405, "application/problem+json")


@settings(derandomize=True, max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(body: bytes) -> None:
    """Whatever is sent, the parser answers with a value or a `BadRequest`."""
    try:
        parse_json(body)
    except BadRequest as refused:
        assert refused.detail  # noqa: PT017 - either way is right


@pytest.mark.parametrize(
    "body",
    [
        *(b'{"a":1,"a":2}', b'{"a":1e999}', b'"\\u0000"', b'{"\\u0000":1}', b"9007199254740992", b"[" * 21 + b"]" * 21),
        *(sign + b"9" * digits for sign in (b"", b"-") for digits in (309, 4000, 4300, 4301)),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(body: bytes) -> None:
    """Duplicate keys, overflow, NUL, large integers and depth."""
    with pytest.raises(BadRequest):
        parse_json(body)


@pytest.mark.parametrize("levels", [19, 20, 21])
@pytest.mark.parametrize("leaf", ["", "1", "{}", '{"a": []}'])
def test_depth_counts_what_stands_inside(levels: int, leaf: str) -> None:
    """Twenty levels are taken and the twenty-first is not, whether a list, an object or a plain value."""
    deepest = levels + {"": 0, "1": 1, "{}": 1, '{"a": []}': 2}[leaf]
    body = ("[" * levels + leaf + "]" * levels).encode()
    if deepest <= 20:
        assert parse_json(body)
    else:
        with pytest.raises(BadRequest):
            parse_json(body)


def test_what_is_allowed_is_parsed() -> None:
    """The largest safe integer, twenty levels, any script, and a byte order mark before it."""
    assert parse_json(b"9007199254740991") == 2**53 - 1
    assert parse_json(b'\xef\xbb\xbf{"name": "Robin"}') == {"name": "Robin"}
    assert parse_json(b"[" * 20 + b"]" * 20)
    assert parse_json('{"name": "Łukasz Wójcik 🧒"}'.encode()) == {"name": "Łukasz Wójcik 🧒"}
