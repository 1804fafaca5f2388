"""Partners are asked about children, and answer, refuse or keep silent; each is a fact of the case."""

from collections.abc import Iterator, Mapping
from typing import cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.actions.clocks import end_clocks, start_clock
from services.triage.actions.desk import TRIAGE, Desk, extend_lease, note, tell
from services.triage.actions.new_information import add_new_information
from services.triage.clocks import ClockKind
from services.triage.domain import (
    ANSWERABLE,
    AgencyAlreadyAsked,
    CaseAlreadyDecided,
    CaseStatus,
    CountersignatureAwaited,
    DetailsPending,
    InformationAlreadyGiven,
    InformationRequestClosed,
    NewInformationKind,
    RequestState,
    request_errors,
)
from services.triage.domain.staff import who_is_meant
from services.triage.models import Case, InformationRequest, InformationResponse
from services.triage.queries.cases import open_details
from services.triage.queries.information import REQUESTS, RESPONSES, is_waited_for
from services.triage.schemas import InformationRequestIn, InformationResponseIn
from shared import clock
from shared.calendar import term_ends_at
from shared.db import new_id
from shared.events import InformationAnswered, InformationFact, InformationRequested
from shared.problems import FieldError, Invalid
from shared.reading import Reading
from shared.security import Caller
from shared.settings.hub import Colour


async def ask_agency(
    session: AsyncSession,
    desk: Desk,
    case: Case,
    caller: Caller,
    asked: InformationRequestIn,
    agencies: Mapping[str, str | None],
) -> InformationRequest:
    """Ask one agency; a claimed case waits with its owner. The caller holds the case's lock.

    `agencies` are those that can answer, with the DfE code of what each refers. Raises `Invalid` for any other.
    """
    children = _children_to_ask_about(desk, case, asked)
    _refuse(*_errors(desk, asked, agencies))
    await _check_not_asked(session, case, asked.agency)
    told = () if await is_waited_for(session, case.id) else (case.agency,)
    now, colour = clock.now(), cast("Colour", case.priority)
    request_id = new_id()
    sealed = {"purpose": asked.purpose, "questions": asked.questions, "source": agencies[asked.agency]}
    request = InformationRequest(
        id=request_id,
        case_id=case.id,
        agency=asked.agency,
        children=children,
        lawful_basis=asked.lawful_basis,
        state=RequestState.ASKED,
        asked_by=caller.subject,
        asked_at=now,
        due_at=asked.due_at or term_ends_at(now, desk.hub.partner_reply[colour], desk.hub),
        details=desk.vault.seal(REQUESTS, request_id, sealed),
    )
    session.add(request)
    if case.status == CaseStatus.CLAIMED:
        case.status, case.lease_until = CaseStatus.WAITING, None
    await start_clock(session, desk, case, ClockKind.INFORMATION_REQUEST, now, request.due_at, about=request_id)
    await _say(session, case, request, InformationRequested, *told)
    await note(session, case, caller, "information.requested")
    return request


def _children_to_ask_about(desk: Desk, case: Case, asked: InformationRequestIn) -> list[int]:
    if case.status == CaseStatus.DECIDED:
        raise CaseAlreadyDecided("Reopen the case to ask about it.")
    if case.status == CaseStatus.AWAITING_COUNTERSIGNATURE:
        raise CountersignatureAwaited("A manager countersigns first, or refuses.")
    referral = open_details(desk.vault, case)
    if referral is None:
        raise DetailsPending("The referral is being fetched. Try again in a moment.")
    count = len(referral["children"])
    children = list(range(count)) if asked.children is None else asked.children
    _refuse(*request_errors(children, count))
    return children


def _errors(desk: Desk, asked: InformationRequestIn, agencies: Mapping[str, str | None]) -> Iterator[FieldError]:
    if asked.agency not in agencies:
        meant = who_is_meant(asked.agency, {slug: slug for slug in agencies})
        yield FieldError("/agency", f"No agency that answers requests is registered under this slug.{meant}")
    if not desk.hub.code_lists["lawful_basis"].takes(asked.lawful_basis):
        yield FieldError("/lawful_basis", "Send a code of the list lawful_basis.")


