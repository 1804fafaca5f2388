"""Partners ask what the threshold document says before they send anything; staff read what help was lacking."""

import csv
import io
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from services.triage.api.desk import Session, TriageDesk
from services.triage.queries.checks import check_facts, check_referral
from services.triage.queries.unmet_needs import count_unmet
from services.triage.schemas import CheckOut, ReferralSeen, UnmetNeedPage
from shared.allowances import Allowance
from shared.audit import record_access
from shared.http.lenient import APPLIED, LenientBody, danger_ruled_out, tells_of_a_child
from shared.http.openapi import body_of
from shared.http.reading import Day
from shared.http.routes import StrictRoute
from shared.security import CASE_ROLES, Caller, Role, allow

UNTOLD = "not told"
COLUMNS = ("council", "district", "age_band", "level", "need", "children")

router = APIRouter(route_class=StrictRoute, tags=["early help"])
Checker = Annotated[Caller, allow(scope="thresholds:check", allowance=Allowance.CHECKS)]
Staff = Annotated[Caller, allow(roles=(*CASE_ROLES, Role.ADMIN, Role.AUDITOR))]
AskedDay = Annotated[Day | None, Query()]


@router.post("/v1/threshold-checks", responses={200: APPLIED}, openapi_extra=body_of(ReferralSeen))
async def post_threshold_check(
    caller: Checker, document: LenientBody, response: Response, session: Session, desk: TriageDesk
) -> CheckOut:
    """Say what the threshold document says of a referral, or of `{facts}` alone, before anything is sent.

    No case is read, and nothing of the document is kept. A referral is read as leniently as where it is sent.
    """
    content = document.content
    if isinstance(content, dict) and "facts" in content:
        document.is_lenient(danger=False, enough=True)
        told = await check_facts(session, desk.policy, desk.hub, document)
    else:
        lenient = document.is_lenient(danger=not danger_ruled_out(content), enough=tells_of_a_child(content))
        told = await check_referral(session, desk.policy, desk.hub, content, lenient=lenient)
    response.headers.update(document.headers)
    await record_access(
        session, caller, "threshold.checked", "threshold_check", [told.check_id], purpose="threshold check"
    )
    return told


@router.get(
    "/v1/unmet-needs", response_model=UnmetNeedPage, responses={200: {"content": {"text/csv": {}}}}
)  # fmt: skip
async def get_unmet_needs(
    caller: Staff,
    session: Session,
    desk: TriageDesk,
    since: AskedDay = None,
    until: AskedDay = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response | UnmetNeedPage:
    """Count the children for whom no service was found, by place, age and need, in the last twelve months or as asked.

    Numbers below five are not told, nor others from which they could be worked out.
    """
    del caller
    counted = await count_unmet(session, desk.hub, since, until)
    if form == "json":
        return counted
    lines = io.StringIO()
    writer = csv.DictWriter(lines, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for item in counted.items:
        writer.writerow({**item.model_dump(), **({"children": UNTOLD} if item.children is None else {})})
    return Response(lines.getvalue(), media_type="text/csv")
