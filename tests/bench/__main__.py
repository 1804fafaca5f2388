"""`python -m tests.bench [ROW...]`: measures the rows named, or all, prints a line for each and writes the page."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from tests.bench.charts import charts
from tests.bench.delivery import delivery
from tests.bench.end_to_end import end_to_end
from tests.bench.flood import flood
from tests.bench.growth import growth
from tests.bench.intake import intake
from tests.bench.page import write_page
from tests.bench.pages import pages
from tests.bench.relay import relay
from tests.bench.rows import Figures, Row
from tests.bench.stage import Stage, built_stage
from tests.bench.stall import stall
from tests.bench.start import start
from tests.bench.triage import triage
from tests.kafka.broker import missing

BESIDE_A_FLOOR: dict[str, Callable[[Stage], Coroutine[Any, Any, Row | Figures]]] = {
    "intake": intake,
    "relay": relay,
    "triage": triage,
    "pages": pages,
    "growth": growth,
    "charts": charts,
    "delivery": delivery,
}
WHOLE = {"end-to-end": end_to_end, "flood": flood, "stall": stall, "start": start}


def main() -> None:
    # A broker that is still starting is asked until it answers, which is no news here.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    wanted = sys.argv[1:] or [*BESIDE_A_FLOOR, *WHOLE]
    if unknown := set(wanted) - BESIDE_A_FLOOR.keys() - WHOLE.keys():
        sys.exit(f"There is no row {', '.join(sorted(unknown))}; there are {', '.join((*BESIDE_A_FLOOR, *WHOLE))}.")
    if "relay" in wanted and (reason := missing()):
        sys.stdout.write(f"relay is left out: {reason}\n")
        wanted.remove("relay")
    if names := [name for name in BESIDE_A_FLOOR if name in wanted]:
        with built_stage() as stage:
            _measure(lambda name: BESIDE_A_FLOOR[name](stage), names)
    if names := [name for name in WHOLE if name in wanted]:
        with TemporaryDirectory(prefix="frontdoor-bench-") as folder:
            _measure(lambda name: WHOLE[name](Path(folder)), names)


def _measure(row_of: Callable[[str], Coroutine[Any, Any, Row | Figures]], names: Iterable[str]) -> None:
    for name in names:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            row = runner.run(row_of(name))
        sys.stdout.writelines("  ".join(filter(None, cells)) + "\n" for cells in row.table)
        sys.stdout.flush()
        write_page(row)


if __name__ == "__main__":
    main()
