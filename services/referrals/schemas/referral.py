"""The whole referral as a partner sends it. Run by the API; the sealed record holds it in this shape."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from services.referrals.schemas.people import Child, Member, NeededBy, OnBehalfOf, Part, Referrer, YesNo
from services.referrals.schemas.text import (
    CodeOf,
    Index,
    Name,
    Narrative,
    PastDay,
    RequiredNarrative,
    Short,
)

EXAMPLE: dict[str, Any] = {
    "referrer": {"name": "Rosa Quill", "role": "Designated safeguarding lead", "phone": "01632 960333"},
    "children": [
        {
            "given_name": "Robin",
            "family_name": "Thackeray-Moss",
            "date_of_birth": "2018-05-23",
            "nhs_number": "9434765919",
            "address": {"lines": ["2 Example Row", "Towcester"], "postcode": "NN12 6XX"},
        }
    ],
    "household": [
        {
            "name": "Jo Moss",
            "relationship": "mother",
            "parental_responsibility": "yes",
            "lives_with_child": "yes",
        }
    ],
    "concern": {
        "what_happened": "Late twice a week this term and tired. His mother lost her evening shifts and asks for help.",
        "immediate_danger": "no",
        "childs_words": "I like school when I'm not sleepy.",
        "indicators": [{"code": "attendance_slipping", "status": "present"}],
        "claimed_level": 2,
    },
    "openness": {
        "parents_informed": "yes",
        "agreement": {"position": "given", "by": 0, "to": "family hub support"},
    },
}


class Indicated(Part):
    """One sign, seen or ruled out, of one child or of all."""

    code: Annotated[str, CodeOf("indicators")]
    status: Literal["present", "ruled_out"] = "present"
    child: Index | None = Field(None, description="Index into `children`; all of them where absent.")
    note: Narrative | None = None


class Concern(Part):
    what_happened: RequiredNarrative = Field(description="What was seen or said, in plain words; fact before opinion.")
    immediate_danger: YesNo = Field(description="Is a child in danger now? `not_known` is never taken for `no`.")
    happened_on: PastDay | None = None
    seen_or_reported: Literal["seen", "reported", "both"] | None = None
    childs_words: Narrative | None = Field(None, description="What the child said or showed.")
    impact: Narrative | None = Field(None, description="What it does to the child.")
    strengths: Narrative | None = None
    earlier_concerns: Narrative | None = None
    indicators: list[Indicated] = Field([], max_length=200)
    claimed_level: Annotated[int, Field(ge=1, le=4)] | None = Field(
        None, description="The level that the referrer thinks is met."
    )


class Agreement(Part):
    """Agreement to receive help; not the lawful basis for sharing."""

    position: Literal["given", "refused", "not_sought", "not_known"] | None = None
    by: Index | None = Field(None, description="Index into `household` of who gave or refused it.")
    on: PastDay | None = None
    to: Narrative | None = Field(None, description="What was agreed to.")


class Openness(Part):
    """What the family knows. Where telling could harm, nobody is asked for it."""

    parents_informed: YesNo | None = None
    reason_not_informed: Narrative | None = None
    child_informed: YesNo | None = None
    agreement: Agreement | None = None


class SafeContact(Part):
    person: Name | None = None
    how: Narrative | None = None
    do_not: Narrative | None = None


class LawfulBasis(Part):
    basis: Literal["public_task", "legal_obligation", "vital_interests", "consent"] | None = None
    purpose: Narrative | None = None


class HelpSoFar(Part):
    early_help_assessment: Literal["yes", "in_progress", "no", "not_known"] | None = None
    lead_practitioner: Name | None = None
    services: list[Name] = Field([], max_length=50)
    results: Narrative | None = None


class ReferralIn(Part):
    """One referral, however many children. Only the children's names and the concern are required."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    kind: Literal["request", "notification", "information"] = "request"
    agency_reference: Name | None = Field(None, description="The sender's own reference.")
    agency_grade: Short | None = Field(None, description="The sender's own grade; kept apart from the hub's colour.")
    source: Annotated[str, CodeOf("referral_source")] | None = Field(
        None, description="Where absent, the sender's registration gives it."
    )
    on_behalf_of: OnBehalfOf | None = None
    check_id: Annotated[UUID, Field(strict=False)] | None = Field(
        None, description="The threshold check that was made before, as its answer names it."
    )
    needed_by: NeededBy | None = None
    restricted: bool = Field(False, description="Only named staff may see it.")
    referrer: Referrer | None = None
    children: list[Child] = Field(min_length=1, max_length=20)
    household: list[Member] = Field([], max_length=30)
    concern: Concern
    openness: Openness | None = None
    safe_contact: SafeContact | None = None
    lawful_basis: LawfulBasis | None = None
    help_so_far: HelpSoFar | None = None
    outcome_wanted: Narrative | None = None
    worker_safety: Narrative | None = Field(None, description="What a visiting worker must know.")
