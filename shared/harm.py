"""What a referral says about danger and harm: read by the questions of the API and by those of the pages. Pure."""

from collections.abc import Mapping
from typing import Any

FGM = "fgm_forced_marriage_honour"
TELLING_HARMS = frozenset({FGM, "domestic_abuse_high_risk", "fabricated_illness_or_treatment_refused", "sexual_abuse"})


def present_indicators(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the codes that the referrer says are present, of whichever child."""
    indicators = document["concern"].get("indicators", [])
    return frozenset(entry["code"] for entry in indicators if entry.get("status", "present") == "present")


def telling_could_harm(document: Mapping[str, Any]) -> bool:
    """Say whether telling the family of the referral could put a child or an adult in danger.

    So with female genital mutilation or forced marriage, sexual abuse, fabricated illness, high-risk domestic abuse,
    an alleged perpetrator who lives at home or may do, and a member who must not learn of the referral.
    """
    if present_indicators(document) & TELLING_HARMS:
        return True
    return any(
        "referral" in member.get("must_not_learn", [])
        or (member.get("role_in_concern") == "alleged_perpetrator" and member.get("lives_with_child") != "no")
        for member in document.get("household", [])
    )
