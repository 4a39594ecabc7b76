"""Names that are looked up without end: who waits, who does not, and how many threads there are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import httpcore
import pytest

from zsclip.network import Budget, Network


def test_a_look_up_that_does_not_end_is_left_behind_and_not_more_than_64_of_them() -> None:
    over = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        over.wait(60)
        return []

    def get_in_vain() -> None:
        network = Network(Budget(time.monotonic() + 0.01), only_public=False, look_up=look_up)
        with pytest.raises(httpcore.TimeoutException):
            network.connect_tcp("fox.test", 80)

    def waiting() -> int:
        return sum(thread.name == "zsclip-look-up" for thread in threading.enumerate())

    try:
        for _ in range(70):
            get_in_vain()
        assert 60 < waiting() <= 64
    finally:
        over.set()
    end = time.monotonic() + 60
    while waiting() and time.monotonic() < end:
        time.sleep(0.01)
    assert waiting() == 0


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="needs signals")
@pytest.mark.parametrize("what", ["silence", "look-up"])
def test_an_interrupt_ends_a_fetch(what: str) -> None:
    program = """
import os, signal, socket, sys, threading, time
from zsclip.images import Reading
from zsclip.images import web
from zsclip.images.urls import fetch

if sys.argv[1] == "look-up":
    socket.getaddrinfo = lambda *_, **__: time.sleep(600)
    url = "http://fox.test/"
else:
    server = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.getsockname()[1]}/"
signal.signal(signal.SIGINT, signal.default_int_handler)  # which whoever started it may ignore
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    fetch(url, Reading(timeout=600))
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run(
        [sys.executable, "-c", program, what],
        env={**os.environ, "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("interrupted\n", "")
