"""What the routes of the referrals service ask of a request: who calls, the service's resources, a transaction."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.domain.agencies import Scope
from services.referrals.queries import Sources
from shared.http.service import Resources, resources_of, session_of, state_of
from shared.security import Caller, Role, allow

NAME = "referrals"
ISSUER = "referrals_issuer"
SOURCES = "referrals_sources"

TAKERS = (Role.SCREENER, Role.OUT_OF_HOURS)
"""Staff who take calls and speak with the public, and refer for them."""


AnyCaller = Annotated[Caller, allow(anybody=True)]
Sender = Annotated[Caller, allow(scope=Scope.REFERRALS_WRITE, roles=TAKERS)]
Reader = Annotated[Caller, allow(scope=Scope.REFERRALS_READ, roles=TAKERS)]
ServiceCaller = Annotated[Caller, allow(scope=Scope.INTERNAL_READ)]
Services = Annotated[Resources, resources_of(NAME)]
KnownSources = Annotated[Sources, Depends(state_of(SOURCES))]
Session = Annotated[AsyncSession, session_of(NAME)]
