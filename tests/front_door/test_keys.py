"""The key files of an installation: made once, kept, private."""

import base64
import json
import stat
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from services.front_door import keys


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    """A second start reads what the first one made."""
    sealing = keys.sealing_keys(tmp_path, "triage")
    signing = keys.signing_key(tmp_path, "issuer")
    assert keys.sealing_keys(tmp_path, "triage") == sealing
    assert keys.signing_key(tmp_path, "issuer").as_dict(private=True) == signing.as_dict(private=True)


def test_keys_differ_by_service_and_use(tmp_path: Path) -> None:
    """No two of the sealing keys are the same, and each is 32 bytes."""
    texts = [*keys.sealing_keys(tmp_path, "triage"), *keys.sealing_keys(tmp_path, "referrals")]
    assert len(set(texts)) == 4
    assert {len(base64.b64decode(text, validate=True)) for text in texts} == {32}


def test_nobody_else_may_read(tmp_path: Path) -> None:
    """The folder is 0700, each file 0600, and no unfinished file stays."""
    keys.sealing_keys(tmp_path, "triage")
    keys.signing_key(tmp_path, "towcester-primary")
    folder = tmp_path / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes(folder) == {0o600}
    assert {path.name for path in folder.iterdir()} == {
        "vault-triage.key",
        "index-triage.key",
        "towcester-primary.jwk.json",
    }


def test_a_folder_left_open_is_closed(tmp_path: Path) -> None:
    """A keys folder that others could enter is closed at the next start."""
    (tmp_path / "keys").mkdir(mode=0o755)
    keys.signing_key(tmp_path, "issuer")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_signing_key_signs_and_its_public_half_verifies(tmp_path: Path) -> None:
    """The file is an ES256 JWK with a kid, and the public half lacks the private member."""
    key = keys.signing_key(tmp_path, "northants-police")
    stored = json.loads((tmp_path / "keys" / "northants-police.jwk.json").read_text())
    public = keys.public_jwk(key)
    assert stored["kid"] == public["kid"]
    assert "d" in stored
    assert "d" not in public
    token = jwt.encode({"alg": "ES256", "kid": public["kid"]}, {"iss": "northants-police"}, key)
    assert jwt.decode(token, ECKey.import_key(dict(public))).claims == {"iss": "northants-police"}


def test_an_unknown_name_is_a_problem(tmp_path: Path) -> None:
    """A name that has no key here is told, and no key is made for it."""
    with pytest.raises(keys.KeyMissing):
        keys.existing_signing_key(tmp_path, "nobody")
    assert not (tmp_path / "keys").exists()


def test_a_lost_key_is_not_made_anew(tmp_path: Path) -> None:
    """With a cluster in place, a missing key that seals is named rather than replaced."""
    keys.sealing_keys(tmp_path, "triage")
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18")
    assert keys.sealing_keys(tmp_path, "triage")
    (tmp_path / "keys" / "vault-triage.key").unlink()
    with pytest.raises(keys.KeyMissing):
        keys.sealing_keys(tmp_path, "triage")
