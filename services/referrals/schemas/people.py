"""The people of a referral: who sends it, the children, and the household around them. Run by the API."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.referrals.schemas.text import (
    CodeOf,
    Moment,
    Name,
    Narrative,
    PastDay,
    PastMoment,
    RequiredName,
    Short,
)
from shared.text import Day, OneLine

Answer = Literal["yes", "no", "not_known"]
YesNo = Annotated[Answer, OneLine]
Withheld = Literal["location", "referral", "referrer", "intelligence"]


class Part(BaseModel):
    """Unknown fields are refused, and no type is guessed from another."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OnBehalfOf(Part):
    name: Name | None = Field(None, description="The organisation that this is sent for.")
    ods: Short | None = Field(None, description="Its NHS organisation code.")
    urn: Short | None = Field(None, description="Its DfE unique reference number.")


class NeededBy(Part):
    at: Moment | None = Field(None, description="When the referrer needs an answer.")
    reason: Narrative | None = Field(None, description="Why then, as: end of the school day.")


class EarlierCall(Part):
    at: PastMoment | None = Field(None, description="When the referrer rang.")
    spoken_to: Name | None = Field(None, description="Whom the referrer spoke to.")


class Referrer(Part):
    """A name and one way of contact, unless the source is anonymous or a danger is not ruled out."""

    name: Name | None = None
    role: Name | None = Field(None, description="Post or profession.")
    relationship_to_child: Name | None = None
    phone: Short | None = None
    email: Name | None = None
    earlier_call: EarlierCall | None = Field(None, description="A telephone call about this before it was sent.")


class Address(Part):
    lines: list[Name] = Field([], max_length=10)
    postcode: Short | None = Field(None, description="As much of it as is known.")
    uprn: Short | None = Field(None, description="Unique property reference number, up to 12 digits.")


class FoundAt(Part):
    text: Narrative | None = Field(None, description="Where the child was found, in words.")
    postcode: Short | None = None


class School(Part):
    name: Name | None = None
    urn: Short | None = Field(None, description="Its DfE unique reference number.")


class Child(Part):
    """At most one of the date of birth, the expected delivery date and the estimated age."""

    given_name: RequiredName = Field(description="`not known` where it is not.")
    family_name: Name | None = None
    known_as: list[Name] = Field([], max_length=20)
    date_of_birth: PastDay | None = None
    expected_delivery_date: Day | None = Field(None, description="Of an unborn child.")
    estimated_age_years: Annotated[int, Field(ge=0, le=25)] | None = None
    sex: Annotated[str, CodeOf("sex")] | None = None
    ethnicity: Annotated[str, CodeOf("ethnicity")] | None = None
    first_language: Annotated[str, CodeOf("first_language")] | None = None
    interpreter_needed: bool | None = None
    disabilities: list[Annotated[str, CodeOf("disability")]] = Field([], max_length=20)
    nhs_number: Short | None = None
    upn: Short | None = Field(None, description="Unique pupil number.")
    address: Address | None = Field(None, description="It decides which council is asked; of an unborn, the mother's.")
    location_protected: bool = Field(False, description="Where the child lives must not be passed on.")
    found_at: FoundAt | None = None
    whereabouts_now: Narrative | None = None
    school: School | None = None
    gp_practice: Name | None = None


class Member(Part):
    """Somebody of the household, or an adult who matters to the child."""

    name: Name | None = None
    date_of_birth: PastDay | None = None
    relationship: Annotated[str, CodeOf("household_relationship")] | None = Field(
        None, description="What this person is to the child."
    )
    parental_responsibility: YesNo | None = None
    lives_with_child: YesNo | None = None
    address: Address | None = Field(None, description="Where it is not the child's.")
    role_in_concern: Annotated[str, CodeOf("role_in_concern")] | None = None
    works_with_children: bool = False
    must_not_learn: list[Withheld] = Field([], max_length=4, description="What this person must not come to know.")
