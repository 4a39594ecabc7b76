"""Logs: nothing that strangers wrote gets into one raw, and httpx tells none of our requests."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from zsclip.wording import shown, told

__all__ = ["logger_for", "untold"]

_LONGEST = 500  # characters of what fills one place of a line

# Those of httpx and httpcore: a filter is asked by the logger that it was given to, and by none
# below it.
_CLIENTS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)

_ours: ContextVar[bool] = ContextVar("zsclip: a request of ours", default=False)


def logger_for(name: str) -> logging.Logger:
    """The logger of a name, with a filter that has what fills its lines printable and short.

    Examples:
        >>> logger_for("zsclip.images").name
        'zsclip.images'
    """
    logger = logging.getLogger(name)
    logger.addFilter(_clean)  # once, however often it is asked for
    return logger


def _clean(record: logging.LogRecord) -> bool:
    if not record.args:
        record.msg = told(str(record.msg))
    elif isinstance(record.args, tuple):
        record.args = tuple(map(_short, record.args))
    return True


def _short(value: Any) -> Any:
    return value if isinstance(value, int | float) else shown(str(value), _LONGEST)


@contextmanager
def untold() -> Iterator[None]:
    """Where a request of ours is made: httpx and httpcore log nothing of it in this thread.

    Their lines hold whole URLs, passwords and tokens included. What the program itself requests
    with them is logged as ever.
    """
    for name in _CLIENTS:
        logging.getLogger(name).addFilter(_is_told)
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


def _is_told(_: logging.LogRecord) -> bool:
    return not _ours.get()
