"""Threshold checks: what the policy says of a document or of facts alone. No case is read and nothing is kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import History, check_coding, council_of, facts_of, highest
from services.triage.models import HelpService
from services.triage.queries.directory import load_directory, placed_postcodes
from services.triage.routing import Seeker, choose, seeker_of
from services.triage.schemas import CheckOut, FactsSeen, FactsTried, LocalHelp, QuestionOut, ReferralSeen, WarningOut
from services.triage.thresholds import NARRATIVE_NOT_CODED, Policy, assess, wrong_facts
from services.triage.thresholds.vocabulary import NARRATIVE_CODED, NOT_UNDERSTOOD
from shared import clock
from shared.calendar import is_open
from shared.db import new_id, savepoint
from shared.http.lenient import Document
from shared.http.validation import validated
from shared.not_understood import outside, pointer_of
from shared.problems import FieldError, Invalid
from shared.reading import Reading, StandIns, read_leniently
from shared.settings.hub import Hub
from shared.telemetry import log, where_raised

LEAST_HELP, MOST_HELP = 2, 3
"""Levels between which the directory has services; above, social care answers."""

NOTE = "This is what the threshold document says of what you sent. It decides nothing, and nobody has seen it."
UNCODED = "What you wrote was not read: only indicators count here, and none of concern was named."
HELP_NOT_KNOWN = "Services near the family could not be looked up just now."
DANGER = "If a child may be in danger now, call {phone}."
LAST = "Still worried? Refer, or call {who}: {phone}."

Receipt = Mapping[str, Any]

STAND_INS: StandIns = {
    "": lambda _: {"children": [{}], "concern": {"immediate_danger": "not_known"}},
    "/children": lambda _: [{}],
    "/children/*": lambda _: {},
    "/household/*": lambda _: {},
    "/concern": lambda _: {"immediate_danger": "not_known"},
    "/concern/immediate_danger": lambda _: "not_known",
}
FACTS_STAND_INS: StandIns = {"": lambda _: {"facts": {}}, "/facts": lambda _: {}}
"""What stands where something was not understood: nothing is known of it."""


async def check_referral(
    session: AsyncSession, policy: Policy, hub: Hub, content: Any, *, lenient: bool = False
) -> CheckOut:
    """Check every child of a document; raises `Invalid` for what does not fit, unless it is read leniently."""
    document = _read(policy, content, lenient=lenient).document()
    children = range(len(document["children"]))
    at = clock.now()
    receipts = [_receipt(policy, facts_of(document, child, at, History())) for child in children]
    return await _told(session, hub, receipts, document, document)


async def check_facts(session: AsyncSession, policy: Policy, hub: Hub, body: Document) -> CheckOut:
    """Check the facts of one child; raises `Invalid` for what does not fit, unless lenient reading is preferred."""
    reading = _read_facts(policy, body)
    seen, unclear = reading.model, {NOT_UNDERSTOOD: True} if reading.not_understood else {}
    document = {"children": [{"address": {"postcode": seen.postcode}}]}
    receipt = _receipt(policy, {NARRATIVE_CODED: True, **seen.facts, **unclear})
    return await _told(session, hub, [receipt], document, reading.document())


def try_facts(policy: Policy, tried: FactsTried) -> Receipt:
    """Return the whole receipt of a child of whom just this is known, its narrative taken as coded; raises `Invalid`.

    What triage derives of a referral, such as what comes together in the household, is derived here too.
    """
    indicators = [one.model_dump(mode="json", exclude_none=True) for one in tried.indicators]
    check_coding(policy.vocabulary, indicators, tried.facts, children=1)
    document = {"children": [{}], "concern": {"immediate_danger": "not_known", "indicators": indicators}}
    history = History(narrative_coded=True, coded_facts=tried.facts)
    return _receipt(policy, facts_of(document, 0, clock.now(), history))


def _receipt(policy: Policy, facts: Mapping[str, Any]) -> Receipt:
    return assess(policy, facts).model_dump(mode="json")


def _read(policy: Policy, content: Any, *, lenient: bool) -> Reading[ReferralSeen]:
    def wrong_indicators(document: Mapping[str, Any]) -> Iterable[FieldError]:
        indicators = document["concern"].get("indicators") or ()
        try:
            check_coding(policy.vocabulary, indicators, {}, children=len(document["children"]))
        except Invalid as wrong:
            return tuple(FieldError(f"/concern{error.pointer}", error.detail) for error in wrong.errors)
        return ()

    if lenient:
        return read_leniently(ReferralSeen, content, {}, STAND_INS, wrong_indicators)
    seen = validated(ReferralSeen, content)
    if errors := wrong_indicators(seen.model_dump(mode="json")):
        raise Invalid("Correct the fields named.", errors=tuple(errors))
    return Reading(seen)


def _read_facts(policy: Policy, body: Document) -> Reading[FactsSeen]:
    vocabulary = policy.vocabulary

    def wrong(document: Mapping[str, Any]) -> Iterable[FieldError]:
        found = wrong_facts(vocabulary, document["facts"])
        return [FieldError(pointer_of(("facts", name)), advice) for name, advice in found.items()]

    if body.preferred:
        return read_leniently(FactsSeen, body.content, {}, FACTS_STAND_INS, wrong)
    seen = validated(FactsSeen, body.content)
    if errors := wrong({"facts": seen.facts}):
        known = {pointer_of(("facts", name)) for name in vocabulary.facts}
        places = {error.pointer if error.pointer in known else "/facts": error.detail for error in errors}
        raise Invalid("Correct the fields named.", errors=tuple(FieldError(*place) for place in places.items()))
    return Reading(seen)


async def _told(
    session: AsyncSession,
    hub: Hub,
    receipts: Sequence[Receipt],
    children: Mapping[str, Any],
    document: Mapping[str, Any],
) -> CheckOut:
    top = highest(receipts)
    help_near = await _attempt_help(session, hub, receipts, children)
    return CheckOut(
        check_id=new_id(),
        level=top["level"],
        route=top["route"],
        reasons=_once(fired["reason"] for receipt in receipts for fired in receipt["fired"]),
        questions=[
            QuestionOut(fact=fact, ask=ask)
            for fact, ask in {
                one["fact"]: one["ask"] for receipt in receipts for one in receipt["missing_that_matters"]
            }.items()
        ],
        local_help=help_near or [],
        note=_note(hub, receipts, help_known=help_near is not None),
        warnings=[
            WarningOut(pointer=outside(one["pointer"]), detail=one["detail"])
            for one in document.get("not_understood", ())
        ],
    )


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _note(hub: Hub, receipts: Sequence[Receipt], *, help_known: bool) -> str:
    reviews = {review for receipt in receipts for review in receipt["review_required"]}
    dangers = [receipt["facts"].get("immediate_danger") is not False for receipt in receipts]
    now = clock.now()
    phone = hub.phones.in_hours if is_open(now, hub) else hub.phones.out_of_hours
    return " ".join(
        [
            NOTE,
            *([UNCODED] if NARRATIVE_NOT_CODED in reviews else []),
            *([] if help_known else [HELP_NOT_KNOWN]),
            *([DANGER.format(phone=hub.phones.emergency.phone)] if any(dangers) else []),
            LAST.format(who=phone.who, phone=phone.phone),
        ]
    )


async def _attempt_help(
    session: AsyncSession, hub: Hub, receipts: Sequence[Receipt], children: Mapping[str, Any]
) -> list[LocalHelp] | None:
    """Return the services for these children, None where they can't be looked up: the level is told all the same."""
    try:
        async with savepoint(session):
            placed = await placed_postcodes(session, [children])
            councils = [council_of(children, child, hub.districts, placed) for child in range(len(receipts))]
            seekers = [seeker_of(children, child, council, receipts[child]) for child, council in enumerate(councils)]
            return await _local_help(session, seekers)
    except Exception as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        log.error("local help not found", error=type(error).__name__, where=where_raised(error))
        return None


async def _local_help(session: AsyncSession, seekers: Sequence[Seeker]) -> list[LocalHelp]:
    """Return the services for these children, full ones too: who asks early finds a place."""
    directory, _ = await load_directory(session)
    looked_for = [
        replace(seeker, level=max(LEAST_HELP, seeker.level), agreed=True)
        for seeker in seekers
        if seeker.level <= MOST_HELP
    ]
    slugs = _once(
        one.service for choice in choose(directory, looked_for) for one in choice.considered if one.fits
    )  # fmt: skip
    rows = await session.execute(select(HelpService.slug, HelpService.listing).where(HelpService.slug.in_(slugs)))
    listings = {row.slug: row.listing for row in rows}
    return [_public(listings[slug]) for slug in slugs]


def _public(listing: Mapping[str, Any]) -> LocalHelp:
    phones = [phone["number"] for phone in listing.get("phones") or () if phone.get("number")]
    plain = {name: listing.get(name) for name in ("id", "name", "description", "url", "email")}
    return LocalHelp.model_validate({**plain, "phones": phones})
