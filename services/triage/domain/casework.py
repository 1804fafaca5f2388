"""What happens on a case beside deciding, and what stops it. Pure; used by the actions of triage."""

from enum import StrEnum

from shared.problems import Problem


class NewInformationKind(StrEnum):
    """How something new came to a case that is open already."""

    INFORMATION = "information"
    WITHDRAWAL = "withdrawal"
    LINKED_CASE = "linked_case"
    RESPONSE = "response"


class NewInformationAcknowledged(Problem):
    """Somebody took note of it before; its clock has ended."""

    title, status, slug = "This is acknowledged already", 409, "new-information-acknowledged"
