"""Traces across request, outbox, consumer and webhook: spans go to an OTLP collector where there is one, else nowhere.

What links them is a W3C `traceparent`, which travels in the outbox row, on Kafka and on the webhook.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

HEADER = "traceparent"
TRACES_PATH = "/v1/traces"

traceparent: ContextVar[str] = ContextVar("traceparent", default="")

Attributes = Mapping[str, str | int]

_W3C = TraceContextTextMapPropagator()


class _Tracing:
    tracer: Tracer | None = None


def export_traces(endpoint: str | None, service: str) -> None:
    """Send this process's spans to an OTLP collector at `endpoint` (`http://host:4318`), or trace nothing if None."""
    if endpoint is None:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider as Sdk
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = Sdk(resource=Resource.create({"service.name": f"frontdoor-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint.rstrip("/") + TRACES_PATH)))
    trace_with(provider)


def trace_with(provider: TracerProvider | None) -> None:
    """Make spans by `provider` from now on; by None, no more."""
    _Tracing.tracer = provider.get_tracer("frontdoor") if provider else None


def is_tracing() -> bool:
    return _Tracing.tracer is not None


@contextmanager
def continued(parent: str | None) -> Iterator[None]:
    """Let what is done inside the block belong to the trace of `parent`, a traceparent."""
    token = traceparent.set(parent or "")
    try:
        yield
    finally:
        traceparent.reset(token)


@contextmanager
def span(name: str, kind: SpanKind, attributes: Attributes | None = None) -> Iterator[Span | None]:
    """Time the block as a span of the current trace; yields None where nothing is traced.

    An error shows as its type alone: its text may hold a name.
    """
    if _Tracing.tracer is None:
        yield None
        return
    opened = _Tracing.tracer.start_span(name, _context(), kind, attributes)
    with continued(_written(opened)):
        try:
            yield opened
        except BaseException as error:
            opened.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            opened.end()


def outgoing() -> dict[str, str]:
    """Return the header that carries the trace to whoever is called."""
    current = traceparent.get()
    return {HEADER: current} if current else {}


def _context() -> Context:
    return _W3C.extract({HEADER: traceparent.get()}, Context())


def _written(opened: Span) -> str:
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, set_span_in_context(opened, Context()))
    return carrier.get(HEADER, "")
