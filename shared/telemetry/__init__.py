"""What can be known of a running process without knowing of any child: logs, metrics and traces."""

from shared.telemetry.logs import (
    ALLOWED_KEYS,
    configure_logging,
    correlated,
    correlation_id,
    log,
    new_correlation_id,
    where_raised,
)

__all__ = [
    "ALLOWED_KEYS",
    "configure_logging",
    "correlated",
    "correlation_id",
    "log",
    "new_correlation_id",
    "where_raised",
]
