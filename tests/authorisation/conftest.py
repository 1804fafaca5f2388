"""The whole front door in the suite's own process: two agencies' referrals, an offer, a request and a challenge."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI

from services.front_door import app
from services.front_door.clients import register_clients
from services.front_door.databases import SERVICES, DatabaseUrls
from services.front_door.demo import STAFF_KEY, staff_issuer
from services.front_door.keys import signing_key
from shared.db import Database
from shared.security import issue_token
from shared.settings.demo import Demo, DemoAgency
from tests.authorisation import parties
from tests.authorisation.parties import AGENCIES, ASKED, FORMER, OTHER, PARTNER_SCOPES, PROVIDER, SUBMITTER, Ids, Party
from tests.conftest import Templates, fresh_databases
from tests.fakes import ISSUER, eventually
from tests.faults.front_door import UNLIMITED
from tests.triage.conftest import example

DECIDED = {"rationale": "r", "feedback_to_referrer": "f", "override_reason": "o"}


@dataclass
class FrontDoor:
    """A running front door, its databases, and how each party proves itself."""

    http: httpx.AsyncClient
    application: FastAPI
    databases: dict[str, Database]
    data_dir: Path
    ids: Ids = field(default_factory=Ids)

    def headers(self, party: Party) -> dict[str, str]:
        """Return the header of a token that is new, since the real issuers' live for five minutes."""
        if not party.proven:
            return {}
        issuer = staff_issuer(ISSUER) if party.roles else ISSUER
        key = signing_key(self.data_dir, STAFF_KEY if party.roles else "issuer")
        claims = {"sub": party.name, **({"roles": party.roles} if party.roles else {"scope": " ".join(party.scopes)})}
        return {"Authorization": f"Bearer {issue_token(key, issuer, ISSUER, claims)}"}

    async def ask(self, method: str, path: str, name: str, body: Any = None, **headers: str) -> httpx.Response:
        """Send a request as one of the parties, under a new key, and expect it to be carried out."""
        party = next(party for party in parties.PARTIES if party.name == name)
        sent = {"Idempotency-Key": secrets.token_hex(8), **self.headers(party), **headers}
        reply = await self.http.request(method, path, json=body, headers=sent)
        assert reply.is_success, f"{method} {path}: {reply.text}"
        return reply

    async def refer(self, agency: str, document: dict[str, Any]) -> dict[str, Any]:
        """Submit a referral; returns its case once triage has it, with its entity tag."""
        referral = (await self.ask("POST", "/v1/referrals", agency, document)).json()["id"]

        async def opened() -> str | None:
            items = (await self.ask("GET", "/v1/cases?limit=200", "screener")).json()["items"]
            return next((item["id"] for item in items if item["referral_id"] == referral), None)

        reply = await self.ask("GET", f"/v1/cases/{await eventually(opened)}", "screener")
        return {**reply.json(), "etag": reply.headers["ETag"]}

    async def decide(self, case: dict[str, Any]) -> None:
        """Decide a case as its receipts say."""
        children = [
            {"child": c["child"], "level": c["level"], "outcome": c["receipt"]["route"]} for c in case["children"]
        ]
        path, body = f"/v1/cases/{case['id']}/decision", {**DECIDED, "children": children}
        await self.ask("POST", path, "manager", body, **{"If-Match": case["etag"]})

    async def ask_hospital(self, case: dict[str, Any]) -> str:
        body = {"agency": ASKED, "purpose": "p", "lawful_basis": "public_task", "questions": ["Has he been seen?"]}
        made = await self.ask("POST", f"/v1/cases/{case['id']}/information-requests", "screener", body)
        request: str = made.json()["id"]
        return request


def marked(canary: str, name: str = "03", *, family: str = "Pell", born: str = "2018-05-23") -> dict[str, Any]:
    """Return an example whose names and narrative all hold the canary; another family and birth date are others."""
    document = example(name)
    child = document["children"][0]
    child |= {"given_name": f"{family[::-1]}{canary}", "family_name": f"{family}{canary}", "date_of_birth": born}
    child.pop("upn", None)
    child.pop("nhs_number", None)
    document["household"][0]["name"] = f"{family}{family}{canary}"
    document["referrer"]["name"] = f"Referrer{canary}"
    document["concern"]["what_happened"] = f"Narrative{canary}"
    return document


