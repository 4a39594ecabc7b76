"""Errors as answers: told where the client can do something, and else logged alone."""

from __future__ import annotations

import logging

import pytest

from zsclip.errors import (
    DownloadError,
    LabelError,
    NonFiniteError,
    PromptTooLongError,
)
from zsclip.serve.refusals import Refusal, answer_to, too_busy


def test_a_refusal_is_told_with_its_status_and_headers() -> None:
    status, told, headers = answer_to(Refusal(405, "It takes GET.", Allow="GET"))
    assert (status, headers) == (405, {"Allow": "GET"})
    assert told == {"error": "It takes GET.", "error_type": "MethodNotAllowed"}


def test_who_is_refused_for_now_is_told_when_to_come_again() -> None:
    assert answer_to(too_busy("Too many.", seconds=3))[2] == {"Retry-After": "3"}


@pytest.mark.parametrize(
    "error",
    [
        LabelError("one label"),
        PromptTooLongError("a fox", 99, 77, "fox"),
    ],
)
def test_what_is_wrong_with_labels_is_told(error: Exception) -> None:
    status, told, _ = answer_to(error)
    assert status == 422
    assert told == {"error": str(error), "error_type": type(error).__name__}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError("/secret"), "InternalServerError"),
        (DownloadError("/secret"), "DownloadError"),
        (NonFiniteError("/secret"), "NonFiniteError"),
    ],
)
def test_what_nobody_outside_can_change_is_logged_and_not_told(
    error: Exception, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "zsclip"):
        status, told, _ = answer_to(error)
    assert (status, told["error_type"]) == (500, kind)
    assert "secret" not in told["error"]
    assert "secret" in caplog.text


def test_what_a_stranger_wrote_is_printable_in_an_answer() -> None:
    _, told, _ = answer_to(Refusal(400, "It is \x1b[2J and \udce9."))
    assert told["error"].isprintable()
    told["error"].encode()
