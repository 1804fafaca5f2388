"""Starts the strict OpenID Connect provider of `provider/`, and signs in there as a person would without a browser."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import ROOT

FOLDER = Path(__file__).parent / "provider"
ACCOUNTS: Mapping[str, Any] = {
    "s-1": {"name": "Sam Screener", "roles": ["screener"]},
    "m-1": {"name": "Mo Manager", "roles": ["manager", "something-else"]},
    "r-1": {"name": "Rosa Quill", "roles": ["referrer"], "agency": "a-school"},
    "r-2": {"name": "Without Agency", "roles": ["referrer"]},
    "r-3": {"name": "Of Nowhere", "roles": ["referrer"], "agency": "nowhere"},
    "r-4": {"name": "Both At Once", "roles": ["referrer", "screener"], "agency": "a-school"},
    "r-5": {"name": "Of The Door", "roles": ["referrer"], "agency": "front-door"},
    "n-1": {"name": "Nobody Here", "roles": []},
}


def node() -> str:
    """Return the node that runs it; skips the test where there is none, which is a failure with CI=true."""
    found = shutil.which("node", path=f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}")
    if found is None or not (FOLDER / "node_modules").exists():
        missing = "The identity provider of the tests is not installed. Run `make test`."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    return str(found)


@contextmanager
def running(*redirect_uris: str) -> Iterator[str]:
    """Run a provider that knows the client `frontdoor`, a public one; its issuer."""
    client = {
        "client_id": "frontdoor",
        "token_endpoint_auth_method": "none",
        "redirect_uris": redirect_uris,
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
    }
    configuration = json.dumps({"clients": [client], "accounts": ACCOUNTS})
    with subprocess.Popen(
        [node(), "provider.js", configuration],
        cwd=FOLDER,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://localhost:{process.stdout.readline().strip()}"
        finally:
            process.kill()


async def consent(url: str, account: str) -> str:
    """Sign in at the provider as `account` and agree to all; returns where it sends the browser back to."""
    async with httpx.AsyncClient(timeout=20) as http:
        reply = await http.get(url)
        while reply.is_redirect:
            target = str(reply.next_request.url if reply.next_request else "")
            if "/desk/" in target:
                return target
            reply = await http.get(target)
            if asked := re.search(r'name="prompt" value="(\w+)"', reply.text):
                action = re.search(r'action="([^"]+)"', reply.text)
                assert action is not None
                typed = {"prompt": asked[1], "login": account, "password": "any"}
                reply = await http.post(str(reply.url.join(action[1])), data=typed)
    raise AssertionError(f"the provider did not send back: {reply.status_code} {reply.text[:300]}")
