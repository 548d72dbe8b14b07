"""Log lines: structlog through the standard library, so that Superset's lines come out alike."""

import logging
import logging.config
import sys
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from overset.kernel.settings import Settings
from overset.observe.redact import Limits, redact

_LIMITS = Limits(text=20_000, items=200, depth=8, total=100_000)
_MANY_LINES = frozenset({"exception", "stack"})
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127)} | {10: "\\n", 13: "\\r", 9: "\\t"}
_CHATTY = {
    "datadog.dogstatsd": logging.ERROR,  # a line for every datagram that no agent takes
    "fastmcp.server.context.to_client": logging.CRITICAL,  # all that tools say, once more
    "fastmcp.server.server": logging.ERROR,  # warns with the very arguments that were wrong
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,  # a line for every poll
    "mcp.client.streamable_http": logging.WARNING,  # a line for each session of the assistant
    "mcp.server.lowlevel.server": logging.WARNING,  # lines for every request, which has ours
    "mcp.server.streamable_http": logging.WARNING,
    "superset.mcp_service.middleware": logging.WARNING,
}
_SERVERS = ("gunicorn", "gunicorn.error", "uvicorn", "uvicorn.access", "uvicorn.error")


def configure_logging(settings: Settings, *, file: TextIO | None = None) -> None:
    """Write every log line of this process to `file`, or to standard error, without secrets.

    Lines of structlog, of the standard library and of `warnings` look alike, and carry what was
    bound with `structlog.contextvars`, such as `request_id`. It may be called again.

    Args:
        settings: the least severe level that is written, and how lines look.
        file: where the lines go; it stays the caller's to close.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(file or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_secrets,
                _make_renderer(settings, colors=file is None and sys.stderr.isatty()),
            ],
        )
    )
    _take_over(handler, settings.log_level)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Return the line without tokens, passwords and other secrets, and without forged lines."""
    clean: EventDict = redact(event, limits=_LIMITS)
    return {
        key: value.translate(_CONTROL)
        if isinstance(value, str) and key not in _MANY_LINES
        else value
        for key, value in clean.items()
    }


def _make_renderer(settings: Settings, *, colors: bool) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer()
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )


def _take_over(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in _SERVERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name, least in _CHATTY.items():
        logging.getLogger(name).setLevel(max(least, root.level))
