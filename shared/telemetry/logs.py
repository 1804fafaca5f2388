"""Logs that can be kept: JSON lines whose keys are on an allow-list, so that no personal data slips in."""

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import uuid4

import structlog

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")

ALLOWED_KEYS = frozenset({
    "event", "level", "timestamp", "logger", "correlation_id", "service", "reader", "type", "event_id",
    "subject", "reference", "referral_id", "case_id", "delivery_id", "endpoint_id", "agency", "route",
    "method", "status", "duration_ms", "attempt", "problem", "error", "where", "count", "rule", "port", "url",
    "address",
})  # fmt: skip


def new_correlation_id() -> str:
    return str(uuid4())


@contextmanager
def correlated(value: str) -> Iterator[None]:
    """Carry `value` as the correlation id of everything done inside the block."""
    token = correlation_id.set(value)
    try:
        yield
    finally:
        correlation_id.reset(token)


def where_raised(error: BaseException) -> str:
    """Return `file:line` of the innermost frame: what a log may say of an error whose text may hold a name."""
    trace = error.__traceback__
    if trace is None:
        return "unknown"
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


def _allow_list(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in entry.items() if key in ALLOWED_KEYS}


def _correlation(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if value := correlation_id.get():
        entry.setdefault("correlation_id", value)
    return entry


class _Libraries(logging.Handler):
    """Passes on that a library complained, and where an error was raised; its words may hold what was sent."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        said = {"error": type(error).__name__, "where": where_raised(error)} if error else {}
        tell = log.error if record.levelno >= logging.ERROR else log.warning
        tell("library", logger=record.name, **said)


def configure_logging(level: int = logging.INFO) -> None:
    """Send structlog to standard error as JSON lines, and what libraries log from WARNING on, without its text."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)
    # It says many times a second, with each client's voice, that a broker is away; shared.kafka says so once a try.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _correlation,
            _allow_list,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
