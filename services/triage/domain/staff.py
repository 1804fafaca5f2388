"""Who may be signed in to the staff pages, and for how long. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from difflib import get_close_matches

from shared.problems import Problem

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=10)
MOST_SPELLINGS = 3


class SignedOut(Problem):
    """Nobody is signed in: never, not any more, or signed out elsewhere."""

    title, status, slug = "Sign in to go on", 401, "signed-out"


class SignInRefused(Problem):
    """The identity provider's answer does not hold together, or came to another browser or too late."""

    title, status, slug = "You could not be signed in", 403, "sign-in-refused"


class NoRoleHeld(Problem):
    """The identity provider knows the person, but gives them no role at the front door."""

    title, status, slug = "You have no role at the front door", 403, "no-role-held"


class AgencyNotReferring(Problem):
    """A person of a partner whose account names no agency, or one that is not known or may not refer."""

    title, status, slug = "Your agency cannot refer here", 403, "agency-not-referring"


class SentAlready(Problem):
    """The page was sent before with other answers, and what was sent then stands."""

    title, status, slug = "This was sent already", 422, "sent-already"


class FormNotOurs(Problem):
    """A form came from another site, or without the token that this page gave out."""

    title, status, slug = "This form did not come from a page of ours", 403, "form-not-ours"


class PersonHasLeft(Problem):
    """Whoever left is refused until an administrator takes them back, however good their token still is."""

    title, status, slug = "This account has left the front door", 401, "person-has-left"


class AccountUnknown(Problem):
    """The register has nobody of this account: never named, never signed in, and never used a token."""

    title, status, slug = "The register has nobody of this account", 404, "account-unknown"


def who_is_meant(typed: str, names: Mapping[str, str]) -> str:
    """Return the end of a refusal, such as ` Is it manager or manager-2?`, empty where no name is near."""
    near = close_spellings(typed, names)
    return f" Is it {' or '.join(near)}?" if near else ""


def close_spellings(typed: str, names: Mapping[str, str]) -> list[str]:
    """Return the accounts that may be meant, the closest first; `names` gives the name of each account."""
    spellings = {name.casefold(): subject for subject, name in names.items()}
    spellings |= {subject.casefold(): subject for subject in names}
    found = get_close_matches(typed.casefold(), spellings, 2 * MOST_SPELLINGS)
    return list(dict.fromkeys(spellings[one] for one in found))[:MOST_SPELLINGS]
