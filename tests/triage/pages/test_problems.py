"""What goes wrong on a page is said on a page, whatever was asked for and however a form was sent."""

import re
from typing import Any

import httpx
from fastapi.routing import iter_route_contexts

from services.triage import pages
from services.triage.pages.page import HEADERS, PageRoute
from shared.http.reading import FORM_TYPE
from tests.triage.conftest import Front
from tests.triage.pages.browsing import SAME_ORIGIN, Browser
from tests.triage.pages.conftest import SignIn
from tests.triage.pages.test_partners import furnish

NOBODY = "00000000-0000-7000-8000-000000000000"
BY_FORM = {"Content-Type": FORM_TYPE, **SAME_ORIGIN}
FORM_HEADERS = [(name.encode(), value.encode()) for name, value in BY_FORM.items()]
LOOKED_AT = {"/desk": 303, "/refer": 303, "/desk/next": 401, "/refer/danger": 401, "/desk/sign-out": 401}
ODD_FORMS: dict[str, tuple[bytes, dict[str, str]]] = {
    "nothing at all": (b"", SAME_ORIGIN),
    "JSON": (b"{}", {"Content-Type": "application/json", **SAME_ORIGIN}),
    "a form of parts": (b"--x\r\n\r\n--x--", {"Content-Type": "multipart/form-data; boundary=x", **SAME_ORIGIN}),
    "no token": (b"reason=r", BY_FORM),
    "a token of somebody's own": (b"token=%C3%A9", BY_FORM),
    "NUL": (b"token=%00", BY_FORM),
    "no UTF-8": (b"token=%FF", BY_FORM),
    "bytes past ASCII": (b"token=\xff", BY_FORM),
    "too many fields": (b"a=&" * 3000, BY_FORM),
    "too much": (b"a=" + b"x" * 1_100_000, BY_FORM),
    "another site's": (b"token=x", {**BY_FORM, "Sec-Fetch-Site": "cross-site"}),
    "a compressed form": (b"\x1f\x8b", {**BY_FORM, "Content-Encoding": "gzip"}),
}


def _methods() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for route in iter_route_contexts(pages.router.routes):
        if isinstance(route.original_route, PageRoute):
            found.setdefault(route.path or "", set()).update(route.methods or ())
    return found


METHODS = _methods()
FORMS = sorted(path for path, methods in METHODS.items() if "POST" in methods)


def _at(path: str, name: str = NOBODY) -> str:
    return re.sub(r"\{\w+\}", name, path)


def _is_page(reply: httpx.Response, *statuses: int) -> bool:
    return (
        reply.status_code in statuses
        and reply.headers["Content-Type"] == "text/html; charset=utf-8"
        and HEADERS.items() <= {name.title(): value for name, value in reply.headers.items()}.items()
        and "<h1" in reply.text
        and reply.headers["X-Correlation-Id"] in reply.text
    )


async def _ask(browser: Browser, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
    signed_in = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    return await browser.http.request(method, f"{browser.base}{path}", headers={**signed_in, **headers}, **more)


async def test_what_is_not_there_is_said_on_a_page(front: Front) -> None:
    """Under every first name that pages have, whether a browser asks or not; elsewhere it is a problem document."""
    places = sorted({path.split("/")[1] for path in METHODS} - {""})
    assert places == ["desk", "refer"]

    replies = [await front.http.get(f"/{place}/nowhere") for place in places]
    elsewhere = await front.http.get("/nowhere")

    assert all(_is_page(reply, 404) for reply in replies)
    assert elsewhere.headers["Content-Type"] == "application/problem+json"


async def test_a_wrong_method_is_said_on_a_page(front: Front) -> None:
    """405 names every method of the path, whoever asks."""
    for path, methods in METHODS.items():
        reply = await front.http.delete(_at(path))

        assert _is_page(reply, 405), path
        assert set(reply.headers["Allow"].split(", ")) == methods | ({"HEAD"} if "GET" in methods else set()), path


async def test_a_form_that_is_none_is_said_on_a_page(as_persona: SignIn) -> None:
    """Whatever came in its place, on every path that takes one; nobody is led on as if it had been taken."""
    browsers = {"desk": await as_persona("manager"), "refer": await as_persona("referrer")}

    for path in FORMS:
        browser = browsers[path.split("/")[1]]
        for name, (body, headers) in ODD_FORMS.items():
            reply = await _ask(browser, "POST", _at(path), headers, content=body)
            assert _is_page(reply, 400, 403, 404, 413, 415), f"{path} with {name}: {reply.status_code}"


async def test_an_odd_name_in_a_path_is_said_on_a_page(front: Front, as_persona: SignIn) -> None:
    """Of a case, a chart, an agency or a file: as one that is not there."""
    furnish(front)
    browser = await as_persona("manager")

    for path in (path for path, methods in METHODS.items() if "GET" in methods and "{" in path):
        for odd in ("1", "%00", "%FF", "%ED%A0%80", "%2e%2e%2f", "x" * 3000, "\u0661", NOBODY):
            reply = await _ask(browser, "GET", _at(path, odd), {})
            assert _is_page(reply, 404), f"{path} with {odd[:9]}: {reply.status_code}"


async def test_an_odd_cookie_is_nobody_signed_in(front: Front) -> None:
    """Pages lead to sign in, forms say that nobody is; where a sign-in ends it has to begin anew."""
    for odd in (b"", b"\xff", b"\xc3\xa9", b"x" * 4000, b"a=b", b"%00", b'"', b"\xed\xa0\x80"):
        cookies = b"frontdoor=" + odd + b"; frontdoor-sign-in=" + odd
        for path, status in LOOKED_AT.items():
            method = "GET" if status == 303 else "POST"
            reply = await front.http.request(method, path, headers=[(b"Cookie", cookies), *FORM_HEADERS])
            assert reply.status_code == status or _is_page(reply, status), f"{path} with {odd[:20]!r}"
