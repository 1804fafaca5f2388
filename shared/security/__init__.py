"""Who calls, by access tokens, and who may, by one pure function that every route asks."""

from shared.security.authorisation import (
    CASE_ROLES,
    FRONT_DOOR,
    GUEST_ROLE,
    STAFF_ROLES,
    Caller,
    Policy,
    Purpose,
    Relation,
    Role,
    may,
)
from shared.security.doors import PURPOSE_HEADER, Declared, allow, caller_of, policies_of, public
from shared.security.proofs import FailedProofs, Proof
from shared.security.tokens import (
    ALGORITHMS,
    TOKEN_SECONDS,
    TOKEN_TYPE,
    Issuer,
    KeySource,
    KnownKeys,
    Verifier,
    issue_token,
)

__all__ = [
    "ALGORITHMS",
    "CASE_ROLES",
    "FRONT_DOOR",
    "GUEST_ROLE",
    "PURPOSE_HEADER",
    "STAFF_ROLES",
    "TOKEN_SECONDS",
    "TOKEN_TYPE",
    "Caller",
    "Declared",
    "FailedProofs",
    "Issuer",
    "KeySource",
    "KnownKeys",
    "Policy",
    "Proof",
    "Purpose",
    "Relation",
    "Role",
    "Verifier",
    "allow",
    "caller_of",
    "issue_token",
    "may",
    "policies_of",
    "public",
]
