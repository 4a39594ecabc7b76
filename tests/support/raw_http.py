"""Requests byte by byte, as no client sends them that means well."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from served import Service

__all__ = ["answers", "head", "send_slowly", "undisturbed"]


def head(target: str = "POST /classify", *lines: str, host: bool = True) -> bytes:
    """The head of a request."""
    given = [f"{target} HTTP/1.1", *(["Host: 127.0.0.1"] if host else []), *lines]
    return "\r\n".join(given).encode("latin-1") + b"\r\n\r\n"


def answers(service: Service, data: bytes, *, end: bool = False) -> list[int]:
    """The statuses of all answers that come until the service closes; it has half a minute.

    Args:
        service: Who is asked.
        data: What is sent, or as much of it as is taken.
        end: Whether the client says that it sends no more.
    """
    with service.connect() as connection:
        try:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough
        return statuses(connection)


def statuses(connection: socket.socket) -> list[int]:
    """The statuses of all answers until the other side closes."""
    received = bytearray()
    try:
        while data := connection.recv(65536):
            received += data
    except ConnectionResetError:
        pass
    return [
        int(part.split(b" ", 2)[1])
        for part in bytes(received).split(b"HTTP/1.1 ")
        if part
        for part in [b"HTTP/1.1 " + part]
    ]


def send_slowly(service: Service, first: bytes, again: bytes, pause: float) -> list[int]:
    """The statuses that come while something is sent over and over.

    Args:
        service: Who is asked.
        first: What is sent at once.
        again: What is sent then, until the service answers or closes.
        pause: Seconds between two times.
    """
    with service.connect() as connection:
        connection.sendall(first)
        stop = threading.Event()

        def send() -> None:
            end = time.monotonic() + 30
            while not stop.wait(pause) and time.monotonic() < end:
                try:
                    connection.sendall(again)
                except OSError:
                    return

        sending = threading.Thread(target=send)
        sending.start()
        try:
            return statuses(connection)
        finally:
            stop.set()
            sending.join()


@contextmanager
def undisturbed(
    service: Service, picture: bytes, is_right: Callable[[dict[str, object]], bool]
) -> Iterator[None]:
    """See that a client beside what the block does gets its answers, three at least.

    Args:
        service: Who is asked.
        picture: What it sends, each time in another file.
        is_right: Whether an answer is.
    """
    ended, problems, count = threading.Event(), list[str](), 0

    def ask() -> None:
        nonlocal count
        with httpx.Client(base_url=service.url, timeout=30, trust_env=False) as client:
            while not problems and (count < 3 or not ended.is_set()):
                count += 1
                files = {"image": picture + count.to_bytes(4, "big")}
                try:
                    answer = client.post("/classify", files=files)
                except httpx.HTTPError as error:
                    problems.append(repr(error))
                    return
                if answer.status_code != 200 or not is_right(answer.json()):
                    problems.append(f"{answer.status_code} {answer.text[:300]}")

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        ended.set()
        asking.join()
    assert problems == []
