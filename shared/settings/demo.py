"""The demo's agencies, staff and referrers, from the hub's `demo.yaml`; nobody looks at it under another profile."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.security import GUEST_ROLE, Role
from shared.settings.codes import code_list_of
from shared.settings.files import Frozen, HubUnreadable, Line, read_file, validated

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=63)]
Scopes = Annotated[tuple[Line, ...], Field(min_length=1)]


def _of_staff(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if GUEST_ROLE in roles:
        raise ValueError(f"people with the role {GUEST_ROLE} stand under referrers, with their agency")
    return roles


class DemoAgency(Frozen):
    """`source` is the DfE code of what it refers."""

    name: Line
    source: Line
    scopes: Scopes


class Demo(Frozen):
    """`agencies` by slug; `personas` by name, each with its roles; `referrers` by name, each with its agency.

    `scopes` are there to be named in the file, and no more.
    """

    scopes: Mapping[Line, Scopes] = {}
    agencies: Mapping[Slug, DemoAgency]
    personas: Mapping[Line, Annotated[tuple[Role, ...], Field(min_length=1), AfterValidator(_of_staff)]]
    referrers: Mapping[Line, Slug] = {}

    @model_validator(mode="after")
    def _agencies_are_there(self) -> Self:
        if strange := sorted(set(self.referrers.values()) - self.agencies.keys()):
            raise ValueError(f"referrers: there is no agency {', '.join(strange)} under agencies")
        if both := sorted(self.referrers.keys() & self.personas.keys()):
            raise ValueError(f"referrers: {', '.join(both)} stands under personas too; keep one")
        return self


def load_demo(hub_dir: Path) -> Demo:
    """Raise `HubUnreadable` where the file is not there or does not fit the hub."""
    path, codes = hub_dir / "demo.yaml", hub_dir / "codes" / "referral_source.yaml"
    demo, sources = validated(Demo, read_file(path), path), code_list_of(read_file(codes), codes)
    if strange := sorted({agency.source for agency in demo.agencies.values() if not sources.takes(agency.source)}):
        raise HubUnreadable(f"{path}: agencies: source: {codes.name} has no code {', '.join(strange)}")
    return demo
