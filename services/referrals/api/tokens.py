"""Routes of the token server: one grant, its keys and its description (RFC 6749, RFC 7517, RFC 8414)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import JSONResponse

from services.referrals.actions.grant_token import Client, TokenIssuer, grant_token, prove_client
from services.referrals.api.access import ISSUER, Services, Session
from services.referrals.domain.agencies import PARTNER_SCOPES
from services.referrals.domain.assertions import TokenRefused, is_plausible, read_form
from services.referrals.schemas import KeySetOut, TokenOut, TokenRefusedOut, TokenServer
from shared.allowances import Allowance
from shared.http.limits import charge_for
from shared.http.rendering import problem_response
from shared.http.routes import StrictRoute
from shared.http.service import state_of
from shared.http.strict import Body
from shared.problems import Problem, Unauthorized
from shared.security import ALGORITHMS, Caller, FailedProofs, Proof, public

FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_assertion_type": {"type": "string"},
                        "client_assertion": {"type": "string", "description": "A JWT signed by the client's key."},
                        "scope": {"type": "string", "description": "Fewer scopes than the client has."},
                    },
                }
            }
        },
    }
}
REFUSALS: dict[int | str, dict[str, Any]] = {status: {"model": TokenRefusedOut} for status in (400, 401, 429)}
KEPT_FOR = {"Cache-Control": "public, max-age=300"}

TOKENS_BEGIN_HERE = public("whoever asks for a token has none yet; the assertion proves them")
KEYS_ARE_PUBLIC = public("public keys and where to ask for tokens")

PLACE = "/oauth/token"
AWAY = "temporarily_unavailable"


class TokenRoute(StrictRoute):
    """A route whose problems are those of RFC 6749, at the one place where tokens are given out."""

    @staticmethod
    def show_problem(request: Request, problem: Problem) -> Response:
        if request.scope["path"] != PLACE:
            return problem_response(problem)
        other = AWAY if problem.retry_after_seconds is not None else "invalid_request"
        error = problem.error if isinstance(problem, TokenRefused) else other
        body = TokenRefusedOut(error=error, error_description=problem.detail or problem.title)
        status = Unauthorized.status if error == "invalid_client" else problem.status
        return JSONResponse(body.model_dump(), status, {"Cache-Control": "no-store"})


router = APIRouter(route_class=TokenRoute, tags=["tokens"])

Issuer = Annotated[TokenIssuer, Depends(state_of(ISSUER))]


async def token_form(body: Body, content_type: Annotated[str, Header()] = "") -> Mapping[str, str]:
    return read_form(content_type, body)


TokenForm = Annotated[Mapping[str, str], Depends(token_form)]


async def proven_client(request: Request, issuer: Issuer, resources: Services, form: TokenForm) -> Client:
    """Return the client that an assertion proves, before a transaction is open, and take what a token costs it."""
    plausible = partial(is_plausible, form, issuer.name, datetime.now(UTC))
    with _proofs(request).counted(request, Proof.ASSERTION, TokenRefused, is_plausible=plausible):
        client = await prove_client(resources.db, issuer, form)
    await charge_for(request, Caller(client.slug, client.slug, scopes=frozenset(client.scopes)), Allowance.TOKENS)
    return client


def _proofs(request: Request) -> FailedProofs:
    proofs: FailedProofs = request.app.state.limits.proofs
    return proofs


ProvenClient = Annotated[Client, Depends(proven_client)]


@router.post(
    PLACE,
    response_model=TokenOut,
    responses=REFUSALS,
    openapi_extra=FORM,
    dependencies=[TOKENS_BEGIN_HERE],
)
async def post_token(
    request: Request, issuer: Issuer, form: TokenForm, client: ProvenClient, session: Session
) -> JSONResponse:
    """Exchange a client assertion (`private_key_jwt`) for an access token of five minutes."""
    granted = await grant_token(session, issuer, client, form.get("scope"))
    _proofs(request).remember(granted.access_token)
    return JSONResponse(granted.model_dump(), headers={"Cache-Control": "no-store"})


@router.get("/.well-known/jwks.json", dependencies=[KEYS_ARE_PUBLIC])
async def get_key_set(issuer: Issuer) -> JSONResponse:
    """Read the public keys that access tokens are signed with."""
    public = {name: str(part) for name, part in issuer.key.as_dict(private=False).items()}
    return JSONResponse(KeySetOut(keys=[{**public, "use": "sig", "alg": "ES256"}]).model_dump(), headers=KEPT_FOR)


@router.get("/.well-known/oauth-authorization-server", dependencies=[KEYS_ARE_PUBLIC])
async def get_token_server(issuer: Issuer) -> TokenServer:
    """Read how tokens are asked for here."""
    return TokenServer(
        issuer=issuer.name,
        token_endpoint=f"{issuer.name}/oauth/token",
        jwks_uri=f"{issuer.name}/.well-known/jwks.json",
        scopes_supported=sorted(PARTNER_SCOPES),
        token_endpoint_auth_signing_alg_values_supported=ALGORITHMS,
    )
