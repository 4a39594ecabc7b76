"""What strangers may write to harm whoever reads it, and whether it got through."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SECRET = "hunter"
"""A part of every password here, so that no piece of one may be shown."""

ESCAPES = "a\x1b[31m\x07\u202e\x9b2J\nb [bold]c[/bold] [link=http://evil]d[/link]"

POISON = {
    "escapes": ESCAPES,
    "password": f"HTTP://me:{SECRET}/2#{SECRET}?4@{SECRET}@[::1]:1/x.png?sig={SECRET}&w=64",
    "length": "long " * 200_000,
}

MOST = 3000
"""Characters of a message."""

_FORGED_LINE = re.compile(r"\n(?!  )")


def faults_of(text: str, *, most: int = MOST) -> list[str]:
    """What is wrong with a message: nothing of a terminal's, no line of its own, no secret."""
    raw = {c for c in text if not c.isprintable()} - {"\n"}
    return [
        *([f"raw characters {raw}"] if raw else []),
        *(["a forged line"] if _FORGED_LINE.search(text) else []),
        *(["a secret"] if SECRET in text else []),
        *([f"{len(text)} characters"] if len(text) > most else []),
    ]


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """The causes of an error that a traceback shows."""
    while error is not None:
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            yield error


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """Where a server on this machine sends one of these answers after the other, byte for byte."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for answer in answers:
                try:
                    connection, _ = listening.accept()
                except OSError:  # nobody asked for it
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
