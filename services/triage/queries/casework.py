"""What was done on a case beside deciding, with what is sealed opened for those who work on it."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.models import Acknowledgement, NewInformation, Note, ParallelRoute
from services.triage.queries.records import records_of
from services.triage.schemas import AcknowledgementOut, NewInformationOut, NoteOut, ParallelRouteOut
from shared.problems import NotFound
from shared.vault import Vault

P = TypeVar("P", ParallelRoute, NewInformation)


async def casework_of(session: AsyncSession, vault: Vault, case_id: UUID) -> Mapping[str, Any]:
    """Return notes, acknowledgements, parallel routes and new information of a case, each list oldest first."""

    async def rows_of(model: Any) -> Sequence[Any]:
        return await records_of(session, model, case_id, "id")

    return {
        "notes": [NoteOut(**_plain(NoteOut, row), **_opened(vault, row)) for row in await rows_of(Note)],
        "acknowledgements": [
            AcknowledgementOut(**_plain(AcknowledgementOut, row)) for row in await rows_of(Acknowledgement)
        ],
        "parallel_routes": [
            ParallelRouteOut(**_plain(ParallelRouteOut, row), **{"result": None, **_opened(vault, row)})
            for row in await rows_of(ParallelRoute)
        ],
        "new_information": [
            NewInformationOut(**_plain(NewInformationOut, row), content=_opened(vault, row) if row.details else None)
            for row in await rows_of(NewInformation)
        ],
    }


def _plain(model: type[BaseModel], row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in model.model_fields if hasattr(row, name)}


def _opened(vault: Vault, row: Any) -> Any:
    return vault.open(row.__tablename__, row.id, row.details)


async def part_of_case(session: AsyncSession, kind: type[P], case_id: UUID, part_id: UUID) -> P:
    """Return a part of the case by its id; raises NotFound where it is another case's."""
    part = await session.get(kind, part_id)
    if part is None or part.case_id != case_id:
        raise NotFound
    return part
