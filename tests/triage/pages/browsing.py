"""A browser without JavaScript, small enough for tests: it keeps cookies, reads forms and sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
ACCEPTED = {"Accept": "text/html"}


@dataclass
class HtmlForm:
    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collects a page's forms with what they would send untouched, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[HtmlForm] = []
        self.text: list[str] = []
        self._area: str | None = None
        self._select: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.forms.append(HtmlForm(given.get("action") or ""))
        elif tag == "input" and self.forms and name:
            unticked = given.get("type") in ("radio", "checkbox") and "checked" not in given
            if not unticked:
                self.forms[-1].fields.setdefault(name, []).append(value)
        elif tag == "textarea" and self.forms:
            self._area = name
            self.forms[-1].fields[name] = [""]
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.forms[-1].fields[self._select] = [value]
        self._silent += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "li", "p"):
            self.text.append(" ")
        if tag == "textarea":
            self._area = None
        if tag == "select":
            self._select = None
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if self._area is not None and self.forms:
            self.forms[-1].fields[self._area][0] += data
        elif not self._silent:
            self.text.append(data)


@dataclass
class Browser:
    """`page` is the last reply that was no redirect."""

    http: httpx.AsyncClient
    base: str
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)
    page: httpx.Response = field(default_factory=lambda: httpx.Response(204))

    async def open(self, path: str) -> httpx.Response:
        return await self._follow(await self._send("GET", path, headers=ACCEPTED))

    async def send(self, action: str, **typed: str | list[str]) -> httpx.Response:
        """Fill in the form with this action and send it; an empty list takes a field out."""
        form = next(form for form in self.forms if form.action == action)
        changed = {name: [value] if isinstance(value, str) else value for name, value in typed.items()}
        return await self.post(action, {**form.fields, **changed})

    async def post(self, path: str, fields: dict[str, list[str]], **headers: str) -> httpx.Response:
        sent = {**SAME_ORIGIN, **headers}
        return await self._follow(await self._send("POST", path, data=fields, headers=sent))

    async def sign_in(self, persona: str) -> httpx.Response:
        await self.open("/desk/sign-in")
        return await self.send("/desk/sign-in/persona", persona=persona)

    @property
    def forms(self) -> list[HtmlForm]:
        return self._read().forms

    @property
    def text(self) -> str:
        """The page's words, each run of white space as one space."""
        return " ".join("".join(self._read().text).split())

    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.page.text)
        return reader

    async def _follow(self, reply: httpx.Response) -> httpx.Response:
        while reply.is_redirect:
            reply = await self._send("GET", reply.headers["Location"], headers=ACCEPTED)
        self.page = reply
        return reply

    async def _send(self, method: str, path: str, **more: object) -> httpx.Response:
        self.http.cookies.clear()
        request = self.http.build_request(method, f"{self.base}{path}", cookies=self.cookies, **more)  # type: ignore[arg-type]
        reply = await self.http.send(request)
        self.cookies.extract_cookies(reply)
        return reply
