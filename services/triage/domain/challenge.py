"""Professional disagreement with a decision: its stages, and the facts that stop it. Pure; used by actions."""

from collections.abc import Sequence
from enum import StrEnum

from shared.problems import Problem


class ChallengeState(StrEnum):
    """Open until it is answered; `reopen` is the answer that has the case decided anew."""

    OPEN = "open"
    UPHELD = "upheld"
    NOT_UPHELD = "not_upheld"
    REOPEN = "reopen"


class CaseNotDecided(Problem):
    """There is no decision that stands, so there is none to reopen or to disagree with."""

    title, status, slug = "The case is not decided", 409, "case-not-decided"


class ChallengeOpen(Problem):
    """The same decision is challenged, and nobody has answered yet."""

    title, status, slug = "A challenge waits for its answer", 409, "challenge-open"


class ChallengeStagesOver(Problem):
    """The last stage of the hub's escalation has answered."""

    title, status, slug = "There is no further stage", 409, "challenge-stages-over"


class ChallengeAnswered(Problem):
    """Somebody answered before; the answer stands."""

    title, status, slug = "This challenge is answered already", 409, "challenge-answered"


class AnswererMustDiffer(Problem):
    """Somebody of the stage's role has to answer who neither decided nor countersigned, nor answered before."""

    title, status, slug = "Another person has to answer", 403, "answerer-must-differ"


def next_stage(states: Sequence[str], stages: int) -> int:
    """Return the stage, from 1, at which a decision is challenged now; `states` are of its challenges, in order."""
    if ChallengeState.OPEN in states:
        raise ChallengeOpen("Wait for the answer; after it the next stage is open to you.")
    if len(states) >= stages:
        raise ChallengeStagesOver("Ring the hub if you still fear for the child.")
    return len(states) + 1
