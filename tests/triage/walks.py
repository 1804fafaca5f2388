"""State machines that walk through triage's real routes and worker by chance, the same way each time."""

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.triage.conftest import Front


class Walk(RuleBasedStateMachine):
    """A front door and the loop that it runs on, for rules that are not asynchronous; `reached` are states seen."""

    front: ClassVar[Front]
    loop: ClassVar[asyncio.AbstractEventLoop]
    reached: ClassVar[set[str]]

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)


def walk(machine: type[Walk], *, times: int, steps: int) -> None:
    """Walk so many times, each of so many steps; a failure is raised as it came, and comes again."""
    checks = settings(
        max_examples=times,
        phases=[Phase.generate],
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=checks)
