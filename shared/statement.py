"""One statement that is a whole transaction: a single round trip, begun and committed by PostgreSQL itself.

For the hottest path of the API alone; what takes more than a statement goes through `shared.db.transaction`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asyncpg import IntegrityConstraintViolationError, InterfaceError, PostgresError
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from shared.db import Database

_dialect = dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Alone:
    """A statement as the driver takes it, with the names of its parameters in their order."""

    sql: str
    names: tuple[str, ...]


def alone(statement: Executable) -> Alone:
    """Compile a statement for `run_alone`; values go to the driver as they are, so JSON as text."""
    compiled = statement.compile(dialect=_dialect)  # type: ignore[attr-defined]
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what a statement compiles to
    return Alone(str(compiled), tuple(compiled.positiontup or ()))


async def run_alone(db: Database, statement: Alone, values: Mapping[str, Any]) -> Any:
    """Run the statement and return the first column of its first row once it is committed.

    Raises `DBAPIError` as a session would, so that `is_away` tells what passes.
    """
    async with db.engine.connect() as lent:
        driver = await _driver(lent)
        if driver.is_closed():
            await lent.invalidate()
            driver = await _driver(lent)
        try:
            return await driver.fetchval(statement.sql, *(values[name] for name in statement.names))
        except IntegrityConstraintViolationError as error:
            raise IntegrityError(None, None, error) from error
        except (PostgresError, InterfaceError) as error:
            raise DBAPIError(None, None, error, connection_invalidated=driver.is_closed()) from error
        finally:
            if driver.is_closed():
                await lent.invalidate()


async def _driver(lent: AsyncConnection) -> Any:
    return (await lent.get_raw_connection()).driver_connection
