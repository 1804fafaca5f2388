"""What the routes of the referrals service ask of a request: who calls, the service's resources, a transaction."""

from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from services.referrals.domain.agencies import Scope
from services.referrals.queries import Intake
from shared.allowances import Allowance
from shared.http.service import resources_of, session_of
from shared.security import Caller, Role, allow

NAME = "referrals"
ISSUER = "referrals_issuer"

TAKERS = (Role.SCREENER, Role.OUT_OF_HOURS)
"""Staff who take calls and speak with the public, and refer for them."""


AnyCaller = Annotated[Caller, allow(anybody=True)]
Submitter = Annotated[Caller, allow(scope=Scope.REFERRALS_WRITE, roles=TAKERS, allowance=Allowance.SUBMISSIONS)]
Sender = Annotated[Caller, allow(scope=Scope.REFERRALS_WRITE, roles=TAKERS)]
Reader = Annotated[Caller, allow(scope=Scope.REFERRALS_READ, roles=TAKERS)]
ServiceCaller = Annotated[Caller, allow(scope=Scope.INTERNAL_READ)]
Services = Annotated[Intake, resources_of(NAME)]
Session = Annotated[AsyncSession, session_of(NAME)]
WorkSession = Annotated[AsyncSession, session_of(NAME, for_work=True)]
