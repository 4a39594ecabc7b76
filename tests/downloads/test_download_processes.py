"""Several processes and threads at one file, and a process that dies."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from zsclip.downloads.http import RetryPolicy

if TYPE_CHECKING:
    from tests.downloads.conftest import Case

HALF = 150_000


@pytest.fixture
def start(case: Case, body: bytes) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts processes that fetch, their log on standard error; none outlives the test."""
    code = (
        "import logging, pathlib\n"
        "from zsclip.downloads.download import fetch\n"
        "logging.basicConfig(level='INFO')\n"
        f"fetch({case.server.url!r}, pathlib.Path({str(case.target)!r}), size={len(body)},\n"
        f"      sha256={hashlib.sha256(body).hexdigest()!r}, timeout=60.0)\n"
        "print('fetched')"
    )
    running: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=pipe, stderr=pipe, text=True
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)


def test_two_processes_fetch_once(
    case: Case, body: bytes, start: Callable[[], subprocess.Popen[str]]
) -> None:
    case.server.then(hold=HALF)
    first = start()
    wait_for(lambda: case.server.sent == HALF, first)
    second = start()
    assert second.stderr is not None
    assert any("another process is fetching it" in line for line in second.stderr)
    assert not case.target.exists()
    case.server.gate.set()
    for process in (first, second):
        out, err = process.communicate()
        assert (process.returncode, out) == (0, "fetched\n"), err
    assert case.target.read_bytes() == body
    assert len(case.server.asked) == 1
    assert case.server.sent == len(body)


def test_killed_in_the_middle_and_resumed(
    case: Case, body: bytes, start: Callable[[], subprocess.Popen[str]]
) -> None:
    case.server.then(hold=HALF)
    process = start()
    wait_for(lambda: case.part.exists() and case.part.stat().st_size > 0, process)
    process.kill()
    process.wait()
    case.server.gate.set()
    assert not case.target.exists()
    length = case.part.stat().st_size
    assert case.part.read_bytes() == body[:length]
    case.succeeds()
    assert case.server.asked[1]["range"] == f"bytes={length}-"
    assert case.server.asked[1]["if-range"] == case.server.etag


def test_the_waiting_process_takes_over_from_a_killed_one(
    case: Case, body: bytes, start: Callable[[], subprocess.Popen[str]]
) -> None:
    case.server.then(hold=HALF)
    first = start()
    wait_for(lambda: case.part.exists() and case.part.stat().st_size > 0, first)
    second = start()
    assert second.stderr is not None
    assert any("another process is fetching it" in line for line in second.stderr)
    first.kill()
    out, err = second.communicate()
    assert (second.returncode, out) == (0, "fetched\n"), err
    assert case.target.read_bytes() == body
    assert case.server.ranges()[1] is not None


def test_threads_fetch_once(case: Case) -> None:
    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(case.succeeds) for _ in range(6)]:
            done.result()
    assert len(case.server.asked) == 1


def test_a_process_that_gets_no_further(case: Case, fast: RetryPolicy) -> None:
    case.target.parent.mkdir()
    with FileLock(case.beside(".lock")):
        message = case.fails(retry=replace(fast, lock_patience=0.1))
    assert f"another process holds {case.beside('.lock')}" in message
    assert "got no further for 0.1 s" in message
    assert case.server.asked == []


def test_a_process_that_gets_further_is_waited_for(
    case: Case, body: bytes, fast: RetryPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the other's ``.part`` grows, waiting longer than the patience is fine."""
    case.target.parent.mkdir()
    other = FileLock(case.beside(".lock"), thread_local=False)
    other.acquire()
    waits = 0
    acquire = FileLock.acquire

    def count(lock: FileLock, **options: float) -> object:
        nonlocal waits
        waits += 1
        if waits < 5:
            case.part.write_bytes(body[: waits * 1000])
        else:
            other.release()
        return acquire(lock, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(FileLock, "acquire", count)
    case.succeeds(retry=replace(fast, lock_patience=0.05))
    assert waits == 5
    assert case.server.ranges() == ["bytes=4000-"]
