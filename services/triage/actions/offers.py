"""The life of an offer of early help: made, accepted, started, declined, bounced, stepped up, closed.

A child whose offer comes to nothing goes to the next service that fits, and where there is none to a person.
"""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.attempt_step import attempt_step
from services.triage.actions.clocks import end_clocks, set_colour_clock, start_clock
from services.triage.actions.desk import TRIAGE, Desk, mark, note, now, put_on_queue, set_priority, tell
from services.triage.actions.notes import write_note
from services.triage.actions.places import find_help, give_back, record_unmet, take_place
from services.triage.actions.reopen_case import reopen_case
from services.triage.clocks import ClockKind
from services.triage.domain import (
    FAMILY_REFUSED,
    LEVEL_OF_HELP,
    OPEN_OFFERS,
    PRIORITIES,
    CaseStatus,
    NoHelpToStepUp,
    OfferStatus,
    Outcome,
    Unfinished,
    check_turn,
    coded_result,
    council_of,
)
from services.triage.models import Case, Child, Clock, Offer
from services.triage.queries.cases import open_details
from services.triage.queries.directory import load_directory, placed_postcodes
from services.triage.routing import Choice, seeker_of
from services.triage.schemas import ReopeningIn
from shared import clock
from shared.calendar import term_ends_at
from shared.db import insert_rows, new_id
from shared.events import (
    EarlyHelpAccepted,
    EarlyHelpBounced,
    EarlyHelpClosed,
    EarlyHelpDeclined,
    EarlyHelpOffered,
    EarlyHelpStarted,
    EarlyHelpSteppedUp,
    OfferFact,
)
from shared.security import Caller

HANDED_ON = "No service of early help could take the child."
NOT_LOOKED_FOR = "The next service of early help could not be looked for."
STEP_UP_LEAST = "amber"

_OFFER = ("id", "case_id", "child", "provider", "service", "band", "status", "considered")
_insert_offer = insert(Offer.metadata.tables[Offer.__tablename__])


async def make_offer(session: AsyncSession, desk: Desk, case: Case, choice: Choice) -> None:
    """Offer the child to the provider of the service that was chosen; the place is taken from now on."""
    if choice.service is None:
        return
    offer = Offer(
        id=new_id(),
        case_id=case.id,
        child=choice.seeker.child,
        provider=choice.service.provider,
        service=choice.service.slug,
        band=choice.band,
        status=OfferStatus.OFFERED,
        considered=[one.as_json() for one in choice.considered],
    )
    await take_place(session, choice)
    await insert_rows(session, _insert_offer, [{name: getattr(offer, name) for name in _OFFER}])
    at = clock.now()
    until = term_ends_at(at, desk.hub.early_help.accept, desk.hub)
    await start_clock(session, desk, case, ClockKind.OFFER, at, until, about=offer.id)
    await _tell(session, case, offer, EarlyHelpOffered)


async def find_services(session: AsyncSession, desk: Desk, case: Case, levels: dict[int, int]) -> tuple[Choice, ...]:
    """Return the services found for these children, each at the level given, passing over those that gave them back.

    Records an unmet need for each child without one.
    """
    referral = open_details(desk.vault, case)
    if referral is None or not levels:
        return ()
    placed = await placed_postcodes(session, [referral])
    tried: dict[int, set[str]] = {}
    for offer in await _offers_of(session, case, OfferStatus.DECLINED, OfferStatus.BOUNCED):
        tried.setdefault(offer.child, set()).add(offer.service)
    children = (await session.scalars(select(Child).where(Child.case_id == case.id).order_by(Child.child))).all()
    seekers = [
        seeker_of(
            referral,
            child.child,
            council_of(referral, child.child, desk.hub.districts, placed),
            {**child.receipt, "level": levels[child.child]},
            tried=frozenset(tried.get(child.child, ())),
        )
        for child in children
        if child.child in levels
    ]
    choices = await find_help(session, seekers)
    await record_unmet(session, case, choices)
    return choices


async def accept_offer(session: AsyncSession, desk: Desk, case: Case, offer: Offer, caller: Caller) -> None:
    """Let the provider take the family on. Help it is only once the family was met, so a clock runs until then."""
    check_turn(offer.status, OfferStatus.ACCEPTED)
    at = await now(session)
    offer.status, offer.accepted_at = OfferStatus.ACCEPTED, at
    await end_clocks(session, case, ClockKind.OFFER, about=offer.id)
    until = term_ends_at(at, desk.hub.early_help.start, desk.hub)
    await start_clock(session, desk, case, ClockKind.OFFER_START, at, until, about=offer.id)
    await _tell(session, case, offer, EarlyHelpAccepted, case.agency)
    await mark(session, case, caller, "early_help.accepted")


