"""The policy that a route declares, kept at its door: who calls is verified, and refused where it does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant

from shared.allowances import Allowance
from shared.problems import FieldError, Forbidden, Invalid, Unauthorized
from shared.security.authorisation import Caller, Policy, Purpose, Role, may
from shared.security.proofs import FailedProofs, Proof
from shared.security.tokens import Verifier

PURPOSE_HEADER = "X-Purpose"


@dataclass(frozen=True)
class Declared:
    """A dependency by which a route declares its policy; what keeps it is a class derived from this."""

    policy: Policy


@dataclass(frozen=True)
class Door(Declared):
    """A dependency that gives a route its caller; raises `Unauthorized`, `Forbidden` or `TooManyRequests`.

    What has no body is paid for here, out of `allowance` or its own kind's; whatever else once its body is read.
    """

    allowance: Allowance | None = None

    async def __call__(self, request: Request) -> Caller:
        found = await caller_of(request)
        if not may(found, self.policy):
            raise Forbidden(f"This needs {needed(self.policy)}.")
        caller = _with_purpose(found, request.headers.get(PURPOSE_HEADER))
        await request.app.state.limits.admit(request, caller, self.allowance)
        return caller


@dataclass(frozen=True)
class OpenDoor(Declared):
    """A dependency that asks nothing and declares that a route is public."""

    async def __call__(self) -> None: ...


async def caller_of(request: Request) -> Caller:
    """Return whom the request's token speaks for; raises `Unauthorized` without a good one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthorized("Send an access token: Authorization: Bearer <token>.")
    if refused := getattr(request.state, "refused", None):
        raise refused
    return await _proven(request, token.strip())


def allow(
    *,
    scope: str | None = None,
    roles: tuple[Role, ...] = (),
    anybody: bool = False,
    allowance: Allowance | None = None,
) -> Any:
    """Return the policy of a route: a partner with this scope, or staff with one of these roles.

    `anybody` stands for whoever has a good token; `allowance` is what the route costs, where that is one of its own.
    """
    return Depends(Door(Policy(scope, frozenset(roles), anybody), allowance))


def public(reason: str) -> Any:
    """Return the policy of a route that nobody needs a token for, with the reason."""
    return Depends(OpenDoor(Policy(public=reason)))


def policies_of(dependant: Dependant) -> Iterator[Policy]:
    """Yield every policy that a route declares, itself or by what it depends on."""
    if isinstance(dependant.call, Declared):
        yield dependant.call.policy
    for inner in dependant.dependencies:
        yield from policies_of(inner)


def needed(policy: Policy) -> str:
    asked = [f"scope {policy.scope}"] if policy.scope else []
    asked += [f"role {' or '.join(sorted(policy.roles))}"] if policy.roles else []
    return ", or ".join(asked)


async def _proven(request: Request, token: str) -> Caller:
    """Return whom a token proves; one that is no good counts against the address that sent it, once a request."""
    verifier: Verifier = request.app.state.verifier
    proofs: FailedProofs = request.app.state.limits.proofs
    is_plausible = partial(verifier.is_plausible, token)
    try:
        with proofs.counted(request, Proof.TOKEN, Unauthorized, secret=token, is_plausible=is_plausible):
            return await verifier.verify(token)
    except Unauthorized as refused:
        request.state.refused = refused
        raise


def _with_purpose(caller: Caller, named: str | None) -> Caller:
    if named is None or not caller.is_staff:
        return caller
    try:
        return replace(caller, purpose=Purpose(named))
    except ValueError:
        advice = FieldError(f"/{PURPOSE_HEADER}", f"Allowed: {', '.join(Purpose)}.")
        raise Invalid("Correct the fields named.", errors=(advice,)) from None
