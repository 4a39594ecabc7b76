"""Sees what reading a stranger's file must never do: start a program, write, connect elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["Guard"]

_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
             "os.forkpty", "pty.spawn")  # fmt: skip
_CHANGES = ("os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.chmod",
            "os.chown", "os.truncate", "shutil.")  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_HERE = ("127.", "localhost", "::1", "zsclip.invalid")


class Guard:
    """Hears of what Python's own functions are asked for (PEP 578), and refuses some of it.

    Nothing that tests send leaves the machine, wherever a mutated address leads.

    Args:
        folder: The one place where something may be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = os.fspath(folder.resolve())
        self._found: list[str] = []
        self._on = False
        sys.addaudithook(self._hear)

    def start(self) -> None:
        """From here on it hears."""
        self._on = True

    def taken(self) -> list[str]:
        """What it heard of since it was asked last."""
        found, self._found = list(dict.fromkeys(self._found)), []
        return found

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event in ("socket.connect", "socket.getaddrinfo"):
            address = arguments[1] if event == "socket.connect" else arguments
            host = address[0] if isinstance(address, tuple) else address
            if not str(_text(host)).startswith(_HERE):
                raise OSError(f"the guard lets nothing out, and not to {host!r}")
        elif event.startswith(_PROGRAMS):
            self._found.append(f"a program was started ({event})")
        elif event == "open":
            path, mode, flags = arguments
            writes = bool(flags & _WRITES) if isinstance(flags, int) else "w" in str(mode)
            if writes and self._is_elsewhere(path):
                self._found.append(f"{self._named(path)} was opened for writing")
        elif event.startswith(_CHANGES) and arguments and self._is_elsewhere(arguments[0]):
            self._found.append(f"{event} of {self._named(arguments[0])}")

    def _is_elsewhere(self, path: Any) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # a descriptor
        whole = os.path.abspath(_text(path))  # noqa: PTH100 - a path that is not there yet
        return whole != os.devnull and not whole.startswith(self._folder)

    def _named(self, path: Any) -> str:
        """A path without what is made anew for each worker."""
        return _text(path).replace(os.path.dirname(self._folder), "...")  # noqa: PTH120


def _text(path: Any) -> str:
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
