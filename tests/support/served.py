"""`zsclip serve` as a process of its own, as others see it: an address, a memory, an end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

__all__ = ["Service", "serving", "serving_within"]

STARTS_WITHIN = 120.0  # seconds, on a machine that does other work as well
ENDS_WITHIN = 30.0


@dataclass(frozen=True)
class Service:
    """A service that runs.

    Attributes:
        process: It.
        port: Where it listens, on loopback.
        log: What it says on standard output and error.
    """

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> int:
        """The bytes of memory that it holds now; on Linux."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return 1024 * int(line.split()[1])

    def descriptors(self) -> int:
        """How many descriptors it holds now; on Linux."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def connect(self, timeout: float = 30.0) -> socket.socket:
        """A connection on which any bytes can be sent."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def terminate(self) -> None:
        """Ask it to end, as whatever runs services does."""
        self.process.send_signal(signal.SIGTERM)

    def ended(self) -> int:
        """Its exit status, once it has ended."""
        return self.process.wait(ENDS_WITHIN)


@contextmanager
def serving(options: Sequence[str]) -> Iterator[Service]:
    """Run ``zsclip serve`` on a free port until the block ends.

    Args:
        options: Those of the command, but for ``--port``.
    """
    with _running(["-m", "zsclip", "serve", "--port", "0", *options]) as service:
        yield service


@contextmanager
def serving_within(labels: Sequence[str], limits: Mapping[str, object]) -> Iterator[Service]:
    """The same from a program, over the embedded model, with limits that are soon met.

    Args:
        labels: What it is asked about.
        limits: Fields of `zsclip.serve.Limits`.
    """
    with _running(["-c", _PROGRAM, json.dumps(limits), *labels]) as service:
        yield service


_PROGRAM = """
import json, sys
from zsclip import ZeroShotClassifier
from zsclip.serve import Limits, run
clf = ZeroShotClassifier(
    sys.argv[2:], templates=["a drawing of a {}."], model="tiny-cartoon", precision="fp32",
    device="cpu", cache=False,
)
limits = Limits(**json.loads(sys.argv[1]))
run(clf, port=0, limits=limits, started=lambda url: print("Listening on", url, flush=True))
"""


@contextmanager
def _running(arguments: Sequence[str]) -> Iterator[Service]:
    environment = {**os.environ, "ZSCLIP_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, *arguments], stdout=out, stderr=out, env=environment
            )
        try:
            service = Service(process, _port_of(process, log), log)
            _wait_until_ready(service)
            yield service
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(ENDS_WITHIN)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _port_of(process: subprocess.Popen[bytes], log: Path) -> int:
    """Where it says that it listens: a port that was free a moment ago may be another's by then."""
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"Listening on http://127\.0\.0\.1:(\d+)", log.read_text()):
            return int(found[1])
        time.sleep(0.05)
    raise RuntimeError(f"the service does not listen; it said:\n{log.read_text()}")


def _wait_until_ready(service: Service) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end:
        if service.process.poll() is not None:
            break
        try:
            if httpx.get(f"{service.url}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"the service is not ready; it said:\n{service.log.read_text()}")
