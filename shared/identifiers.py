"""Whether a number that names a child can be one: the checks that both intake and matching rely on. Pure."""

import re

from nhs_number.validate import is_valid

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
UPN = re.compile(r"[A-Z]\d{11}[0-9A-Z]", re.ASCII)


def is_nhs_number(given: str) -> bool:
    """Check digit by modulus 11 over ten digits (NHS Data Dictionary)."""
    return bool(given.isascii() and is_valid(given))


def is_upn(given: str) -> bool:
    """Check letter by modulus 23 over the other twelve characters (DfE guide to unique pupil numbers)."""
    upn = given.replace(" ", "").upper()
    if not UPN.fullmatch(upn) or not set(upn[0] + upn[12]) <= {*UPN_LETTERS, *"0123456789"}:
        return False
    values = [UPN_LETTERS.index(c) if c.isalpha() else int(c) for c in upn[1:]]
    return UPN_LETTERS[sum(weight * value for weight, value in enumerate(values, 2)) % 23] == upn[0]
