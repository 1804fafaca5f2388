"""Seals personal data for one column, and makes the keyed digests by which it can still be found.

AES-256-GCM with a fresh key for each record, wrapped by the service's key-encryption key (NIST SP 800-38D);
the associated data is table, id and version, so that a sealed value can't be moved to another row.
"""

import hashlib
import hmac
import os
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json, to_json

FORMAT = b"\x01"
NONCE_BYTES = 12
KEY_BYTES = 32
TAG_BYTES = 16
WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES
DIGEST_BYTES = 16


class Vault:
    """Two keys of 32 bytes: `vault_key` wraps record keys, `index_key` makes blind indexes."""

    def __init__(self, vault_key: bytes, index_key: bytes) -> None:
        if len(vault_key) != KEY_BYTES or len(index_key) != KEY_BYTES:
            raise ValueError("FRONTDOOR_VAULT_KEY and FRONTDOOR_INDEX_KEY are 32 bytes each, in base64")
        self._wrapper = AESGCM(vault_key)
        self._index_key = index_key

    def seal(self, table: str, record_id: UUID | str, value: Any, *, version: int = 1) -> bytes:
        """Return `value` (anything JSON can say) sealed for this table, id and version."""
        bound = _bound_to(table, record_id, version)
        key = AESGCM.generate_key(256)
        wrap_nonce, nonce = os.urandom(NONCE_BYTES), os.urandom(NONCE_BYTES)
        wrapped = self._wrapper.encrypt(wrap_nonce, key, bound)
        text = to_json(value)
        return FORMAT + wrap_nonce + wrapped + nonce + AESGCM(key).encrypt(nonce, text, bound)

    def open(self, table: str, record_id: UUID | str, sealed: bytes, *, version: int = 1) -> Any:
        """Return what was sealed; raises `cryptography.exceptions.InvalidTag` for another row or a changed byte."""
        bound = _bound_to(table, record_id, version)
        start, end = len(FORMAT), len(FORMAT) + WRAPPED_BYTES
        wrapped, rest = sealed[start:end], sealed[end:]
        key = self._wrapper.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
        return from_json(AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], bound))

    def blind(self, kind: str, value: str) -> bytes:
        """Return the keyed digest (HMAC-SHA256, 16 bytes) by which an equal value of this kind is found."""
        return hmac.digest(self._index_key, f"{kind}\x1f{value}".encode(), hashlib.sha256)[:DIGEST_BYTES]


def _bound_to(table: str, record_id: UUID | str, version: int) -> bytes:
    return f"{table}\x1f{record_id}\x1f{version}".encode()
