"""The composition of docker-compose.yml as plain processes: the same commands, settings and routes, on free ports."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import yaml

from services.front_door import keys, postgres
from tests.conftest import ROOT
from tests.faults.front_door import environment, free_port
from tests.journeys.gateway import gateway

COMPOSE = ROOT / "docker-compose.yml"
SERVICES = ("referrals", "triage", "notifications")
START_SECONDS = 120
VARIABLE = re.compile(r"\$\{(\w+)(?::[-?]([^}]*))?\}")


def composed() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


class Instance:
    """One process of a service, started again on the same port; `more` are arguments beyond the composition's."""

    def __init__(self, service: str, settings: dict[str, str], log: Path, *more: str) -> None:
        self.service, self.settings, self.log, self.more = service, settings, log, more
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = composed()[self.service]["command"]
        place = command.index("--port") + 1
        arguments = [*command[:place], str(self.port), *command[place + 1 :], *self.more]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services", *arguments],
                cwd=ROOT,
                env=self.settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def await_ready(self) -> None:
        """Wait for readiness, as the health check of the composition asks for it."""
        deadline = time.monotonic() + START_SECONDS
        while status(self.port, "/health/ready") != 200:
            assert self.process is not None
            assert self.process.poll() is None, f"{self.service} ended: {self.log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"{self.service} is not ready: {self.log.read_text()[-3000:]}"
            time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop as a container engine does; returns its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(90)


class Composition:
    """Three services, `instances` processes each, on a PostgreSQL of their own, `kafka` and a gateway on one port.

    `settings` are environment variables beyond those of the composition. The data folder is laid out as that of
    `frontdoor up`, so that every command works beside it.
    """

    def __init__(self, data_dir: Path, kafka: str, *, instances: int = 1, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = data_dir.parent / "composition.log"
        self._kafka = kafka
        self._settings = settings
        self._ending = contextlib.ExitStack()
        self.instances = {service: [Instance(service, {}, self.log) for _ in range(instances)] for service in SERVICES}

    def start(self) -> None:
        """Start the database, migrate, and start all services and the gateway; returns at once thereafter."""
        for service in SERVICES:
            keys.sealing_keys(self.data_dir, service)
        self._migrate(self._start_database())
        for instance in self.all:
            instance.settings = self.settings_of(instance.service)
            instance.start()
        addresses = {name: [instance.url for instance in running] for name, running in self.instances.items()}
        self._ending.enter_context(gateway(self.port, addresses))

    def mend(self) -> None:
        """Start the database again; the services find it by themselves."""
        self._start_database()

    def _start_database(self) -> str:
        """Start the database server; returns its superuser's URL."""
        password = keys.superuser_password(self.data_dir)
        roomy = {**postgres.SETTINGS, "max_connections": "200"}
        server = postgres.start(self.data_dir / "postgres", password, roomy)
        self._ending.callback(server.stop)
        return postgres.url(server.folder, postgres.SUPERUSER, password)

    @property
    def all(self) -> list[Instance]:
        return [instance for running in self.instances.values() for instance in running]

    def await_ready(self) -> None:
        for instance in self.all:
            instance.await_ready()

    def stop(self) -> int:
        """Stop the services, the gateway and the database; returns the worst exit status of a service."""
        try:
            return max((instance.stop() for instance in self.all if instance.process), key=abs, default=0)
        finally:
            self._ending.close()

    def settings_of(self, service: str) -> dict[str, str]:
        """Return the environment that the composition gives a service, with the places of this machine."""
        first = {name: running[0].url for name, running in self.instances.items()}
        here = {
            "FRONTDOOR_ISSUER": self.url,
            "FRONTDOOR_KAFKA": self._kafka,
            "FRONTDOOR_REFERRALS_URL": first["referrals"],
            "FRONTDOOR_TRIAGE_URL": first["triage"],
            "FRONTDOOR_NOTIFICATIONS_URL": first["notifications"],
            "FRONTDOOR_HOST": "127.0.0.1",
            "FRONTDOOR_SETTINGS": str(self.data_dir / "services" / service / "settings.env"),
        }
        return self._environment(service, here)

    def _migrate(self, admin_url: str) -> None:
        here = {"FRONTDOOR_DATABASE_URL": admin_url, "FRONTDOOR_KAFKA": self._kafka}
        command = [str(self.data_dir) if word == "/installation" else word for word in composed()["migrate"]["command"]]
        done = subprocess.run(
            [sys.executable, "-m", "services", *command],
            cwd=ROOT,
            env=self._environment("migrate", here),
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr

    def _environment(self, service: str, here: dict[str, str]) -> dict[str, str]:
        told = {name: _filled(str(value)) for name, value in composed()[service]["environment"].items()}
        assert set(here) <= set(told), "the composition does not say where something is"
        beyond = {"FRONTDOOR_PROFILE": "demo", **self._settings}
        return environment(self.data_dir, self.port, {**told, **here, **beyond})


def _filled(text: str) -> str:
    return VARIABLE.sub(lambda found: os.environ.get(found[1], found[2] or ""), text)


def status(port: int, path: str) -> int | None:
    """Return the status of a GET, or None where nothing answers."""
    asking = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        asking.request("GET", path)
        return asking.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        asking.close()
