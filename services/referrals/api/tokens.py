"""Routes of the token server: one grant, its keys and its description (RFC 6749, RFC 7517, RFC 8414)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse

from services.referrals.actions.grant_token import TokenIssuer, grant_token
from services.referrals.api.access import ISSUER, Session
from services.referrals.domain.agencies import PARTNER_SCOPES
from services.referrals.domain.assertions import TokenRefused, read_form
from services.referrals.schemas import KeySetOut, TokenOut, TokenRefusedOut, TokenServer
from shared.http.routes import StrictRoute
from shared.http.service import state_of
from shared.http.strict import Body
from shared.security import ALGORITHMS, public

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
REFUSALS: dict[int | str, dict[str, Any]] = {400: {"model": TokenRefusedOut}, 401: {"model": TokenRefusedOut}}
KEPT_FOR = {"Cache-Control": "public, max-age=300"}

TOKENS_BEGIN_HERE = public("whoever asks for a token has none yet; the assertion proves them")
KEYS_ARE_PUBLIC = public("public keys and where to ask for tokens")

router = APIRouter(route_class=StrictRoute, tags=["tokens"])

Issuer = Annotated[TokenIssuer, Depends(state_of(ISSUER))]


@router.post(
    "/oauth/token",
    response_model=TokenOut,
    responses=REFUSALS,
    openapi_extra=FORM,
    dependencies=[TOKENS_BEGIN_HERE],
)
async def post_token(
    issuer: Issuer, body: Body, session: Session, content_type: Annotated[str, Header()] = ""
) -> JSONResponse:
    """Exchange a client assertion (`private_key_jwt`) for an access token of five minutes."""
    try:
        granted = await grant_token(session, issuer, read_form(content_type, body))
    except TokenRefused as refused:
        return _refusal(refused)
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


def _refusal(refused: TokenRefused) -> JSONResponse:
    body = TokenRefusedOut(error=refused.error, error_description=refused.detail)
    status = 401 if refused.error == "invalid_client" else refused.status
    return JSONResponse(body.model_dump(), status, {"Cache-Control": "no-store"})
