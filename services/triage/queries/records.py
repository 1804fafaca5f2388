"""The records of one case, by statements that are built once: a page about a case reads a dozen tables."""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import Base

M = TypeVar("M", bound=Base)


async def records_of(session: AsyncSession, model: type[M], case_id: UUID, *order: str) -> Sequence[M]:
    """Return the rows of a table with `case_id`, in the order of these columns."""
    found: Sequence[M] = (await session.scalars(_statement(model, order), {"case_id": case_id})).all()
    return found


@cache
def _statement(model: Any, order: tuple[str, ...]) -> Select[Any]:
    return (
        select(model)
        .where(model.case_id == bindparam("case_id"))
        .order_by(*(getattr(model, name) for name in order))
    )  # fmt: skip
