"""`frontdoor up` and the commands beside it, as real processes on a real folder."""

import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import httpx
import pytest

from services.__main__ import main
from services.cli.running import opened
from services.front_door.postgres import listening, temporary_server
from shared.db import transaction
from shared.outbox import outbox
from tests.conftest import EXAMPLES
from tests.faults.front_door import FrontDoor, command, environment, free_port

SCHOOL = "towcester-primary"
ROUTINES = str(EXAMPLES / "03-attendance-and-routines.json")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontDoor]:
    running = FrontDoor(tmp_path_factory.mktemp("up").resolve() / "data")
    running.start()
    running.await_ready()
    yield running
    running.stop()


def said_by(door: FrontDoor, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Return exit status, output and errors of a command, run here in a thread: a process each takes seconds."""
    place = environment(door.data_dir, door.port, settings)
    output, errors = StringIO(), StringIO()
    with (
        patch.dict(os.environ, place, clear=True),
        patch.object(sys, "argv", ["frontdoor", *arguments]),
        redirect_stdout(output),
        redirect_stderr(errors),
        ThreadPoolExecutor(1) as thread,
    ):
        end = thread.submit(main).exception()
    assert isinstance(end, SystemExit), end
    if isinstance(end.code, str):
        return 1, output.getvalue(), f"{end.code}\n"
    return int(end.code or 0), output.getvalue(), errors.getvalue()


def run(door: FrontDoor, *arguments: str, **settings: str) -> str:
    """Return what a command that succeeds prints."""
    status, output, errors = said_by(door, *arguments, **settings)
    assert status == 0, errors
    return output


def complaint(door: FrontDoor, *arguments: str, **settings: str) -> str:
    """Return the one line that a command which fails says."""
    status, _, errors = said_by(door, *arguments, **settings)
    assert status != 0
    assert len(errors.splitlines()) == 1, errors
    return errors


def refusal(door: FrontDoor, *arguments: str, **settings: str) -> str:
    """Return the one line by which `frontdoor up`, in a process of its own, refuses to start."""
    said = command("up", *arguments, data_dir=door.data_dir, port=door.port, **settings)
    assert said.returncode == 1
    assert len(said.stderr.splitlines()) == 1, said.stderr
    return said.stderr


def submit(door: FrontDoor) -> str:
    """Submit one example; returns its reference."""
    file, reference, status = run(door, "submit", "--agency", SCHOOL, ROUTINES).split()[:3]
    assert (file, status) == (ROUTINES, "received")
    return reference


def get(door: FrontDoor, path: str, token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token.strip()}"} if token else {}
    return httpx.get(f"{door.url}{path}", headers=headers, trust_env=False)


def until(says: Callable[[], str], *words: str) -> list[str]:
    """Run a command until it says all of these words; returns its lines."""
    deadline = time.monotonic() + 30
    said = says()
    while any(word not in said for word in words):
        assert time.monotonic() < deadline, said
        said = says()
    return said.splitlines()


def test_says_once_that_it_is_ready_and_what_the_demo_allows(door: FrontDoor) -> None:
    """One line, with the address and the demo's two liberties."""
    (line,) = [line for line in door.log.read_text().splitlines() if "open at" in line]
    assert door.url in line
    assert "sign-in without a password" in line
    assert "webhooks to this machine" in line


def test_a_second_one_says_so_and_stops(door: FrontDoor) -> None:
    """The same folder is refused, with the process that holds it; the first one goes on."""
    assert door.process is not None
    assert f"process {door.process.pid}" in refusal(door, "--port", "1")
    assert get(door, "/health/ready").is_success


def test_commands_find_a_front_door_by_its_folder(door: FrontDoor) -> None:
    """Without a port, a token comes from where the folder's front door answers."""
    status, output, _ = said_by(door, "token", "--agency", SCHOOL, FRONTDOOR_PORT="")
    assert status == 0
    with httpx.Client(base_url=door.url, trust_env=False) as http:
        assert http.get("/v1/referrals", headers={"Authorization": f"Bearer {output.strip()}"}).status_code == 200


def test_a_taken_port_is_named(door: FrontDoor, tmp_path: Path) -> None:
    """Another folder on the same port is refused before anything is made there."""
    assert f"Port {door.port} is in use" in refusal(door, "--data-dir", str(tmp_path / "data"))
    assert not (tmp_path / "data" / "postgres").exists()


def test_production_refuses_the_demo(door: FrontDoor, tmp_path: Path) -> None:
    """Neither the demo nor its sign-in starts under the production profile."""
    elsewhere = str(tmp_path / "data")
    assert "production" in refusal(door, "--demo", "--data-dir", elsewhere, FRONTDOOR_PROFILE="production")
    assert not (tmp_path / "data").exists()
    assert "production" in complaint(door, "token", "--staff", "screener", FRONTDOOR_PROFILE="production")


def test_keys_are_private(door: FrontDoor) -> None:
    """Nobody else enters the keys, and nobody else reads one; each demo agency has its own."""
    folder = door.data_dir / "keys"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(key.stat().st_mode) for key in folder.iterdir()} == {0o600}
    assert {"northants-police", SCHOOL, "northampton-general", "trust-targeted-support"} <= {
        key.name.removesuffix(".jwk.json") for key in folder.iterdir()
    }
    assert not stat.S_IMODE(door.data_dir.stat().st_mode) & (stat.S_IROTH | stat.S_IWOTH | stat.S_IRGRP)


