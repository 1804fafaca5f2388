"""The way to PostgreSQL: one engine a service, and the one place where a transaction commits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import (
    DateTime,
    Insert,
    LargeBinary,
    MetaData,
    Text,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncAttrs,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.schema import CallableColumnDefault
from sqlalchemy.types import UserDefinedType
from uuid_utils.compat import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

COMMAND_SECONDS = 30
NO_LIMITS: Mapping[str, str] = MappingProxyType({})
REQUEST_LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "idle_in_transaction_session_timeout": "15s",
        "lock_timeout": "10s",
        "statement_timeout": f"{COMMAND_SECONDS}s",
    }
)
"""A request that is stuck gives its connection back by itself: PostgreSQL ends it, and the caller is answered 503."""

EMITTED = "emitted"
CHANGED = "changed"
GATHERED = "gathered"

JSON_OR_NULL = JSONB(none_as_null=True)
"""None is SQL's NULL: a JSON `null` would pass NOT NULL, and `IS NULL` would not find it."""

Rows = Sequence[Mapping[str, Any]]

shared_metadata = MetaData(naming_convention=NAMING)
"""The tables that every service has: outbox, inbox, dead letters, stored answers, audit."""


class Model(AsyncAttrs, DeclarativeBase):
    """What a service's own `Base` derives from; it brings its own `metadata = new_metadata()`."""

    __abstract__ = True
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        bytes: LargeBinary,
        dict[str, Any]: JSON_OR_NULL,
        list[Any]: JSON_OR_NULL,
    }


class XID8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class PgSnapshot(UserDefinedType[str]):
    """PostgreSQL's `pg_snapshot`, carried as its text `xmin:xmax:in-progress`."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "pg_snapshot"


# PostgreSQL error classes that pass: connection, rollback to retry, resources, lock, operator intervention.
PASSING_SQLSTATES = frozenset({"08", "40", "53", "55", "57"})


def is_away(error: BaseException) -> bool:
    """Tell whether an error says that the database is away or busy, so that the same attempt may work later."""
    if isinstance(error, (OperationalError, PoolTimeoutError, OSError, TimeoutError)):
        return True
    if not isinstance(error, DBAPIError):
        return False
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or sqlstate[:2] in PASSING_SQLSTATES


def new_metadata() -> MetaData:
    return MetaData(naming_convention=NAMING)


def new_id() -> UUID:
    """Return a UUIDv7: unique, and in rough order of making, which keeps indexes tight."""
    return uuid7()


def first_id(at: datetime) -> UUID:
    """Return the least UUIDv7 of a moment: ids grow with time, and so their index finds rows by it."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)


@dataclass
class Database:
    """One service's database: its engine, its sessions, who wants to hear of new outbox rows, and who of changes."""

    engine: AsyncEngine
    sessions: async_sessionmaker[AsyncSession]
    listeners: set[asyncio.Event] = field(default_factory=set)
    watchers: set[asyncio.Event] = field(default_factory=set)

    def wake(self) -> None:
        """Let readers of the outbox in this process know that a transaction with new rows is committed."""
        for listener in self.listeners:
            listener.set()

    async def close(self) -> None:
        await self.engine.dispose()


def _json(value: Any) -> str:
    return to_json(value, inf_nan_mode="constants").decode()


def open_database(
    url: str, *, pool_size: int = 8, overflow: int = 4, limits: Mapping[str, str] = NO_LIMITS
) -> Database:
    """Return a `Database` for `url` (`postgresql+asyncpg://…`); nothing is connected yet.

    `limits` are settings of PostgreSQL that its connections have.
    """
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=overflow,
        pool_timeout=5,
        pool_pre_ping=False,
        json_serializer=_json,
        json_deserializer=from_json,
        connect_args={"timeout": 5, "command_timeout": COMMAND_SECONDS, "server_settings": dict(limits)},
    )
    return Database(engine, async_sessionmaker(engine, expire_on_commit=False))


def open_pools(url: str) -> tuple[Database, Database]:
    """Return the same database twice: for requests, at most 12 connections, and for what no request starts, at most 10.

    So however many callers come, events are taken, clocks step and pages are sent. What one commits wakes who waits on
    the other.
    """
    requests = open_database(url, limits=REQUEST_LIMITS)
    work = open_database(url, overflow=2)
    return requests, replace(work, listeners=requests.listeners, watchers=requests.watchers)


@asynccontextmanager
async def transaction(db: Database) -> AsyncIterator[AsyncSession]:
    """Yield a session whose work is committed when the block ends, and rolled back when it raises.

    Whoever in this process waits for outbox rows or for changes is woken after the commit, never inside it.
    """
    async with db.sessions() as session:
        async with session.begin():
            yield session
        if session.info.pop(EMITTED, False):
            db.wake()
        if session.info.pop(CHANGED, False):
            for watcher in db.watchers:
                watcher.set()


async def insert_rows(session: AsyncSession, statement: Insert, rows: Rows) -> None:
    """Insert these rows: now, or where the caller's are gathered, at the end and together with all of this statement.

    `statement` is a module's own, so that what is gathered can be told apart by it; its rows name the same columns.
    """
    waiting = session.info.get(GATHERED)
    if waiting is not None:
        waiting.setdefault(statement, []).extend(rows)
    elif rows:
        named = tuple(rows[0])
        made, whole = _set_based(statement, named)
        columns = {name: [row[name] for row in rows] for name in named}
        columns |= {name: [make(None) for _ in rows] for name, make in made.items()}
        await session.execute(whole, columns)


@cache
def _set_based(statement: Insert, named: tuple[str, ...]) -> tuple[Mapping[str, Callable[[Any], Any]], Insert]:
    """Return the columns that are made here for each row, and the insert of any number of rows from an array a column.

    PostgreSQL takes a batch of parameters row by row, at several times the cost.
    """
    table = statement.table
    made = {
        own.name: own.default.arg
        for own in table.columns
        if own.name not in named and isinstance(own.default, CallableColumnDefault)
    }
    filled = [table.columns[name] for name in (*named, *made)]
    arrays = [bindparam(own.name, type_=ARRAY(own.type, dimensions=1)) for own in filled]
    rows = func.unnest(*arrays).table_valued(*(column(own.name, own.type) for own in filled))
    return made, statement.from_select(
        [own.name for own in filled], select(rows.render_derived()), include_defaults=False
    )


@asynccontextmanager
async def gathered(session: AsyncSession) -> AsyncIterator[None]:
    """Hold back what `insert_rows` is given until the block ends: one round trip a table, however large the batch.

    Tables are filled in the order in which they were first named. Nothing is written where the block raises.
    """
    waiting: dict[Insert, list[Mapping[str, Any]]] = {}
    session.info[GATHERED] = waiting
    try:
        yield
    finally:
        del session.info[GATHERED]
    for statement, rows in waiting.items():
        await insert_rows(session, statement, rows)


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[None]:
    """Undo what the block did where it raises, what it gave `insert_rows` to hold back included; the rest stands."""
    waiting: dict[Insert, list[Mapping[str, Any]]] = session.info.get(GATHERED, {})
    before = {statement: len(rows) for statement, rows in waiting.items()}
    try:
        async with session.begin_nested():
            yield
    except BaseException:
        for statement, rows in waiting.items():
            del rows[before.get(statement, 0) :]
        raise
