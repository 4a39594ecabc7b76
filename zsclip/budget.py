"""The memory that all decoding in a process takes at one time: one sum, whoever reads.

Each picture is counted before it is decoded (`zsclip.images.memory`). One that fits beside those
that are being decoded goes on, the others wait for their turn, first come, first served. Nothing
waits while others wait for it: whoever wants more gives back what it had, and a thread that decodes
one picture within another goes on.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from zsclip.forks import PerProcess

__all__ = ["SHARE", "default_memory", "give_back", "take"]

SHARE = 4
"""What part of the memory that there is decoding may take, if nothing is said: one in so many."""

_UNKNOWN = 4 * 1024**3  # bytes of memory, where a system does not tell


class _Budget:
    """That of one process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._shares: dict[object, tuple[int, int]] = {}  # bytes and thread, by holder
        self._queue: deque[object] = deque()

    def take(self, holder: object, need: int, most: int) -> float:
        thread, begin = threading.get_ident(), time.monotonic()
        with self._changed:
            had, _ = self._shares.get(holder, (-1, 0))
            if need <= had:
                return 0.0
            self._give_back(holder)
            if all(other != thread for _, other in self._shares.values()):
                self._await_turn(holder, need, most)
            self._shares[holder] = need, thread
        return time.monotonic() - begin

    def _await_turn(self, holder: object, need: int, most: int) -> None:
        self._queue.append(holder)
        try:
            while self._queue[0] is not holder or not self._fits(need, most):
                self._changed.wait()
        finally:  # also where somebody has had enough
            self._queue.remove(holder)
            self._changed.notify_all()

    def _fits(self, need: int, most: int) -> bool:
        taken = sum(share for share, _ in self._shares.values())
        return not taken or taken + need <= most

    def give_back(self, holder: object) -> None:
        with self._changed:
            self._give_back(holder)

    def _give_back(self, holder: object) -> None:
        if self._shares.pop(holder, None):
            self._changed.notify_all()


_of_process = PerProcess(_Budget)


def take(holder: object, need: int, most: int) -> float:
    """Have a share of the memory; waits for it, but not where this thread has another one.

    Args:
        holder: Whose it is. One that it has already is given back first; where it is as large, it
            is kept as it is, so that who has had all waits for nothing any more.
        need: Bytes of the share.
        most: How many all shares together may be, as this holder sees it. A share that is larger
            is had when there is no other.

    Returns:
        The seconds that it took.
    """
    # a forked child has none of the threads that held shares, and a lock of its own
    return _of_process.get().take(holder, need, most)


def give_back(holder: object) -> None:
    """Let others have the share of a holder, if it has one."""
    budget = _of_process.found()
    if budget is not None:  # else all was had before a fork
        budget.give_back(holder)


@functools.cache
def default_memory() -> int:
    """A quarter of the memory that there is: of the machine's, or of what this process may have."""
    return min(filter(None, _limits()), default=_UNKNOWN) // SHARE


def _limits() -> Iterator[int]:
    if sys.platform == "win32":
        yield _of_windows()
        return
    import resource

    yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield soft
    yield from _of_groups(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))


def _of_groups(own: Path, root: Path) -> Iterator[int]:
    """The limits of the control groups that a process is in, on Linux: containers have such.

    Args:
        own: The file that lists them.
        root: The folder where they lie.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        top = root / "memory" if controllers else root
        path = PurePosixPath(group).relative_to("/")
        for folder in (path, *path.parents):  # in a container the upper ones may not be seen
            try:
                text = (top / folder / name).read_text().strip()
            except OSError:
                continue
            if text.isdecimal():  # else it is "max"
                yield int(text)


def _of_windows() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *[(f"number_{i}", ctypes.c_ulonglong) for i in range(7)],
        ]

    status = Status(length=ctypes.sizeof(Status))
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
    return int(status.number_0)
