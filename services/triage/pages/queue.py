"""The queue: a screener's own work first, due first, filtered by the URL."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, field_validator

from services.triage.actions.claim_case import claim_next_case
from services.triage.actions.desk import Desk
from services.triage.actions.sessions import remember_queue
from services.triage.pages.form import Form
from services.triage.pages.page import Page, PageRoute, form_for, go, page_for
from services.triage.queries.cases import Due, Filter, Queue
from services.triage.queries.queue import Row, due_group, read_queue
from services.triage.queries.staff import colleagues
from shared import clock
from shared.allowances import Allowance
from shared.audit import record_access
from shared.db import transaction
from shared.http.reading import BY_TIME, decode_cursor, encode_cursor
from shared.security import CASE_ROLES, Role

PURPOSE = "queue"
ROWS = 100
QUEUES = (Queue.MINE, Queue.UNASSIGNED, Queue.ALL, Queue.NEW_INFORMATION, Queue.ROUTED, Queue.DECIDED)

FILTERS = ("level", "priority", "council", "due")

router = APIRouter(route_class=PageRoute, include_in_schema=False)
StaffPage = Annotated[Page, page_for(CASE_ROLES)]
ClaimForm = Annotated[Form, form_for(CASE_ROLES, allowance=Allowance.CLAIMS)]


class Asked(BaseModel):
    """What the queue is narrowed to, as the URL says it; an empty field narrows nothing."""

    queue: Queue = Queue.MINE
    level: int | None = Field(None, ge=1, le=4)
    priority: str | None = Field(None, pattern="^(blue|green|amber|red)$")
    council: str | None = Field(None, pattern="^[EWSN][0-9]{8}$")
    due: Due | None = None
    cursor: str | None = Field(None, max_length=512)
    none_left: bool = False

    @field_validator(*FILTERS, mode="before")
    @classmethod
    def _any(cls, value: Any) -> Any:
        return None if value == "" else value

    @property
    def filtered(self) -> bool:
        return any(getattr(self, name) is not None for name in FILTERS)

    def url(self, **changed: Any) -> str:
        """Return the address of this queue with something changed, from its first page."""
        said = self.model_dump(mode="json", exclude={"cursor", "none_left"}, exclude_none=True) | changed
        return f"/desk?{urlencode({name: value for name, value in said.items() if value is not None})}"


@router.get("/desk")
async def get_queue(page: StaffPage, asked: Annotated[Asked, Query()]) -> Response:
    """Show the queue; who its children are is audited before the page leaves.

    Without a query it leads to the queue that the session looked at last: the way back from a case loses no filter.
    """
    remembered = page.signed_in.queue_asked
    if not page.request.url.query:
        return go(remembered or asked.url())
    version = page.request.state.triage_changes.version
    now = clock.now()
    wanted = _filter(page, asked, now)
    today = now.astimezone(page.desk.hub.time_zone).date()
    async with transaction(page.db) as session:
        found = await read_queue(session, page.desk.vault, wanted, ROWS, decode_cursor(asked.cursor, BY_TIME), today)
        await record_access(session, page.caller, "case.listed", "case", found.named, purpose=PURPOSE)
        if asked.url() != remembered and not asked.none_left:
            await remember_queue(session, page.secret, asked.url())
        hands_over = Role.MANAGER in page.caller.roles and asked.queue not in (Queue.ROUTED, Queue.DECIDED)
        team = await colleagues(session) if hands_over else []
    more = encode_cursor([found.next_place[0].isoformat(), found.next_place[1]]) if found.next_place else None
    return page.show(
        "queue.html",
        asked=asked,
        queues=QUEUES,
        groups=_groups(found.rows, asked, now, wanted.today_ends_at),
        count=len(found.rows),
        more=asked.url(cursor=more) if more else None,
        now=now,
        version=version,
        team=[(member.subject, member.name) for member in team],
    )


def _filter(page: Page, asked: Asked, now: datetime) -> Filter:
    return Filter(
        owner=page.caller.subject,
        today_ends_at=today_ends_at(page.desk, now),
        **asked.model_dump(include={"queue", *FILTERS}),
    )


def today_ends_at(desk: Desk, now: datetime) -> datetime:
    tomorrow = now.astimezone(desk.hub.time_zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), desk.hub.time_zone).astimezone(UTC)


def _groups(rows: Sequence[Row], asked: Asked, now: datetime, tonight: datetime) -> list[tuple[str, list[Row]]]:
    if asked.queue is Queue.DECIDED:
        return [("decided", list(rows))] if rows else []
    return [(name, list(cases)) for name, cases in groupby(rows, lambda row: due_group(row.case.due_at, now, tonight))]


@router.post("/desk/next")
async def post_next(page: StaffPage, form: ClaimForm) -> Response:
    """Claim the most urgent case that nobody has, and open it."""
    del form
    async with transaction(page.db) as session:
        case = await claim_next_case(session, page.desk, page.caller)
    return go("/desk?queue=mine&none_left=true" if case is None else f"/desk/cases/{case.id}?done=claim")
