"""One reader for each identifier, for whoever checks it and whoever uses it: what one reads, the other reads. Pure.

Each takes what people write, and returns the identifier in the one form that can be compared, None where it is none.
"""

import re
from typing import NamedTuple

from nhs_number.validate import is_valid

from shared.text import UNSEEN, normalised

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_is_upn = re.compile(r"[A-Z]\d{11}[0-9A-Z]", re.ASCII).fullmatch
_is_uprn = re.compile(r"\d{1,12}", re.ASCII).fullmatch
_nhs_number = re.compile(r"(?:NHS(?:NO|NUMBER)?)?(\d{10})", re.ASCII).fullmatch
OUTWARD = "[A-Z]{1,2}[0-9][0-9A-Z]?"
_is_outward = re.compile(OUTWARD).fullmatch
_whole_postcode = re.compile(f"({OUTWARD})[0-9][A-Z]{{2}}").fullmatch
_cut_postcode = re.compile(f"({OUTWARD})(?:[0-9][A-Z]?)?").fullmatch
_postcodes_within = re.compile(rf"\b({OUTWARD}) ?([0-9][A-Z]{{2}})\b", re.ASCII).findall
_between = re.compile(r"[\W_]+")


class Postcode(NamedTuple):
    """`whole` is in capitals without its space, None where only the district, such as `NN12`, is known."""

    district: str
    whole: str | None


def read_nhs_number(text: str) -> str | None:
    """Check digit by modulus 11 over ten digits (NHS Data Dictionary).

    One digit ten times over passes that check too; it is written where the number is not known.
    """
    found = _nhs_number(_plain(text))
    number = found[1] if found else ""
    return number if len(set(number)) > 1 and is_valid(number) else None


def read_upn(text: str) -> str | None:
    """Check letter by modulus 23 over the other twelve characters (DfE guide to unique pupil numbers)."""
    upn = _plain(text)
    if not _is_upn(upn) or not set(upn[0] + upn[12]) <= {*UPN_LETTERS, *"0123456789"}:
        return None
    values = [UPN_LETTERS.index(c) if c.isalpha() else int(c) for c in upn[1:]]
    return upn if UPN_LETTERS[sum(weight * value for weight, value in enumerate(values, 2)) % 23] == upn[0] else None


def read_uprn(text: str) -> str | None:
    """Up to twelve digits; those before the first that is not 0 mean nothing (GeoPlace)."""
    uprn = _plain(text)
    return uprn.lstrip("0") or None if _is_uprn(uprn) else None


def read_postcode(text: str) -> Postcode | None:
    """Read a postcode, whole or cut short, alone or among other words; not whether anybody lives there.

    Of several postcodes in different districts none is read: whose is whose takes a person.
    """
    words = _words(text)
    plain = "".join(words)
    if whole := _whole_postcode(plain):
        return Postcode(whole[1], plain)
    within = {Postcode(outward, outward + inward) for outward, inward in _postcodes_within(" ".join(words))}
    if within:
        districts = {found.district for found in within}
        return within.pop() if len(within) == 1 else Postcode(districts.pop(), None) if len(districts) == 1 else None
    if words and _is_outward(words[0]):
        return Postcode(words[0], None)
    cut = _cut_postcode(plain)
    return Postcode(cut[1], None) if cut else None


def _words(text: str) -> list[str]:
    plain = text if text.isascii() else normalised("NFKC", UNSEEN.sub("", text))
    return [word for word in _between.split(plain.upper()) if word]


def _plain(text: str) -> str:
    return "".join(_words(text))
