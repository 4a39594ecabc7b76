"""Nothing that strangers wrote gets into a log raw, and nobody else logs what zsclip requests."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx
import pytest
from poison import POISON, SECRET, answering, faults_of

from zsclip.downloads.download import fetch
from zsclip.downloads.http import RetryPolicy
from zsclip.errors import DownloadError, ImageError
from zsclip.images import load_image
from zsclip.logs import logger_for, untold

ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: /y?token=%s\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_requests_for_pictures_and_weights_are_logged_by_nobody_else(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        answering(REDIRECT % SECRET.encode(), ANSWER, ANSWER) as at,
    ):
        url = f"http://me:{SECRET}@{at}/x?X-Amz-Signature={SECRET}"
        with pytest.raises(ImageError):
            load_image(url)
        with pytest.raises(DownloadError):
            fetch(url, tmp_path / "a", sha256="0" * 64, retry=RetryPolicy(attempts=1))
    assert not {record.name.partition(".")[0] for record in caplog.records} & {"httpx", "httpcore"}
    assert SECRET not in caplog.text


def test_requests_of_the_program_are_logged_as_ever(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), answering(ANSWER, ANSWER, ANSWER) as at:
        with pytest.raises(ImageError):
            load_image(f"http://{at}/ours")
        httpx.get(f"http://{at}/theirs")
        told = [record for record in caplog.records if record.name == "httpx"]
        assert ["/theirs" in record.getMessage() for record in told] == [True]
        assert any(record.name.startswith("httpcore.") for record in caplog.records)
        with untold():
            httpx.get(f"http://{at}/ours")
    assert sum(record.name == "httpx" for record in caplog.records) == 1


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_what_fills_a_line_is_printable(poison: str, caplog: pytest.LogCaptureFixture) -> None:
    logger = logger_for("zsclip.poison")
    logger.warning("%s is damaged: %s (%d)", poison, OSError(poison), 3)
    logger.warning(poison)
    first, second = (record.getMessage() for record in caplog.records)
    assert faults_of(first) == faults_of(second) == []
    assert "\n" not in first
    assert caplog.records[0].msg == "%s is damaged: %s (%d)"
    assert first.endswith(" (3)")


def test_every_logger_of_the_package_is_one_of_these() -> None:
    import zsclip

    package = Path(zsclip.__file__).parent
    found = [
        file.name
        for file in package.rglob("*.py")
        if "logging.getLogger(" in file.read_text("utf-8")
    ]
    # the root logger is kept as it is while open_clip is loaded, those of Ray and of PyTorch's
    # exporter are quiet while they are used; the output only listens
    others = ["clusters.py", "open_clip_library.py", "tracing.py"]
    assert sorted(found) == sorted(["logs.py", "output.py", *others])
