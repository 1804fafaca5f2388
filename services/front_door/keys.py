"""The keys of an installation: files in `<data-dir>/keys`, made on first start and never overwritten.

Read by `frontdoor up` and by the commands that speak to it; nobody else may enter the folder.
"""

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from joserfc.jwk import ECKey

from shared.problems import Problem

SEALING: Final = ("vault", "index")


class KeyMissing(Problem):
    """A key file that sealed records or working roles depend on is gone."""

    title, status, slug = "A key of this installation is missing", 500, "key-missing"


def keys_folder(data_dir: Path) -> Path:
    folder = data_dir / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def sealing_keys(data_dir: Path, service: str) -> tuple[str, str]:
    """Return the service's vault key and index key, each 32 random bytes in base64."""
    vault, index = (_lasting(data_dir, f"{kind}-{service}.key", _random_key) for kind in SEALING)
    return vault, index


def superuser_password(data_dir: Path) -> str:
    return _lasting(data_dir, "postgres.password", secrets.token_urlsafe)


def passwords(data_dir: Path, roles: Iterable[str]) -> dict[str, str]:
    """Return a random database password for each of the roles."""
    folder = keys_folder(data_dir)
    return {role: _kept(folder / f"postgres-{role}.password", secrets.token_urlsafe) for role in roles}


def signing_key(data_dir: Path, name: str) -> ECKey:
    """Return the private ES256 key `name`, with its thumbprint as `kid`; made where it is missing."""
    return ECKey.import_key(json.loads(_kept(keys_folder(data_dir) / f"{name}.jwk.json", _new_signing_key)))


def existing_signing_key(data_dir: Path, name: str) -> ECKey:
    """Return the private key `name` of a front door that was started here before."""
    path = data_dir / "keys" / f"{name}.jwk.json"
    if not path.exists():
        raise KeyMissing(f"There is no {path}; check the name and --data-dir.")
    return ECKey.import_key(json.loads(path.read_text()))


def public_jwk(key: ECKey) -> dict[str, str]:
    return {name: str(member) for name, member in key.as_dict(private=False).items()}


def _lasting(data_dir: Path, name: str, make: Callable[[], str]) -> str:
    """Keep a key that must not be made anew beside records that the lost one sealed."""
    path = keys_folder(data_dir) / name
    if not path.exists() and (data_dir / "postgres" / "PG_VERSION").exists():
        raise KeyMissing(f"Put {path} back from your copy; a new one could not open what the old one sealed.")
    return _kept(path, make)


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Read the file, written first where it is missing: whole, and on the disk before anyone uses it."""
    if not path.exists():
        descriptor, unfinished = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(descriptor)
        Path(unfinished).rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    return path.read_text().strip()


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _new_signing_key() -> str:
    return json.dumps(ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True))
