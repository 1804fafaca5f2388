"""Threshold checks: what the policy says of a document or of facts alone. No case is read and nothing is kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.triage.domain import History, check_coding, council_of, facts_of, highest
from services.triage.models import HelpService
from services.triage.queries.directory import load_directory, placed_postcodes
from services.triage.routing import Seeker, choose, seeker_of
from services.triage.schemas import CheckOut, FactsSeen, FactsTried, LocalHelp, QuestionOut, ReferralSeen
from services.triage.thresholds import NARRATIVE_NOT_CODED, Policy, assess, wrong_facts
from services.triage.thresholds.vocabulary import NARRATIVE_CODED
from shared import clock
from shared.calendar import is_open
from shared.db import new_id
from shared.problems import FieldError, Invalid
from shared.settings.hub import Hub

LEAST_HELP, MOST_HELP = 2, 3
"""Levels between which the directory has services; above, social care answers."""

NOTE = "This is what the threshold document says of what you sent. It decides nothing, and nobody has seen it."
UNCODED = "What you wrote was not read: only indicators count here, and none of concern was named."
DANGER = "If a child may be in danger now, call {phone}."
LAST = "Still worried? Refer, or call {who}: {phone}."

Receipt = Mapping[str, Any]


async def check_referral(session: AsyncSession, policy: Policy, hub: Hub, seen: ReferralSeen) -> CheckOut:
    """Check every child of a document; raises `Invalid` for codes that there are not."""
    document = seen.model_dump(mode="json", exclude_none=True)
    indicators = document["concern"].get("indicators", [])
    _check_indicators(policy, indicators, len(seen.children))
    children = range(len(seen.children))
    at = clock.now()
    receipts = [_receipt(policy, facts_of(document, child, at, History())) for child in children]
    placed = await placed_postcodes(session, [document])
    seekers = [
        seeker_of(document, child, council_of(document, child, hub.districts, placed), receipts[child])
        for child in children
    ]
    return await _told(session, hub, receipts, seekers)


async def check_facts(session: AsyncSession, policy: Policy, hub: Hub, seen: FactsSeen) -> CheckOut:
    """Check the facts of one child; raises `Invalid` for facts that the vocabulary does not have."""
    if wrong := wrong_facts(policy.vocabulary, seen.facts):
        known = policy.vocabulary.facts
        places = {f"/facts/{name}" if name in known else "/facts": advice for name, advice in wrong.items()}
        errors = tuple(FieldError(pointer, advice) for pointer, advice in places.items())
        raise Invalid("Correct the fields named.", errors=errors)
    document = {"children": [{"address": {"postcode": seen.postcode}}]}
    placed = await placed_postcodes(session, [document])
    receipt = _receipt(policy, {NARRATIVE_CODED: True, **seen.facts})
    seeker = seeker_of(document, 0, council_of(document, 0, hub.districts, placed), receipt)
    return await _told(session, hub, [receipt], [seeker])


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


def _check_indicators(policy: Policy, indicators: Sequence[Mapping[str, Any]], children: int) -> None:
    try:
        check_coding(policy.vocabulary, indicators, {}, children=children)
    except Invalid as wrong:
        errors = tuple(FieldError(f"/concern{error.pointer}", error.detail) for error in wrong.errors)
        raise Invalid(wrong.detail, errors=errors) from None


async def _told(session: AsyncSession, hub: Hub, receipts: Sequence[Receipt], seekers: Sequence[Seeker]) -> CheckOut:
    top = highest(receipts)
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
        local_help=await _local_help(session, seekers),
        note=_note(hub, receipts),
    )


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


def _note(hub: Hub, receipts: Sequence[Receipt]) -> str:
    reviews = {review for receipt in receipts for review in receipt["review_required"]}
    dangers = [receipt["facts"].get("immediate_danger") is not False for receipt in receipts]
    now = clock.now()
    phone = hub.phones.in_hours if is_open(now, hub) else hub.phones.out_of_hours
    return " ".join(
        [
            NOTE,
            *([UNCODED] if NARRATIVE_NOT_CODED in reviews else []),
            *([DANGER.format(phone=hub.phones.emergency.phone)] if any(dangers) else []),
            LAST.format(who=phone.who, phone=phone.phone),
        ]
    )


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
