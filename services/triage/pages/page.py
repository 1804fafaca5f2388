"""One request for a page: who is signed in, what was typed, and the answer, which is always HTML or a way on."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.triage.actions.desk import Desk
from services.triage.actions.sessions import SignedIn, find_session
from services.triage.domain.staff import SignedOut
from services.triage.pages.form import Form, read_form, token_of
from services.triage.pages.site import Site
from shared.allowances import Allowance
from shared.db import Database, transaction
from shared.http.limits import READS, charge, charge_for, name_caller
from shared.http.routes import StrictRoute
from shared.http.strict import Body
from shared.problems import Forbidden, Problem
from shared.security import Caller, Declared, FailedProofs, Policy, Proof, Role, may
from shared.telemetry import correlation_id

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
SEE_OTHER = 303
NOBODY = "Your session is over, or you were not signed in."


@dataclass(frozen=True)
class Page:
    """`secret` is the session's, out of the cookie: the token of its forms is made from it."""

    request: Request
    site: Site
    desk: Desk
    db: Database
    signed_in: SignedIn
    secret: str

    @property
    def caller(self) -> Caller:
        return self.signed_in.caller

    def show(self, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
        """Render a template of the pages; it also sees who is signed in, and the token for its forms."""
        common = {"signed_in": self.signed_in, "token": token_of(self.secret), "path": self.request.url.path}
        return rendered(self.site, template, status, **common, **shown)


def rendered(site: Site, template: str, status: int, **shown: Any) -> HTMLResponse:
    return HTMLResponse(site.templates.get_template(template).render(**shown), status)


def go(path: str) -> RedirectResponse:
    """Return the way on after a form, so that reading the page again sends nothing again."""
    return RedirectResponse(path, SEE_OTHER)


class PageRoute(StrictRoute):
    """A route whose answers carry the pages' headers, and whose problems are pages too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_marked(request: Request) -> Response:
            return marked(await answer(request))

        return answer_marked

    @staticmethod
    def show_problem(request: Request, problem: Problem) -> Response:
        """Return the problem as a page; whoever is not signed in is led to sign in, and back from there."""
        site: Site = request.state.triage_site
        if isinstance(problem, SignedOut) and request.method == "GET":
            place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return marked(go(f"/desk/sign-in?next={quote(place, safe='')}"))
        page: Page | None = getattr(request.state, "page", None)
        shown = {"problem": problem, "correlation_id": correlation_id.get()}
        if page is not None:
            return marked(page.show("problem.html", problem.status, **shown))
        return marked(rendered(site, "problem.html", problem.status, signed_in=None, path="", **shown))


def marked(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def whoever_is_signed_in(request: Request, *, active: bool) -> SignedIn:
    """Return who holds the session of the cookie; raises `SignedOut`, and counts a cookie that is no good."""
    site: Site = request.state.triage_site
    db: Database = request.state.triage.db
    proofs: FailedProofs = request.app.state.limits.proofs
    secret = request.cookies.get(site.cookie)
    if not secret:
        raise SignedOut(NOBODY)
    with proofs.counted(request, Proof.SESSION, SignedOut, secret=secret):
        async with transaction(db) as session:
            signed_in = await find_session(session, secret, active=active)
        if signed_in is None or signed_in.caller.agency in request.app.state.verifier.disabled:
            raise SignedOut(NOBODY)
    return signed_in


@dataclass(frozen=True)
class PageDoor(Declared):
    """A dependency that gives a route its page: staff signed in with a role of the policy, and nobody else.

    `active` use keeps the session alive. A page is a read of the person's, and paid for here.
    """

    active: bool = True

    async def __call__(self, request: Request) -> Page:
        site: Site = request.state.triage_site
        signed_in = await whoever_is_signed_in(request, active=self.active)
        db, secret = request.state.triage.db, request.cookies[site.cookie]
        page = Page(request, site, request.state.triage_desk, db, signed_in, secret)
        request.state.page = page
        if not may(signed_in.caller, self.policy):
            raise Forbidden(f"This page is for the role {' or '.join(sorted(self.policy.roles))}.")
        name_caller(request, signed_in.caller)
        if request.method in READS:
            await charge(request)
        return page


def page_for(roles: tuple[Role, ...], *, active: bool = True) -> Any:
    """Return the policy of a page, which gives the route its `Page`."""
    return Depends(PageDoor(Policy(roles=frozenset(roles)), active))


def form_for(roles: tuple[Role, ...], *, mend: bool = False, allowance: Allowance | None = None) -> Any:
    """Return the policy of a form: a page's, and that the form came from a page of ours.

    It costs what a change does, or one of the `allowance`.
    """

    async def form(request: Request, page: Annotated[Page, page_for(roles)], body: Body) -> Form:
        read = read_form(request.headers, body, page.secret, mend=mend)
        await charge_for(request, page.caller, allowance)
        return read

    return Depends(form)