def test_one_document_describes_all_three_services(door: FrontDoor) -> None:
    """Health and documentation are answered once, for all."""
    paths = get(door, "/openapi.json").json()["paths"]
    assert {"/v1/referrals", "/v1/cases", "/v1/webhook-endpoints", "/health/live", "/health/ready"} <= set(paths)
    assert get(door, "/docs").is_success
    assert get(door, "/health/live").is_success


def test_traces_a_referral_to_its_case(door: FrontDoor) -> None:
    """Steps of all three services appear, in the order of their times, from receipt on."""
    reference = submit(door)
    steps = (
        "emitted uk.frontdoor.referral.submitted.v1",
        "case opened",
        "offered to",
        "in the feed of towcester-family",
    )
    lines = until(lambda: run(door, "trace", reference), *steps)
    assert "received from towcester-primary" in lines[0]
    assert [line[:27] for line in lines] == sorted(line[:27] for line in lines)
    assert complaint(door, "trace", "FD-0000-0000-0000").startswith("frontdoor: There is no referral")


def test_submit_tells_which_file_was_refused(door: FrontDoor, tmp_path: Path) -> None:
    """A file that is no referral fails the command, names its fields, and does not stop the others."""
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"children": []}))
    status, output, _ = said_by(door, "submit", "--agency", SCHOOL, str(wrong), ROUTINES)
    assert status == 1
    refused, taken = output.splitlines()
    assert "not submitted" in refused
    assert "/children" in refused
    assert "received" in taken


def test_submit_sends_what_is_in_the_file(door: FrontDoor, tmp_path: Path) -> None:
    """A child in danger is submitted whatever else its file says, and each warning has a line of its own."""
    odd = tmp_path / "odd.json"
    said = '{"children": [{"given_name": "Ro\\u0000bin", "upn": 7}], "concern": {"immediate_danger": "yes"}}'
    odd.write_text(said, encoding="utf-8-sig")
    status, output, _ = said_by(door, "submit", "--agency", SCHOOL, str(odd))
    assert status == 0
    taken, *warnings = output.splitlines()
    assert "  received  CALL NOW " in taken
    assert any(f"{odd}  /children/0/upn: This was not understood" in line for line in warnings)
    assert any(f"{odd}  /children/0/given_name: Characters that are no text" in line for line in warnings)


def test_nobody_there_is_said_in_a_line(door: FrontDoor, tmp_path: Path) -> None:
    """Commands that need a front door, or a key, say what to do about its absence."""
    assert "Start it with" in complaint(door, "token", "--agency", SCHOOL, "--port", str(free_port()))
    for reading in (("trace", "FD-1"), ("agency", "list"), ("dead-letters", "list")):
        assert "Start it with" in complaint(door, *reading, "--data-dir", str(tmp_path))
    assert "check the name" in complaint(door, "submit", "--agency", "nobody", ROUTINES)


def test_demo_streams_referrals(door: FrontDoor) -> None:
    """Twelve referrals at twenty a second, each with its reference."""
    lines = run(door, "demo", "--rate", "20", "--minutes", "0.01").splitlines()
    assert len({line.split()[0] for line in lines}) == 12


def test_agencies_are_registered_and_shut_out(door: FrontDoor) -> None:
    """A new agency gets tokens by its key until it is disabled, and again when it is enabled."""
    key = door.data_dir / "keys" / "new-school.jwk.json"
    key.write_bytes((door.data_dir / "keys" / f"{SCHOOL}.jwk.json").read_bytes())
    run(door, "agency", "register", "new-school", "--name", "New School", "--source", "2A", "--scope", "events:read")
    run(door, "agency", "add-key", "new-school", str(key))
    assert get(door, "/v1/events", run(door, "token", "--agency", "new-school")).is_success
    run(door, "agency", "disable", "new-school")
    assert "new-school  disabled  2A  events:read" in run(door, "agency", "list")
    assert "invalid_client" in complaint(door, "token", "--agency", "new-school")
    run(door, "agency", "enable", "new-school")
    assert run(door, "token", "--agency", "new-school")


