"""Who may be the same person as somebody of an earlier referral, and why. Pure; used by the actions of triage."""

from services.triage.matching.comparison import Comparison, compare
from services.triage.matching.effort import ALONE, CHUNK, Allowance, effort_of, is_same_by_number_or_birth
from services.triage.matching.keys import Key, address_keys, keys_of, probes_of
from services.triage.matching.pairing import Match, best_matches, best_of
from services.triage.matching.people import Person, people_of

__all__ = [
    "ALONE",
    "CHUNK",
    "Allowance",
    "Comparison",
    "Key",
    "Match",
    "Person",
    "address_keys",
    "best_matches",
    "best_of",
    "compare",
    "effort_of",
    "is_same_by_number_or_birth",
    "keys_of",
    "people_of",
    "probes_of",
]
