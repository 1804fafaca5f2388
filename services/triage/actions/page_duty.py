"""Pages of the line of duty: claimed under a lease, recorded when sent, tried again until somebody acknowledges."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.clocks import ClockKind
from services.triage.models import Case, Clock, Page
from shared import clock
from shared.inbox import dead_letters
from shared.settings.hub import Hub

LEASE = timedelta(seconds=60)
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300))
"""How long after each attempt the next is made; the last of them from then on."""
PAGES_AT_ONCE = 20

_unacknowledged = (
    select(Clock.id)
    .where(Clock.case_id == Page.case_id, Clock.kind == ClockKind.ACKNOWLEDGEMENT, Clock.ended_at.is_(None))
    .exists()
)
_is_dead = select(dead_letters.c.id).where(dead_letters.c.id == Page.letter_id, dead_letters.c.state == "dead").exists()
_due = (
    select(Page, Case.reference, or_(_unacknowledged, _is_dead))
    .join(Case, Case.id == Page.case_id, isouter=True)
    .where(Page.next_at <= func.statement_timestamp())
    .order_by(Page.next_at)
    .limit(PAGES_AT_ONCE)
    .with_for_update(of=Page, skip_locked=True)
)


_page_of_letter = insert(Page)
_page_again = _page_of_letter.on_conflict_do_update(
    index_elements=["letter_id"], set_={"next_at": _page_of_letter.excluded.next_at, "sent_at": None}
)


async def page_for_letter(session: AsyncSession, letter_id: UUID) -> None:
    """Call the line of duty at once: a submitted referral is a dead letter, and nobody would see the child."""
    await session.execute(_page_again, {"letter_id": letter_id, "line": 0, "next_at": clock.now()})


@dataclass(frozen=True)
class Call:
    """A page in one worker's hands; `attempts` counts this one, and is its token. A dead letter has no case."""

    page_id: UUID
    case_id: UUID | None
    reference: str | None
    to: str
    attempts: int


async def claim_pages(session: AsyncSession, hub: Hub) -> list[Call]:
    """Return the pages that are due, each leased to the caller.

    One whose case is acknowledged by now, or whose dead letter was seen to, is dropped.
    """
    calls = []
    for page, reference, waiting in (await session.execute(_due)).all():
        if not waiting:
            page.next_at = None
            continue
        page.attempts += 1
        page.next_at = func.clock_timestamp() + LEASE
        duty = hub.clocks.duty[min(page.line, len(hub.clocks.duty) - 1)]
        calls.append(Call(page.id, page.case_id, reference, duty.email, page.attempts))
    return calls


async def record_sent(session: AsyncSession, call: Call) -> None:
    await _record(session, call, sent_at=func.clock_timestamp(), next_at=None)


async def try_later(session: AsyncSession, call: Call) -> None:
    pause = PAUSES[min(call.attempts, len(PAUSES)) - 1]
    await _record(session, call, next_at=func.clock_timestamp() + pause)


async def give_up(session: AsyncSession, call: Call) -> None:
    """Keep the page as one that was not sent."""
    await _record(session, call, next_at=None)


async def _record(session: AsyncSession, call: Call, **values: object) -> None:
    """Write these values unless the lease has passed to somebody else."""
    held = Page.id == call.page_id, Page.attempts == call.attempts
    await session.execute(update(Page).where(*held).values(**values))


def text_of(call: Call, base_url: str) -> str:
    """Return what is sent: the same words for each case, its reference and a link; or that a referral has none."""
    if call.case_id is None:
        return f"A referral has no case: it is a dead letter at the front door, {base_url}. Please see its runbook."
    return f"Please look at {call.reference} at the front door: {base_url}/desk/cases/{call.case_id}"