def test_staff_leave_and_are_added(door: FrontDoor) -> None:
    """Who leaves is no colleague any more and signs in again once added; a name that nobody has is refused."""
    assert "screener-2  screener  front-door" in run(door, "staff", "list")
    assert run(door, "staff", "leave", "screener-2") == "screener-2  left, 0 cases back on the queue\n"
    assert "screener-2" not in run(door, "staff", "list")
    assert get(door, "/v1/cases", run(door, "token", "--staff", "screener-2")).status_code == 401
    assert "Is it screener" in complaint(door, "staff", "leave", "screner")
    run(door, "staff", "add", "screener-2")
    run(door, "staff", "add", "j.doe", "--name", "Jo Doe", "--role", "manager", "--issuer", "https://login.example")
    assert "is a team of the hub" in complaint(
        door, "staff", "add", "lado", "--role", "manager", "--issuer", "https://x.example"
    )
    assert "j.doe  manager  front-door  https://login.example  Jo Doe" in run(door, "staff", "list")


def test_the_directory_is_imported_and_its_places_set(door: FrontDoor, tmp_path: Path) -> None:
    """What is published can be imported, places hold from their week, and a postcode tells its council."""
    file, postcodes = tmp_path / "services.json", tmp_path / "ons.csv"
    file.write_bytes(get(door, "/services?full=true").content)
    assert "5 services  imported" in run(door, "hub", "directory", "import", str(file))
    run(door, "hub", "directory", "capacity", "kettering-family-hub", "unborn-71", "3", "--week", "2026-W01")
    run(door, "hub", "directory", "capacity", "kettering-family-hub", "unborn-71", "7")
    assert "unborn-71 free 7" in run(door, "hub", "directory", "show")
    assert "unborn-71  places 7  taken 0" in run(door, "hub", "directory", "show", "kettering-family-hub")
    postcodes.write_text("pcds,oslaua,lat,long\nNN7 1AA,E06000062,52.2,-1.0\n")
    assert "1 postcodes  imported" in run(door, "hub", "import-postcodes", str(postcodes))
    assert "lacks a column: pcds" in complaint(door, "hub", "import-postcodes", str(file))
    assert "2026-W48" in complaint(door, "hub", "directory", "capacity", "a", "unborn-71", "7", "--week", "soon")


async def test_a_poison_event_becomes_a_dead_letter_alone(door: FrontDoor) -> None:
    """An event that nobody understands is shown, others flow past it, and it can be dropped."""
    async with opened(door.data_dir) as databases, transaction(databases["referrals"]) as session:
        unknown = {"type": "uk.frontdoor.unheard_of.v9", "subject": "nobody", "headers": {}, "payload": b"{}"}
        await session.execute(outbox.insert().values(event_id=uuid4(), **unknown))
    letters = until(lambda: run(door, "dead-letters", "list"), "triage  dead", "notifications  dead")
    letter, reader, _ = letters[0].split(maxsplit=2)
    run(door, "dead-letters", "drop", letter)
    assert f"{letter}  {reader}  dropped" in run(door, "dead-letters", "list")
    assert "no dead letter" in complaint(door, "dead-letters", "replay", letter)
    reference = submit(door)
    until(lambda: run(door, "trace", reference), "case opened")


def test_goes_on_where_it_was_stopped(door: FrontDoor) -> None:
    """Ctrl-C ends it with success and its database with it; the next start has everything."""
    reference = submit(door)
    assert door.stop() == 0
    assert not listening(door.data_dir / "postgres")
    door.start()
    door.await_ready()
    items = get(door, "/v1/referrals?limit=200", run(door, "token", "--agency", SCHOOL)).json()["items"]
    assert reference in {item["reference"] for item in items}


def test_migrate_leaves_a_running_one_alone(door: FrontDoor, tmp_path: Path) -> None:
    """Databases can be made ready beforehand, but not under a front door that runs."""
    assert "already runs" in complaint(door, "migrate")
    said = run(door, "migrate", "--data-dir", str(tmp_path.resolve() / "data"))
    assert said.splitlines() == [f"{name}  up to date" for name in ("referrals", "triage", "notifications")]
    assert not listening(tmp_path.resolve() / "data" / "postgres")


def test_takes_a_server_that_is_given(tmp_path: Path) -> None:
    """With a database URL it makes no server of its own, and works the same."""
    with temporary_server() as admin_url:
        door = FrontDoor(tmp_path.resolve() / "data", FRONTDOOR_DATABASE_URL=admin_url)
        door.start()
        try:
            door.await_ready()
            submit(door)
            assert not (door.data_dir / "postgres").exists()
        finally:
            assert door.stop() == 0
