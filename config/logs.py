"""One line of JSON for each log record, with the ids that tie a request, a task and a match."""

import logging.config
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import unquote_plus

import structlog

from accounts.rules import holds_key

_WITHHELD: Final = "(an address with a key)"


def without_keys(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Withhold each address that holds a partner's key: none is good there, but all are told here.

    A processor of structlog.
    """
    for name, text in event.items():
        if isinstance(text, str) and holds_key(unquote_plus(text)):
            event[name] = " ".join(
                _WITHHELD if holds_key(unquote_plus(word)) else word for word in text.split(" ")
            )
    return event


def configure(options: dict[str, Any]) -> None:
    """Set up structlog and the standard library for `options` = {"level": ..., "json": bool}."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
        without_keys,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer() if options["json"] else structlog.dev.ConsoleRenderer()
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                    ],
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                # Every frame and every request would be a line of its own.
                "daphne": {"level": "WARNING"},
                "django.channels.server": {"level": "WARNING"},
                "django_structlog": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "kloppy": {"level": "WARNING"},
            },
        }
    )
