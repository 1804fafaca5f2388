"""The embedded server on a real folder: found again, restarted after every kind of death, closed to strangers."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL, make_url

from services.front_door import databases, postgres


def ask(place: URL, statement: str) -> str:
    """Return what psql, as an independent client, gets for an answer."""
    asked = subprocess.run(
        [postgres.binary("psql"), "-XAtq", "-c", statement],
        env={
            "PGHOST": str(place.query["host"]),
            "PGUSER": str(place.username),
            "PGPASSWORD": str(place.password),
            "PGDATABASE": str(place.database),
        },
        check=False,
        capture_output=True,
        text=True,
    )
    if asked.returncode:
        raise RuntimeError(asked.stderr)
    return asked.stdout.strip()


def superuser(folder: Path, password: str = "sesame") -> URL:
    return make_url(postgres.url(folder, postgres.SUPERUSER, password))


@pytest.fixture(scope="module")
def servers() -> list[postgres.Server]:
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, servers: list[postgres.Server]) -> Iterator[Path]:
    """Lend a folder with a server; all that the tests start on it are ended and waited for."""
    place = tmp_path_factory.mktemp("server").resolve() / "postgres"
    servers.append(postgres.start(place, "sesame"))
    yield place
    for server in reversed(servers):
        server.stop()


@pytest.fixture(scope="module")
async def passwords(folder: Path) -> dict[str, str]:
    chosen = {role: f"password of {role}" for role in databases.ROLES}
    admin_url = postgres.url(folder, postgres.SUPERUSER, "sesame")
    await databases.provision(admin_url, chosen)
    await databases.provision(admin_url, chosen)
    return chosen


def test_is_durable_and_takes_no_network(folder: Path) -> None:
    """Commits reach the disk, and no TCP address listens."""
    for setting, wanted in {"fsync": "on", "synchronous_commit": "on", "listen_addresses": ""}.items():
        assert ask(superuser(folder), f"SHOW {setting}") == wanted


def test_superuser_needs_the_password(folder: Path) -> None:
    """Even on its own socket the server asks for a password."""
    with pytest.raises(RuntimeError, match="password authentication failed"):
        ask(superuser(folder, "wrong"), "SELECT 1")


def test_second_start_attaches(folder: Path) -> None:
    """A server that runs already is used, not started again."""
    before = ask(superuser(folder), "SELECT pg_postmaster_start_time()")
    assert postgres.start(folder, "sesame").process is None
    assert ask(superuser(folder), "SELECT pg_postmaster_start_time()") == before


def test_comes_back_after_kill_9(folder: Path, servers: list[postgres.Server]) -> None:
    """What was committed is there after the server's process was killed."""
    ask(superuser(folder), "CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(int((folder / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    while postgres.listening(folder):
        time.sleep(0.01)
    servers.append(postgres.start(folder, "sesame"))
    assert ask(superuser(folder), "SELECT n FROM kept") == "7"


def test_pid_file_of_a_stranger_is_no_obstacle(folder: Path, servers: list[postgres.Server]) -> None:
    """A stale pid file whose number another process of the same account now has does not stop the start."""
    servers[-1].stop()
    with subprocess.Popen(["/bin/sleep", "600"], **postgres._as_account()) as stranger:  # noqa: SLF001
        trace = f"{stranger.pid}\n{folder}\n1\n5432\n{folder}\n\n  1 1\nready\n"
        (folder / "postmaster.pid").write_text(trace)
        (folder / f"{postgres.SOCKET_NAME}.lock").write_text(trace)
        try:
            servers.append(postgres.start(folder, "sesame"))
        finally:
            stranger.kill()
    assert ask(superuser(folder), "SELECT 1") == "1"


def test_stop_is_clean(folder: Path, servers: list[postgres.Server]) -> None:
    """After a stop nothing listens, and the next start has nothing to recover."""
    log = folder.parent / "postgres.log"
    servers[-1].stop()
    assert not postgres.listening(folder)
    read = len(log.read_text())
    servers.append(postgres.start(folder, "sesame"))
    assert "was not properly shut down" not in log.read_text()[read:]


def test_log_tells_no_values(folder: Path) -> None:
    """Statements that fail leave neither their text nor their values in the server's log."""
    ask(superuser(folder), "CREATE TABLE once AS SELECT 'Canary Marlowe' AS name; CREATE UNIQUE INDEX ON once (name)")
    for failing in ("SELECT 'Canary Marlowe'::int", "INSERT INTO once VALUES ('Canary Marlowe')"):
        with pytest.raises(RuntimeError, match="Canary"):
            ask(superuser(folder), failing)
    assert "Canary" not in (folder.parent / "postgres.log").read_text()


def test_long_path_and_half_made_cluster(tmp_path: Path) -> None:
    """A path too long for a socket works, and so does one where an earlier start died half way."""
    folder = tmp_path.resolve() / ("long" * 30) / "postgres"
    (folder.with_name("postgres.new") / "base").mkdir(parents=True)
    server = postgres.start(folder, "sesame")
    try:
        assert ask(superuser(folder), "SELECT 1") == "1"
    finally:
        server.stop()


def test_temporary_server_is_gone_afterwards() -> None:
    """Tests get an empty server by its URL, and its folder does not stay."""
    with postgres.temporary_server() as admin_url:
        assert ask(make_url(admin_url), "SELECT 1") == "1"
    assert not Path(str(make_url(admin_url).query["host"])).exists()


def test_a_role_enters_its_own_database_only(folder: Path, passwords: dict[str, str]) -> None:
    """Each of the six roles gets into one of the four databases."""
    for role, password in passwords.items():
        entered = []
        for database in (*databases.SERVICES, "postgres"):
            try:
                ask(make_url(postgres.url(folder, role, password, database)), "SELECT 1")
            except RuntimeError:
                continue
            entered.append(database)
        assert entered == [role.rpartition("_")[0]]


async def test_connect_is_not_granted_to_others() -> None:
    """Without the access rules too, a service's role is refused by the databases of the others."""
    with postgres.temporary_server() as admin_url:
        chosen = dict.fromkeys(databases.ROLES, "sesame")
        await databases.provision(admin_url, chosen)
        triage = make_url(databases.urls(admin_url, chosen)["triage"].app)
        assert ask(triage, "SELECT 1") == "1"
        for other in ("referrals", "notifications"):
            with pytest.raises(RuntimeError, match="CONNECT privilege"):
                ask(triage.set(database=other), "SELECT 1")


def test_app_role_makes_no_tables(folder: Path, passwords: dict[str, str]) -> None:
    """The owner makes tables; the working role can neither make one nor reach one that it was not granted."""
    owner, app = (
        make_url(postgres.url(folder, role, passwords[role], "triage")) for role in ("triage_owner", "triage_app")
    )
    ask(owner, "CREATE TABLE thing (n int)")
    for forbidden in ("CREATE TABLE other (n int)", "DROP TABLE thing", "TABLE thing"):
        with pytest.raises(RuntimeError, match=r"permission denied|must be owner"):
            ask(app, forbidden)


async def test_provisions_without_being_superuser() -> None:
    """A role with CREATEROLE and CREATEDB alone provisions a server, and can change the passwords again."""
    with postgres.temporary_server() as admin_url:
        ask(make_url(admin_url), "CREATE ROLE maker LOGIN CREATEROLE CREATEDB PASSWORD 'sesame'")
        maker = make_url(admin_url).set(username="maker", password="sesame")
        for password in ("one", "two"):
            chosen = dict.fromkeys(databases.ROLES, password)
            maker_url = maker.render_as_string(hide_password=False)
            await databases.provision(maker_url, chosen)
            assert ask(make_url(databases.urls(maker_url, chosen)["notifications"].app), "SELECT 1") == "1"