async def start_offer(session: AsyncSession, case: Case, offer: Offer, caller: Caller, on: date) -> None:
    """Record the day on which the family was first met."""
    check_turn(offer.status, OfferStatus.STARTED)
    offer.status, offer.started_on = OfferStatus.STARTED, on
    await end_clocks(session, case, ClockKind.OFFER_START, about=offer.id)
    await _tell(session, case, offer, EarlyHelpStarted, case.agency)
    await mark(session, case, caller, "early_help.started")


async def decline_offer(
    session: AsyncSession, desk: Desk, case: Case, offer: Offer, caller: Caller, reason: str
) -> None:  # fmt: skip
    """Let the provider give the child back; a family that refuses is a person's to think about, not the next one's."""
    check_turn(offer.status, OfferStatus.DECLINED)
    await _end(session, desk, case, offer, OfferStatus.DECLINED, reason)
    await _tell(session, case, offer, EarlyHelpDeclined)
    await mark(session, case, caller, "early_help.declined")
    if reason == FAMILY_REFUSED:
        await _hand_to_person(session, desk, case, "The family refused early help.")
    else:
        await _offer_next(session, desk, case, offer)


async def bounce_offer(session: AsyncSession, desk: Desk, clock: Clock, case: Case) -> None:
    """Take an offer back that was not accepted in its time. The caller holds the case's lock."""
    offer = await session.get_one(Offer, clock.about, with_for_update=True, populate_existing=True)
    if offer.status != OfferStatus.OFFERED:
        return
    await _bounce(session, desk, case, offer)
    await _offer_next(session, desk, case, offer)


async def hand_unstarted(session: AsyncSession, desk: Desk, clock: Clock, case: Case) -> None:
    """Bring a case to a person whose accepted help was not started in its time; the provider may still start."""
    offer = await session.get_one(Offer, clock.about)
    if offer.status == OfferStatus.ACCEPTED:
        await _hand_to_person(session, desk, case, "Early help was accepted and not started in its time.")


async def take_back_unstarted(session: AsyncSession, desk: Desk, case: Case) -> None:
    """Take back what was accepted and not started in its time, so that a new decision finds the child another place."""
    late = select(Clock.about).where(
        Clock.case_id == case.id,
        Clock.kind == ClockKind.OFFER_START,
        Clock.ended_at.is_(None),
        Clock.next_at.is_(None),
    )
    ids = set((await session.scalars(late)).all())
    for offer in await _offers_of(session, case, OfferStatus.ACCEPTED):
        if offer.id in ids:
            await _bounce(session, desk, case, offer)


async def _bounce(session: AsyncSession, desk: Desk, case: Case, offer: Offer) -> None:
    await _end(session, desk, case, offer, OfferStatus.BOUNCED, None)
    await _tell(session, case, offer, EarlyHelpBounced)
    await mark(session, case, TRIAGE, "early_help.bounced")


async def step_up_offer(
    session: AsyncSession, desk: Desk, case: Case, offer: Offer, caller: Caller, reason: str
) -> None:  # fmt: skip
    """Bring the case back to social care at once: at least amber, and in nobody's hands unless somebody has it."""
    check_turn(offer.status, OfferStatus.STEPPED_UP)
    await _step_up(session, desk, case, [offer], TRIAGE, reason)
    await note(session, case, caller, "early_help.stepped_up")


async def step_up_case(session: AsyncSession, desk: Desk, case: Case, caller: Caller, given: ReopeningIn) -> None:
    """Take a case out of early help and back to a person, in one step: every offer under way ends as stepped up.

    A route is withdrawn by it, a decision set aside; from then on the policy routes the case no more. The caller holds
    its lock.
    """
    if case.status not in (CaseStatus.ROUTED, CaseStatus.DECIDED):
        raise NoHelpToStepUp("A person has this case already: decide it.")
    offers = await _offers_of(session, case, *OPEN_OFFERS, lock=True)
    if not offers:
        raise NoHelpToStepUp("No offer is under way. A decided case can be reopened.")
    routed = case.status == CaseStatus.ROUTED
    await _step_up(session, desk, case, offers, caller, given.reason)
    # Reopening keeps the reason; a route that is withdrawn has no other place for it.
    await write_note(session, desk, case, caller, "case.stepped_up", given.reason if routed else None)


