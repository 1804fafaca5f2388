"""The vault: what is sealed opens only where it belongs, and blind indexes tell nothing."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.vault import Vault

VAULT = Vault(b"v" * 32, b"i" * 32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=60)
@given(JSON)
def test_what_is_sealed_opens_again(value: object) -> None:
    """Anything JSON can say comes back unchanged, and sealed twice it looks different."""
    sealed = VAULT.seal("cases", "1", value)
    assert VAULT.open("cases", "1", sealed) == value
    assert VAULT.seal("cases", "1", value) != sealed


@pytest.mark.parametrize(("table", "record", "version"), [("other", "1", 1), ("cases", "2", 1), ("cases", "1", 2)])
def test_a_sealed_value_cannot_be_moved(table: str, record: str, version: int) -> None:
    """Under another table, id or version it does not open."""
    sealed = VAULT.seal("cases", "1", "x")
    with pytest.raises(InvalidTag):
        VAULT.open(table, record, sealed, version=version)


@pytest.mark.parametrize("place", [1, 20, 61, 75, -1])
def test_a_changed_byte_is_found(place: int) -> None:
    """Nonce, wrapped key, text and tag are all protected."""
    sealed = bytearray(VAULT.seal("cases", "1", "a narrative"))
    sealed[place] ^= 1
    with pytest.raises(InvalidTag):
        VAULT.open("cases", "1", bytes(sealed))


def test_another_key_opens_nothing() -> None:
    """A copy of the database without the key is of no use."""
    with pytest.raises(InvalidTag):
        Vault(b"w" * 32, b"i" * 32).open("cases", "1", VAULT.seal("cases", "1", "x"))


def test_blind_indexes_are_equal_for_equals_only() -> None:
    """The same kind and value give the same digest, another kind, value or key another."""
    digest = VAULT.blind("upn", "A1")
    assert digest == VAULT.blind("upn", "A1")
    others = {VAULT.blind("nhs_number", "A1"), VAULT.blind("upn", "A2"), Vault(b"v" * 32, b"j" * 32).blind("upn", "A1")}
    assert digest not in others
    assert len(others) == 3
