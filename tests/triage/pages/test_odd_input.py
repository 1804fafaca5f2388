"""No page and no form fails, whatever stands in its path, query, cookie and fields."""

import re
from urllib.parse import quote

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given, settings
from hypothesis import strategies as st

from services.triage import pages
from services.triage.pages.call import CALL
from services.triage.pages.case_form import anchor
from services.triage.pages.form import TOKEN_FIELD, VERSION_FIELD
from services.triage.pages.journey import Journey
from services.triage.pages.page import PageRoute
from services.triage.pages.refer.steps import REFER
from shared.http.reading import FORM_TYPE
from tests.outside.odd import cursors, fuzzed, header_values, query_values, raw
from tests.triage.conftest import Front
from tests.triage.pages.browsing import SAME_ORIGIN, Browser
from tests.triage.pages.conftest import SignIn
from tests.triage.pages.test_forms import taken
from tests.triage.pages.test_partners import furnish

ROUTES = {
    (method, route.path or ""): route.original_route
    for route in iter_route_contexts(pages.router.routes)
    if isinstance(route.original_route, PageRoute)
    for method in route.methods or ()
}
READ = sorted(path for method, path in ROUTES if method == "GET" and path != "/desk/changes")
CASE_FORMS = sorted(path for method, path in ROUTES if method == "POST" and "{case_id}" in path)
JOURNEYS = {"call": CALL, "refer": REFER}
BUTTONS = ("to", "remove", "back", "another", "returning", "index", VERSION_FIELD, "add", "case", "next", "everywhere")


def asked_in(journey: Journey) -> list[str]:
    """Return the names that the fields of a journey have."""
    return [
        anchor(f"/{step.each}/{index}{question.pointer}" if step.each else question.pointer)
        for step in journey.steps
        for question in step.questions
        for index in range(2 if step.each else 1)
    ]


odd = query_values | cursors.map(quote) | st.sampled_from(["yes", "no", "not_known", "1", "0", "check", "child 99"])
cookies = st.none() | header_values


@pytest.fixture
async def desk(front: Front, as_persona: SignIn) -> Browser:
    """Give a manager who has a case, and pages that have something to show."""
    furnish(front)
    browser = await as_persona("manager")
    await browser.open(await taken(front, browser))
    return browser


async def send(browser: Browser, path: str, fields: list[tuple[str, str]]) -> httpx.Response:
    """Send a form of ours with these fields, which are written as they stand."""
    (token,) = next(form.fields[TOKEN_FIELD] for form in browser.forms if TOKEN_FIELD in form.fields)
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    content = "&".join(f"{name}={value}" for name, value in [(TOKEN_FIELD, token), *fields])
    headers = {"Cookie": cookie, "Content-Type": FORM_TYPE, **SAME_ORIGIN}
    return await browser.http.post(path, content=content.encode("utf-8", "replace"), headers=headers)


def is_page(reply: httpx.Response) -> bool:
    kind = reply.headers.get("Content-Type", "text/html")
    return reply.status_code < 500 and not kind.startswith("application/problem")


@settings(fuzzed, max_examples=30)
@given(data=st.data())
async def test_no_page_fails(desk: Browser, data: st.DataObject) -> None:
    """Whatever is asked for, under an odd name or with an odd cookie, the answer is a page, a file or a way on."""
    path = data.draw(st.sampled_from(READ))
    names = ROUTES["GET", path].names
    place = re.sub(r"\{\w+\}", lambda _: data.draw(raw | st.just("contacts")), path)
    if "{case_id}" in path and data.draw(st.booleans()):
        place = path.replace("{case_id}", str(desk.page.url).rpartition("/")[2])
    query = "&".join(f"{data.draw(st.sampled_from(names))}={data.draw(odd)}" for _ in range(3)) if names else ""
    own = "; ".join(f"{name}={value}" for name, value in desk.cookies.items()).encode()
    cookie = data.draw(cookies)
    sent = own if cookie is None else f"frontdoor={cookie}; frontdoor-sign-in={cookie}".encode("latin-1")
    reply = await desk.http.get(f"{place}?{query}", headers={b"Cookie": sent, b"Accept": b"text/html"})
    assert is_page(reply), f"{reply.status_code} {reply.text[:200]}"


@settings(fuzzed, max_examples=15)
@given(data=st.data())
async def test_no_form_of_a_case_fails(desk: Browser, data: st.DataObject) -> None:
    """Whatever its fields hold, it is carried out or shown again."""
    path = data.draw(st.sampled_from(CASE_FORMS)).replace("{case_id}", str(desk.page.url).rpartition("/")[2])
    form = await desk.http.get(path, headers={"Cookie": "; ".join(f"{n}={v}" for n, v in desk.cookies.items())})
    names = sorted(set(re.findall(r'name="([a-z_0-9.-]+)"', form.text)) - {TOKEN_FIELD} | set(BUTTONS))
    fields = data.draw(st.lists(st.tuples(st.sampled_from(names), odd), max_size=8))
    reply = await send(desk, path, fields)
    assert is_page(reply), f"{reply.status_code} {reply.text[:200]}"


@pytest.fixture
async def people(as_persona: SignIn) -> dict[str, Browser]:
    """Give the people of both journeys, each on its first page."""
    found = {"call": await as_persona("screener"), "refer": await as_persona("referrer")}
    for name, browser in found.items():
        await browser.open(JOURNEYS[name].first)
    return found


@pytest.mark.parametrize("name", JOURNEYS)
@settings(fuzzed, max_examples=12)
@given(data=st.data())
async def test_no_form_of_a_journey_fails(people: dict[str, Browser], name: str, data: st.DataObject) -> None:
    """Whatever was told so far, the next page is shown, or this one again."""
    journey = JOURNEYS[name]
    step = data.draw(st.sampled_from([step.slug for step in journey.steps]))
    names = [*asked_in(journey), *BUTTONS]
    fields = data.draw(st.lists(st.tuples(st.sampled_from(names), odd), max_size=10))
    reply = await send(people[name], f"{journey.place}/{step}", fields)
    assert is_page(reply), f"{reply.status_code} {reply.text[:200]}"
