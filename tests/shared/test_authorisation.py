"""The one function that says who may, for any caller, policy and record."""

from hypothesis import given
from hypothesis import strategies as st

from shared.security import Caller, Policy, Purpose, Relation, Role, may

SLUGS = st.sampled_from(["a-school", "a-hospital", "front-door"])
SCOPES = st.frozensets(st.sampled_from(["referrals:read", "early-help:respond"]))
ROLES = st.frozensets(st.sampled_from(list(Role)))
CALLERS = st.builds(Caller, SLUGS, SLUGS, SCOPES, ROLES, st.sampled_from([None, *Purpose]))
POLICIES = st.builds(Policy, st.sampled_from([None, "referrals:read"]), ROLES, st.booleans())
RELATIONS = st.builds(
    Relation, st.none() | st.frozensets(SLUGS), st.frozensets(SLUGS), st.booleans(), st.frozensets(SLUGS)
)


@given(CALLERS, POLICIES, RELATIONS)
def test_each_condition_alone_shuts_out(caller: Caller, policy: Policy, relation: Relation) -> None:
    """Neither role nor scope, another agency, a conflict or a seal without a grant: any one of them is enough."""
    allowed = may(caller, policy, relation)
    if not policy.anybody and policy.scope not in caller.scopes and not caller.roles & policy.roles:
        assert not allowed
    if relation.agencies is not None and caller.agency not in relation.agencies:
        assert not allowed
    if caller.subject in relation.conflicted or (relation.sealed and caller.subject not in relation.granted):
        assert not allowed


@given(CALLERS, POLICIES, RELATIONS)
def test_nothing_else_shuts_out(caller: Caller, policy: Policy, relation: Relation) -> None:
    """Whoever has the role, the agency, no conflict and no seal before them gets in; a record never adds to it."""
    fits = Relation(frozenset({caller.agency}), relation.conflicted - {caller.subject}, granted=relation.granted)
    assert may(caller, policy, fits) == may(caller, policy)
    assert may(caller, policy) >= may(caller, policy, relation)


@given(POLICIES, RELATIONS)
def test_nobody_proven_gets_in_by_a_public_policy_alone(policy: Policy, relation: Relation) -> None:
    """Without a caller every policy shuts, but for one that is public."""
    assert not may(None, policy, relation)
    assert may(None, Policy(public="for everybody"), relation)
