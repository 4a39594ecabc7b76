"""Services in processes of their own, and clients that ask them all the time."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.files import ROOT

STARTS_WITHIN = 600.0  # seconds
_numbers = itertools.count()


@dataclass(frozen=True)
class Known:
    """A service that there may be.

    Attributes:
        name: The system, and the way it is used.
        command: What starts it on a port.
        path: Where it is asked.
        request: A picture's file as the arguments of `httpx.AsyncClient.post`.
        ready: What answers 200 when it is ready.
        environment: Variables that it gets beside ours.
    """

    name: str
    command: Callable[[int], Sequence[str | Path]]
    path: str
    request: Callable[[bytes], dict[str, Any]]
    ready: str = "/readyz"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Round:
    """What clients got in one round.

    Attributes:
        rate: Pictures a second.
        p50: Seconds in which half of them were answered.
        p99: Seconds in which 99 of 100 were.
        again: How many requests were told to come again.
    """

    rate: float
    p50: float
    p99: float
    again: int


@contextmanager
def running(known: Known, log: Path) -> Iterator[str]:
    """Run a service until the block ends; its address.

    Args:
        known: Which.
        log: The file that gets what it says.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*map(str, known.command(port))],
            cwd=ROOT,
            env={**os.environ, **known.environment},
            stdout=out,
            stderr=out,
        )
    try:
        _wait(process, url + known.ready, known.name, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, name: str, log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    said = log.read_text("utf-8", "replace").strip().splitlines()
    raise RuntimeError(f"{name} does not start: {said[-1] if said else 'it said nothing'}")


def ask(
    known: Known, url: str, pictures: Sequence[bytes], clients: int, requests: int
) -> tuple[Round, list[Any]]:
    """Have clients ask for one picture after the other; what came, and some answers.

    Each client has a connection of its own, and asks again as soon as it is answered.

    Args:
        known: Whom.
        url: Where.
        pictures: Files; taken in turn.
        clients: How many ask at the same time.
        requests: How many are asked in all.
    """
    return asyncio.run(_ask(known, url, pictures, clients, requests))


async def _ask(
    known: Known, url: str, pictures: Sequence[bytes], clients: int, requests: int
) -> tuple[Round, list[Any]]:
    numbers = iter(range(requests))
    seconds: list[float] = []
    answers: dict[int, Any] = {}
    again = 0

    async def one(client: httpx.AsyncClient) -> None:
        nonlocal again
        for number in numbers:
            # behind its end, so that nobody has seen this file, whatever is kept of those before
            tail = next(_numbers).to_bytes(8, "big")
            request = known.request(pictures[number % len(pictures)] + tail)
            start = time.perf_counter()
            while True:
                answer = await client.post(known.path, **request)
                if answer.status_code != 503:
                    break
                again += 1
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
            answer.raise_for_status()
            seconds.append(time.perf_counter() - start)
            if number < len(pictures):
                answers[number] = answer.json()

    opened = [httpx.AsyncClient(base_url=url, timeout=300, trust_env=False) for _ in range(clients)]
    try:
        await asyncio.gather(*(client.get(known.ready) for client in opened))  # is connected
        start = time.perf_counter()
        await asyncio.gather(*map(one, opened))
        took = time.perf_counter() - start
    finally:
        await asyncio.gather(*(client.aclose() for client in opened))
    ordered = sorted(seconds)
    p50, p99 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99))
    return Round(requests / took, p50, p99, again), [answers[i] for i in sorted(answers)]


def multipart(picture: bytes) -> dict[str, Any]:
    """A picture as a form sends it."""
    return {"files": {"image": ("picture", picture, "application/octet-stream")}}


def module(name: str, *arguments: object) -> list[str]:
    """What runs a module of this environment."""
    return [sys.executable, "-m", name, *map(str, arguments)]
