"""`Refusal`: why a request gets no result, with the status and the words of its answer."""

from __future__ import annotations

from typing import Any

from zsclip.errors import (
    LabelError,
    LabelNotFoundError,
    LabelSetError,
    NoTextTowerError,
    ParameterError,
    ParameterTypeError,
    PromptTooLongError,
    ZsclipError,
)
from zsclip.logs import logger_for
from zsclip.results import plain_json
from zsclip.wording import told

__all__ = ["Refusal", "answer_to", "too_busy"]

_logger = logger_for("zsclip.serve")

_OF_THE_REQUEST = (
    LabelError,
    LabelNotFoundError,
    LabelSetError,
    ParameterError,
    ParameterTypeError,
    PromptTooLongError,
)
"""Errors about labels and templates, whose messages tell the client what to change.

That the model of an exported file has no tower for texts is one: its own labels are answered.
"""


_NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    408: "RequestTimeout",
    413: "ContentTooLarge",
    415: "UnsupportedMediaType",
    421: "MisdirectedRequest",
    422: "UnprocessableContent",
    503: "ServiceUnavailable",
}
"""Each status of a refusal as RFC 9110 calls it; those of Python change with its version."""


class Refusal(Exception):  # noqa: N818 - what it is called in answers is its status
    """A request that gets no result.

    Args:
        status: The status code of the answer, one of those here.
        message: What was wrong, why, and what to do.
        headers: Further headers of the answer.
    """

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def too_busy(message: str, *, seconds: int = 1) -> Refusal:
    """A refusal for now: 503, and when to come again."""
    return Refusal(503, message, Retry_After=str(seconds))


def answer_to(error: BaseException) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, body and headers of the answer to a request that met an error.

    What is nobody's doing outside is logged with its traceback, and told without it: it may name
    files of the server.
    """
    if isinstance(error, Refusal):
        return error.status, _told(str(error), _NAMES[error.status]), error.headers
    if isinstance(error, _OF_THE_REQUEST):
        return 422, _told(str(error), type(error).__name__), {}
    if isinstance(error, NoTextTowerError):  # whose message is for who exported the file
        message = (
            "This service has an exported classifier, which knows its own labels alone. Leave out "
            "`labels`, `templates` and `multi_label`, and send it no `texts`."
        )
        return 422, _told(message, "NoTextTowerError"), {}
    _logger.error("A request met an unexpected error.", exc_info=error)
    kind = type(error).__name__ if isinstance(error, ZsclipError) else "InternalServerError"
    message = "The service met an error that it did not expect. Its log tells which."
    return 500, _told(message, kind), {}


def _told(message: str, kind: str) -> dict[str, Any]:
    told_plainly: dict[str, Any] = plain_json({"error": told(message), "error_type": kind})
    return told_plainly
