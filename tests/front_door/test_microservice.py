"""What a microservice learns from the other two as it runs."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from fastapi import FastAPI

from services.front_door.microservice import Neighbours, watching_others
from services.front_door.parts import ServiceName
from shared.http.limits import Limits
from tests.fakes import STAFF_ISSUER, OtherService, eventually, serving, verifier

AGENCIES, STAFF = "/internal/agencies/standing", "/internal/staff/left"


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        (ServiceName.REFERRALS, [STAFF]),
        (ServiceName.TRIAGE, [AGENCIES]),
        (ServiceName.NOTIFICATIONS, [AGENCIES, STAFF]),
    ],
)
async def test_a_service_refuses_whom_the_others_refuse(name: ServiceName, pages: list[str]) -> None:
    """Agencies as referrals has them, staff who left as triage has them; of its own it asks nobody."""
    referrals, triage, verifying = OtherService(), OtherService(), verifier()
    referrals.details[AGENCIES] = {"disabled": ["a-school"], "rates": {}}
    triage.details[STAFF] = {"left": [[STAFF_ISSUER, "kim"]]}
    places = SimpleNamespace(referrals_url="referrals", triage_url="triage")
    clients = {"referrals": referrals, "triage": triage}
    neighbours = SimpleNamespace(name=name, serve=places, client_of=clients.__getitem__)

    routers = watching_others(cast("Neighbours", neighbours), verifying, Limits())
    async with serving(FastAPI(), *routers):
        await eventually(lambda: asyncio.sleep(0, sorted(referrals.asked + triage.asked) == pages))

    assert verifying.disabled == ({"a-school"} if AGENCIES in pages else set())
    assert verifying.left == ({(STAFF_ISSUER, "kim")} if STAFF in pages else set())