async def _check_not_asked(session: AsyncSession, case: Case, agency: str) -> None:
    query = select(InformationRequest.id).where(
        InformationRequest.case_id == case.id,
        InformationRequest.agency == agency,
        InformationRequest.state.in_(ANSWERABLE),
    )
    if (await session.scalars(query)).first() is not None:
        raise AgencyAlreadyAsked("Wait for its answer, or ring it.")


async def answer_request(
    session: AsyncSession,
    desk: Desk,
    case: Case,
    request: InformationRequest,
    caller: Caller,
    reading: Reading[InformationResponseIn],
) -> InformationResponse:
    """Keep what the agency says, late or not, and hand it to the case's worker. The caller holds the case's lock."""
    match RequestState(request.state):
        case RequestState.ANSWERED | RequestState.REFUSED:
            raise InformationAlreadyGiven("Ring the front door to add to it.")
        case RequestState.WITHDRAWN:
            raise InformationRequestClosed("Ring the front door if a child may be at risk.")
        case RequestState.ASKED | RequestState.OVERDUE:
            pass
    given = reading.model
    in_time = request.state == RequestState.ASKED
    request.state = RequestState.REFUSED if given.answer is None else RequestState.ANSWERED
    sealed = {"answer": given.answer, "refuse_reason": given.refuse_reason, **reading.unclear()}
    response = InformationResponse(
        request_id=request.id,
        responded_by=caller.subject,
        responded_at=clock.now(),
        may_share_with=given.may_share_with,
        details=desk.vault.seal(RESPONSES, request.id, sealed),
    )
    session.add(response)
    await end_clocks(session, case, ClockKind.INFORMATION_REQUEST, about=request.id)
    waits = await _go_on(session, case)
    told = (case.agency,) if in_time and not waits else ()
    await _say(session, case, request, InformationAnswered, *told, waits=waits)
    await note(session, case, caller, f"information.{request.state}")
    await add_new_information(session, desk, case, NewInformationKind.RESPONSE, details={"request_id": str(request.id)})
    return response


async def let_request_lapse(session: AsyncSession, case: Case, request: InformationRequest) -> bool:
    """Take silence past its time as a fact; returns whether triage waits for another's answer.

    The caller holds the case's lock and says it.
    """
    if request.state == RequestState.ASKED:
        request.state = RequestState.OVERDUE
    return await _go_on(session, case)


async def withdraw_requests(session: AsyncSession, case: Case) -> None:
    """Close what was asked about a case that is decided; whoever was asked no longer sees whom it is about."""
    query = select(InformationRequest).where(
        InformationRequest.case_id == case.id, InformationRequest.state.in_(ANSWERABLE)
    )
    for request in (await session.scalars(query)).all():
        request.state = RequestState.WITHDRAWN
        await end_clocks(session, case, ClockKind.INFORMATION_REQUEST, about=request.id)
        await note(session, case, TRIAGE, "information.withdrawn")


async def _go_on(session: AsyncSession, case: Case) -> bool:
    """Tell whether the case still waits for somebody; if not it is its owner's again, who has 15 minutes anew."""
    waits = await is_waited_for(session, case.id)
    if not waits and case.status == CaseStatus.WAITING:
        case.status = CaseStatus.CLAIMED
        await extend_lease(session, case)
    return waits


async def _say(
    session: AsyncSession, case: Case, request: InformationRequest, fact: type[InformationFact], *others: str,
    **said: bool,
) -> None:  # fmt: skip
    url = f"/v1/information-requests/{request.id}"
    audience = dict.fromkeys((request.agency, *others))
    await tell(session, case, fact, url, *audience, request_id=request.id, asked=request.agency, **said)


def _refuse(*errors: FieldError) -> None:
    if errors:
        raise Invalid("Correct the fields named.", errors=errors)
