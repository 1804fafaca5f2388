"""What is told of an agency's referrals, and what small numbers keep back."""

from hypothesis import given
from hypothesis import strategies as st

from services.triage.domain.partners import NOT_TOLD, Quality, told_quality

WORDS = ("/concern/childs_words", "What did the child say?")
REFERRER = ("/referrer", "How can we reach you?")
HOME = ("/children/address/postcode", "Where does the child live?")

PARTS = st.dictionaries(st.sampled_from([WORDS, REFERRER, HOME]), st.integers(0, 40))


def told(referrals: int, missing: dict[tuple[str, str], int]) -> Quality:
    quality = told_quality(referrals, 81.0, missing)
    assert quality is not None
    return quality


def test_fewer_than_five_referrals_are_not_told_of() -> None:
    """Four have no quality, five have one."""
    assert told_quality(4, 90.0, {WORDS: 4}) is None
    assert told(5, {}).referrals == 5


def test_parts_come_by_how_often_they_are_missing() -> None:
    """Each with its number and share; the rest, among fewer than five, after them and without."""
    quality = told(40, {HOME: 3, REFERRER: 8, WORDS: 20})
    assert [(one.part, one.missing, one.share) for one in quality.parts] == [
        ("/concern/childs_words", "20", 50),
        ("/referrer", "8", 20),
        ("/children/address/postcode", "fewer than 5", None),
    ]
    assert (quality.share_with("/referrer"), quality.share_with("/household")) == ("80 %", "100 %")
    assert quality.share_with("/children/address/postcode") == NOT_TOLD
    assert quality.score == 80


def test_what_all_but_few_lack_is_told_as_that() -> None:
    """Its number would give away how few had it; where none had it, it is told."""
    quality = told(40, {WORDS: 38, REFERRER: 40})
    assert {one.part: one.missing for one in quality.parts} == {
        "/concern/childs_words": "all but fewer than 5",
        "/referrer": "40",
    }


@given(st.integers(5, 40), PARTS, st.data())
def test_no_number_under_five_is_told(referrals: int, missing: dict[tuple[str, str], int], data: st.DataObject) -> None:
    """Neither of referrals without a part nor of those with it; another small number in its place reads the same."""
    within = {part: min(number, referrals) for part, number in missing.items()}
    for one in told(referrals, within).parts:
        if one.missing.isdigit():
            assert int(one.missing) >= 5
            assert referrals - int(one.missing) not in range(1, 5)
        else:
            assert one.share is None
    small = data.draw(st.integers(1, 4))
    few = {part: small if 0 < number < 5 else number for part, number in within.items()}
    assert told(referrals, few) == told(referrals, within)
    most = {part: referrals - small if 0 < referrals - number < 5 else number for part, number in within.items()}
    if referrals - small >= 5 and all(number >= 5 or not number for number in within.values()):
        assert told(referrals, most) == told(referrals, within)