async def _step_up(
    session: AsyncSession, desk: Desk, case: Case, offers: Sequence[Offer], caller: Caller, reason: str
) -> None:
    for offer in offers:
        await _end(session, desk, case, offer, OfferStatus.STEPPED_UP, reason)
    rises = PRIORITIES.index(case.priority) < PRIORITIES.index(STEP_UP_LEAST)
    if rises:
        set_priority(case, STEP_UP_LEAST)
    if rises and case.status != CaseStatus.DECIDED:
        await set_colour_clock(session, desk, case)
    await _hand_to_person(session, desk, case, reason, caller)
    for offer in offers:
        await _tell(session, case, offer, EarlyHelpSteppedUp)


async def close_offer(session: AsyncSession, desk: Desk, case: Case, offer: Offer, caller: Caller, result: str) -> None:
    """Record how the help ended."""
    check_turn(offer.status, OfferStatus.CLOSED)
    await _end(session, desk, case, offer, OfferStatus.CLOSED, result)
    offer.result = coded_result(result)
    await _tell(session, case, offer, EarlyHelpClosed, case.agency)
    await mark(session, case, caller, "early_help.closed")


async def withdraw_offers(
    session: AsyncSession, desk: Desk, case: Case, children: Collection[int] | None = None
) -> None:
    """Take back what was offered to these children (all if None) and not started; its providers see it no more."""
    for offer in await _offers_of(session, case, OfferStatus.OFFERED, OfferStatus.ACCEPTED):
        if children is None or offer.child in children:
            await _end(session, desk, case, offer, OfferStatus.CLOSED, None)
            await _tell(session, case, offer, EarlyHelpClosed, case.agency)


async def levels_helped(session: AsyncSession, case: Case) -> dict[int, int]:
    """Return the level of the service that each child with an open offer has."""
    open_offers = await _offers_of(session, case, *OPEN_OFFERS)
    directory, _ = await load_directory(session)
    levels = {service.slug: service.level for service in directory}
    return {offer.child: levels[offer.service] for offer in open_offers if offer.service in levels}


async def came_back(session: AsyncSession, case: Case) -> bool:
    """Tell whether an offer of the case came to nothing: from then on a person decides."""
    ended = (OfferStatus.DECLINED, OfferStatus.BOUNCED, OfferStatus.STEPPED_UP)
    return bool(await _offers_of(session, case, *ended))


async def _offers_of(session: AsyncSession, case: Case, *statuses: OfferStatus, lock: bool = False) -> Sequence[Offer]:
    query = select(Offer).where(Offer.case_id == case.id, Offer.status.in_(statuses)).order_by(Offer.child, Offer.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).all()


async def _end(
    session: AsyncSession, desk: Desk, case: Case, offer: Offer, status: OfferStatus, words: str | None
) -> None:
    offer.status, offer.ended_at = status, await now(session)
    if words is not None:
        offer.details = desk.vault.seal(Offer.__tablename__, offer.id, {"reason": words})
    await end_clocks(session, case, ClockKind.OFFER, ClockKind.OFFER_START, about=offer.id)
    await session.flush()
    await give_back(session, offer)


async def _offer_next(session: AsyncSession, desk: Desk, case: Case, offer: Offer) -> None:
    async def offer_next() -> None:
        child = await session.get_one(Child, (case.id, offer.child))
        level = LEVEL_OF_HELP.get(Outcome(child.outcome)) if child.outcome else None
        choices = await find_services(session, desk, case, {offer.child: level or child.receipt["level"]})
        for choice in choices:
            await make_offer(session, desk, case, choice)
        if not any(choice.service for choice in choices):
            await _hand_to_person(session, desk, case, HANDED_ON)

    if not await attempt_step(session, case, Unfinished.ROUTE, offer_next):
        await _hand_to_person(session, desk, case, NOT_LOOKED_FOR)


async def _hand_to_person(session: AsyncSession, desk: Desk, case: Case, reason: str, caller: Caller = TRIAGE) -> None:
    """Put the case where a person looks next; one that somebody has in hand stays there."""
    if case.status == CaseStatus.DECIDED:
        await reopen_case(session, desk, case, caller, reason)
    elif case.status == CaseStatus.ROUTED:
        put_on_queue(case)
        await note(session, case, caller, "case.route_withdrawn")


async def _tell(session: AsyncSession, case: Case, offer: Offer, fact: type[OfferFact], *others: str) -> None:
    url = f"/v1/early-help-offers/{offer.id}"
    await tell(session, case, fact, url, offer.provider, *others, offer_id=offer.id, provider=offer.provider)
