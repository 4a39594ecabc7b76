"""``zsclip serve`` as a process of its own: it listens, answers, and ends in good order."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings

Run = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[bytes]"]

FROG = next(drawing.data for drawing in load_drawings() if drawing.animal == "frog")
TINY = ("--labels", "frog,fish", "--model", "tiny-cartoon", "--device", "cpu")


@contextlib.contextmanager
def serving(
    start: Start, *options: str | Path
) -> Iterator[tuple[str, subprocess.Popen[bytes], list[str]]]:
    """The URL of a service, its process, and what it said before it listened."""
    with start("serve", *options, "--port", "0") as process:
        assert process.stderr is not None
        said: list[str] = []
        while not (found := re.search("Listening on (http://.*)", said[-1] if said else "")):
            line = process.stderr.readline().decode()
            assert line, said
            said.append(line)
        yield found[1], process, said


def ended(process: subprocess.Popen[bytes]) -> int:
    assert process.stderr is not None
    status = process.wait(60)
    assert process.stderr.read() == b""
    return status


def ask(url: str, path: str, **request: Any) -> httpx.Response:
    method = "POST" if request.keys() & {"content", "files", "json"} else "GET"
    with httpx.Client(trust_env=False, timeout=60) as client:
        return client.request(method, url + path, **request)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_until_it_is_told_to_end_and_ends_what_it_is_at(
    start: Start, sign: signal.Signals
) -> None:
    with serving(start, *TINY) as (url, process, _):
        answer = ask(url, "/classify", files={"image": ("frog.png", FROG, "image/png")})
        assert (answer.json()["source"], answer.json()["label"]) == ("frog.png", "frog")
        host, port = url.removeprefix("http://").split(":")
        head = f"POST /classify HTTP/1.1\r\nHost: {host}\r\nContent-Type: image/png\r\n"
        with socket.create_connection((host, int(port)), 60) as begun:
            begun.sendall(f"{head}Content-Length: {len(FROG)}\r\n\r\n".encode() + FROG[:100])
            assert ask(url, "/readyz").status_code == 200  # after that, what was sent is taken
            process.send_signal(sign)
            while True:
                with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 5):
                    continue
                break  # nobody is let in any more
            begun.sendall(FROG[100:])
            with begun.makefile("rb") as file:
                assert file.readline() == b"HTTP/1.1 200 OK\r\n"
        assert ended(process) == 0


def test_a_saved_classifier_is_served_with_a_token_and_limits(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSCLIP_TOKEN", "hidden-word")
    file = tmp_path / "animals.zsclip"
    ZeroShotClassifier(["frog", "fish"], model="tiny-cartoon").save(file)
    options = ("--classifier", file, "--max-body", str(len(FROG)), "--max-labels", "2")
    with serving(start, *options) as (url, process, said):
        kind = {"content-type": "image/png"}
        known = {**kind, "Authorization": "Bearer hidden-word"}
        assert ask(url, "/classify", content=FROG, headers=kind).status_code == 401
        assert ask(url, "/classify", content=FROG, headers=known).json()["label"] == "frog"
        assert ask(url, "/classify", content=FROG + b"x", headers=known).status_code == 413
        many = ask(url, "/classify?labels=a,b,c", content=FROG, headers=known)
        assert many.status_code == 422
        process.send_signal(signal.SIGTERM)
        assert ended(process) == 0
    assert "hidden-word" not in "".join(said)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "0.0.0.0"), "Pass one, on the command line with --token or in ZSCLIP_TOKEN"),
        (("--token", " "), "`token` must be"),
        (("--port", "70000"), "70000"),
    ],
)
def test_what_cannot_be_served_so_is_told_in_a_line(
    run: Run, options: tuple[str, ...], words: str
) -> None:
    result = run("serve", *TINY, *options)
    assert result.exit_code == 2
    assert words in result.stderr.replace("\n", " ")


def test_a_taken_port_is_told_in_a_line(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", *TINY, "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 2
    assert "Cannot listen on 127.0.0.1" in result.stderr


def test_options_become_limits_and_a_reading(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import zsclip.serve

    given: dict[str, Any] = {}

    def note(classifier: ZeroShotClassifier, host: str, port: int, **options: Any) -> None:
        given.update(options, host=host, port=port, reading=classifier.reading)

    monkeypatch.setattr(zsclip.serve, "run", note)
    options = "--max-pixels 100 --timeout 2 --max-waiting 5 --max-pictures 3 --urls public"
    assert run("serve", *TINY, *options.split(), "--isolate").exit_code == 0
    limits = given["limits"]
    assert (limits.picture_pixels, limits.picture_seconds) == (100, 2)
    assert (limits.waiting_pictures, limits.pictures) == (5, 3)
    assert limits.body_bytes == zsclip.serve.Limits().body_bytes
    assert (given["urls"], given["port"], given["token"]) == ("public", 8000, None)
    assert given["reading"].isolate
    assert run("serve", *TINY).exit_code == 0
    assert given["urls"] == "none"


def test_help_tells_the_limits_that_hold_if_none_are_given(run: Run) -> None:
    from zsclip.serve import Limits

    told, limits = " ".join(run("serve", "--help").stdout.split()), Limits()
    for words, value in (
        ("32 MiB if not given", limits.body_bytes / 2**20),
        ("256 if not given", limits.pictures),
        ("1,000 if not given", limits.labels),
        ("1,024 if not given", limits.waiting_pictures),
        ("30 if not given", limits.end_seconds),
        ("50 million pixels", limits.picture_pixels / 1e6),
        ("20 MiB and", limits.picture_bytes / 2**20),
        ("10 seconds unless", limits.picture_seconds),
    ):
        assert words in told
        assert float(words.split()[0].replace(",", "")) == value
