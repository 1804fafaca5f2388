"""The files that run the front door elsewhere say what is so: commands, settings, images, paths and routes exist."""

import re
import shlex
from typing import Any

import pytest
import typer
from fastapi import FastAPI
from pydantic_settings import BaseSettings

from services.__main__ import app as command_line
from services.front_door.health import health
from services.front_door.microservice import BUILDERS
from services.front_door.settings import ServeSettings
from services.notifications import api as notifications
from services.notifications.settings import Settings as NotificationsSettings
from services.referrals import api as referrals
from services.referrals.settings import Settings as ReferralsSettings
from services.triage import api as triage
from services.triage.settings import Settings as TriageSettings
from tests.conftest import ROOT
from tests.journeys.composition import composed
from tests.journeys.gateway import CLOSED, CONFIGURATION, service_of

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
OWN = ("migrate", "referrals", "triage", "notifications")
APIS = {"referrals": referrals, "triage": triage, "notifications": notifications}
SETTINGS: dict[str, type[BaseSettings]] = {
    "referrals": ReferralsSettings,
    "triage": TriageSettings,
    "notifications": NotificationsSettings,
}
PINNED = re.compile(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[\w.-]+)?")


def documented() -> set[str]:
    return set(re.findall(r"\| `(FRONTDOOR_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))


def paths_of(service: str) -> list[str]:
    application = FastAPI()
    application.include_router(APIS[service].router)
    application.include_router(health({}))
    return [re.sub(r"\{\w+\}", "x", path) for path in application.openapi()["paths"]]


@pytest.mark.parametrize("name", OWN)
def test_every_command_exists(name: str) -> None:
    """The command line takes each command of the composition, with all its arguments."""
    name_given, *arguments = composed()[name]["command"]
    chosen = getattr(typer.main.get_command(command_line), "commands")[name_given]  # noqa: B009 - it is a group
    chosen.make_context(name_given, arguments).close()


def test_all_three_services_are_served() -> None:
    """Each service has its own process, database settings and health check; nothing else of ours runs."""
    served = {tuple(composed()[name]["command"][:2]) for name in OWN[1:]}
    assert served == {("serve", name) for name in BUILDERS}
    ours = {name for name, service in composed().items() if service["image"].startswith("frontdoor:")}
    assert ours == set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_every_variable_is_a_documented_setting(name: str) -> None:
    """Each FRONTDOOR_ variable of the composition stands in docs/settings.md, as do those it is given from."""
    environment = composed()[name]["environment"]
    assert set(environment) - documented() == set()
    given = set(re.findall(r"\$\{(\w+)", " ".join(map(str, environment.values()))))
    assert given - documented() - {"POSTGRES_PASSWORD"} == set()


@pytest.mark.parametrize("name", SETTINGS)
def test_every_required_setting_is_given(name: str) -> None:
    """What a service cannot start without comes from the composition or from the file that `migrate` writes."""
    written = {"DATABASE_URL", "VAULT_KEY", "INDEX_KEY", "CLIENT_KEY"} | (
        {"SIGNING_KEY"} if name == "referrals" else set()
    )
    given = written | {variable.removeprefix("FRONTDOOR_") for variable in composed()[name]["environment"]}
    for settings in (SETTINGS[name], ServeSettings):
        required = {field.upper() for field, told in settings.model_fields.items() if told.is_required()}
        assert required - given == set()


def test_serve_settings_are_explained() -> None:
    """Each setting of `frontdoor serve` stands in docs/settings.md with its default and its description."""
    text = (ROOT / "docs" / "settings.md").read_text()
    for name, field in ServeSettings.model_fields.items():
        shown = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)}`"
        assert f"| `FRONTDOOR_{name.upper()}` | {shown} | {field.description} |" in text


def test_every_image_is_pinned() -> None:
    """Images of the composition and of the Dockerfile have an exact version; our own is that of the package."""
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    images = [service["image"] for service in composed().values()]
    assert [image for image in (*images, *bases) if not PINNED.fullmatch(image)] == []
    (version,) = re.findall(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {composed()[name]["image"] for name in OWN} == {f"frontdoor:{version}"}


def test_every_health_check_names_a_path_that_is_served() -> None:
    """Services and gateway are asked for readiness on the port that they listen on."""
    for name in (*OWN[1:], "gateway"):
        (port, path) = re.findall(r"localhost:(\d+)(/[\w/]+)", " ".join(composed()[name]["healthcheck"]["test"]))[0]
        assert path in paths_of("referrals")
        if name == "gateway":
            assert f"listen {port};" in CONFIGURATION.read_text()
        else:
            assert composed()[name]["command"][-2:] == ["--port", port]
            assert f"server {name}:{port} resolve;" in CONFIGURATION.read_text()
            assert f"http://{name}:{port}" in (
                *composed()[name]["environment"].values(),
                f"http://notifications:{port}",
            )


@pytest.mark.parametrize("service", APIS)
def test_the_gateway_leads_every_path_to_its_service(service: str) -> None:
    """Each path of a service's OpenAPI document reaches it; health is answered by one of the three."""
    for path in paths_of(service):
        assert service_of(path) == ("referrals" if path.startswith("/health/") else service), path


@pytest.mark.parametrize("path", ["/internal/referrals/x", "/internal/agencies/standing", "/internal", "/metrics"])
def test_the_gateway_keeps_inner_paths_in(path: str) -> None:
    """Routes between services, and metrics, cannot be reached from outside."""
    assert service_of(path) == CLOSED


def test_nothing_runs_as_root_or_writes_its_root() -> None:
    """The image has a user of its own, and our containers a root that is read only and no capability."""
    last = DOCKERFILE.split("FROM ")[-1]
    assert re.search(r"^USER \d+$", last, re.MULTILINE)
    assert len(re.findall(r"^FROM ", DOCKERFILE, re.MULTILINE)) > 1
    for name in (*OWN, "gateway"):
        service: dict[str, Any] = composed()[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_what_the_image_copies_is_there() -> None:
    """Each file that the Dockerfile copies from the tree is a file of the tree."""
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        *sources, _ = shlex.split(line)
        assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_image_installs_what_was_tested() -> None:
    """Each package of the image's lock, with its hashes, is in the lock that the tests run on."""
    tested = set((ROOT / "requirements.lock").read_text().splitlines())
    image = (ROOT / "deploy" / "runtime.lock").read_text().splitlines()
    pinned = [line for line in image if line.startswith("    --hash") or "==" in line.split("#")[0]]
    assert len(pinned) > 100
    assert [line for line in pinned if line not in tested] == []
