"""Routes that publish the hub's code lists to whoever has a good token."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.referrals.api.access import AnyCaller, Services
from services.referrals.schemas import CodeListOut, CodeListPage, CodeListSummary
from shared.http.answers import CursorText, Limit
from shared.http.limits import Charged
from shared.http.reading import BY_NAME, decode_cursor, encode_cursor
from shared.http.routes import StrictRoute
from shared.problems import NotFound
from shared.settings.codes import CodeList

router = APIRouter(route_class=StrictRoute, tags=["code lists"])


@router.get("/v1/code-lists")
async def list_code_lists(
    _: AnyCaller, resources: Services, limit: Limit = 50, cursor: CursorText = None
) -> CodeListPage:
    """Name the code lists of this hub, by name."""
    after = decode_cursor(cursor, BY_NAME)
    rest = sorted(name for name in resources.hub.code_lists if after is None or name > after[0])
    shown = [resources.hub.code_lists[name] for name in rest[:limit]]
    return CodeListPage(
        items=[CodeListSummary(name=entry.name, title=entry.title) for entry in shown],
        next_cursor=encode_cursor([shown[-1].name]) if len(rest) > limit else None,
    )


async def _known_list(_: AnyCaller, resources: Services, name: str) -> CodeList:
    entry = resources.hub.code_lists.get(name)
    if entry is None:
        raise NotFound
    return entry


@router.get("/v1/code-lists/{name}")
async def get_code_list(entry: Annotated[CodeList, Depends(_known_list)], _: Charged) -> CodeListOut:
    """Read one code list: its codes and what they mean."""
    return CodeListOut(name=entry.name, title=entry.title, pattern=entry.pattern, items=entry.items)