@asynccontextmanager
async def living(application: FastAPI) -> AsyncIterator[None]:
    """Run the application's lifespan as a server does, so that its services reach each other."""
    said: asyncio.Queue[Any] = asyncio.Queue()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "lifespan", "state": {}}
    running = asyncio.create_task(application(scope, said.get, heard.put))
    await said.put({"type": "lifespan.startup"})
    assert (await heard.get())["type"] == "lifespan.startup.complete"
    yield
    await said.put({"type": "lifespan.shutdown"})
    assert (await heard.get())["type"] == "lifespan.shutdown.complete"
    await running


@pytest.fixture(scope="package")
async def door(server: str, templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontDoor]:
    data_dir = tmp_path_factory.mktemp("door")
    async with fresh_databases(server, templates) as open_fresh:
        databases = {name: await open_fresh(name) for name in SERVICES}
        urls = {name: db.engine.url.render_as_string(hide_password=False) for name, db in databases.items()}
        places = {name: DatabaseUrls(url, url) for name, url in urls.items()}
        agencies = {slug: DemoAgency(name=slug, source="8", scopes=tuple(PARTNER_SCOPES)) for slug in AGENCIES}
        await register_clients(places["referrals"], data_dir, Demo(agencies=agencies, personas={}))
        domains = json.dumps({SUBMITTER: ["school.example"]})
        with patch.dict(os.environ, {**UNLIMITED, "FRONTDOOR_WEBHOOK_DOMAINS": domains}):
            application = app.build(places, data_dir, ISSUER, demo=True)
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with living(application), httpx.AsyncClient(transport=transport, base_url=ISSUER, timeout=30) as http:
            opened = FrontDoor(http, application, databases, data_dir)
            await furnish(opened)
            yield opened


async def furnish(door: FrontDoor) -> None:
    """Make one record of each kind, with the canary of the agency that sent what it is about."""
    hook = {"url": "https://school.example/hook", "event_types": []}
    ids = door.ids.by_name
    ids["endpoint_id"] = (await door.ask("POST", "/v1/webhook-endpoints", SUBMITTER, hook)).json()["id"]
    case = await door.refer(SUBMITTER, marked("ofschool"))
    ids |= {"referral_id": case["referral_id"], "case_id": case["id"], "offer_id": case["offers"][0]["id"]}
    assert case["offers"][0]["provider"] == PROVIDER
    ids["request_id"] = await door.ask_hospital(case)
    await door.refer(OTHER, marked("ofpolice", "05", family="Quince", born="2011-04-05"))

    moved = marked("ofschool", family="Abbot", born="2017-02-03")
    moved["children"][0]["address"]["postcode"] = "NN1 1AA"
    former = await door.refer(SUBMITTER, moved)
    assert former["offers"][0]["provider"] == FORMER
    door.ids.former_offer = former["offers"][0]["id"]
    coded = {"indicators": [{"code": "self_harm", "status": "present"}], "facts": {}, "source": "s"}
    await door.ask("POST", f"/v1/cases/{former['id']}/facts", "screener", coded)

    decided = await door.refer(SUBMITTER, marked("ofschool", "05", family="Hyssop", born="2012-08-09"))
    await door.decide(decided)
    path = f"/v1/referrals/{decided['referral_id']}/challenge"
    challenge = (await door.ask("POST", path, SUBMITTER, {"reason": "Narrativeofschool"})).json()["id"]
    door.ids.decided = {"case_id": decided["id"], "challenge_id": challenge}

    async def delivered() -> str | None:
        shown = await door.ask("GET", f"/v1/webhook-endpoints/{ids['endpoint_id']}/deliveries", SUBMITTER)
        return next((item["id"] for item in shown.json()["items"]), None)

    ids["delivery_id"] = await eventually(delivered)
