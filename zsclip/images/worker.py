"""The process that decodes pictures for another one: what `zsclip.images.isolated` starts.

It has its standard input and output to say something, and nothing else to do.
"""

from __future__ import annotations

import importlib
import io
import math
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from zsclip import frames
from zsclip.forks import usable_cores
from zsclip.images.allowance import Allowance, Watched
from zsclip.images.decode import decode_here
from zsclip.images.reading import Reading
from zsclip.images.remarks import listening
from zsclip.images.unreadable import UnreadableError

__all__ = ["main"]

_ROOM = 2**28  # bytes that a process takes beside what decoding does: threads, libraries
_CHUNK = 2**20
_OPEN = 64  # files
_HIGHEST = 2**62  # of a limit: systems know no higher ones
_GLANCE = 5  # seconds, after which it looks whether there is still somebody to decode for


def main() -> None:
    """Decode one picture after the other, until there is nobody any more who sends some."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is interrupted, and ends this
    given, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # a library that prints something does not answer
    parent = os.getppid()
    _restrict()
    while _is_asked(given, parent):
        try:
            kind, said, n_bytes = frames.receive(given)
        except EOFError:
            return
        if kind != frames.PICTURE:
            return
        _answer(given, answers, said, n_bytes)


def _is_asked(given: BinaryIO, parent: int) -> bool:
    """Waits for a picture. The end of the pipe may be held open by what the parent has forked."""
    if sys.platform == "win32":  # where pipes cannot be waited for, nor are processes forked
        return True
    while not select.select([given], [], [], _GLANCE)[0]:
        if os.getppid() != parent:
            return False
    return True


class _Asking(Allowance):
    """What a picture may take of the memory of the one who asked. He also looks at the time."""

    def __init__(self, reading: Reading, given: BinaryIO, answers: BinaryIO) -> None:
        super().__init__(reading)
        self._given, self._answers = given, answers

    def require_time(self) -> None:
        """See `Allowance.require_time`."""

    def take_memory(self, need: int) -> None:
        """See `Allowance.take_memory`."""
        self.require_memory(need)
        frames.send(self._answers, frames.MEMORY, {"need": need})
        kind, _, _ = frames.receive(self._given)
        if kind != frames.GO:
            raise SystemExit(1)


def _answer(given: BinaryIO, answers: BinaryIO, said: dict[str, Any], n_bytes: int) -> None:
    reading = Reading(**said["reading"])
    for rule, value in said["rules"].items():
        module, _, name = rule.rpartition(".")
        setattr(importlib.import_module(module), name, value)
    _limit(reading.memory + n_bytes, said["seconds"])
    data = frames.receive_bytes(given, n_bytes)
    allowance = _Asking(reading, given, answers)
    with listening() as remarks:
        try:
            image = decode_here(Watched(io.BytesIO(data), allowance), reading, said["min_side"])
        except UnreadableError as error:
            image, reason = None, error.reason
    told = {"remarks": [(category.__name__, text) for category, text in dict.fromkeys(remarks)]}
    if image is None:
        frames.send(answers, frames.REFUSED, {**told, "reason": reason})
    else:
        size = 3 * image.width * image.height
        frames.send(answers, frames.DONE, {**told, "size": image.size}, size)
        _send_pixels(answers, image)


def _send_pixels(answers: BinaryIO, image: Image.Image) -> None:
    rows = max(1, _CHUNK // (3 * image.width))
    for top in range(0, image.height, rows):
        bottom = min(top + rows, image.height)
        answers.write(image.crop((0, top, image.width, bottom)).tobytes())
    answers.flush()


# ------------------------------------------------------------------------------------- limits


def _restrict() -> None:
    """Take from this process what decoding needs none of. Windows has no such limits."""
    if sys.platform == "win32":
        return
    import resource

    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN),
    ):
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or hard > most:
            resource.setrlimit(kind, (most, most))


def _limit(memory: int, seconds: float) -> None:
    """How much this process may take for the next picture. Windows has no such limits."""
    if sys.platform == "win32":
        return
    import resource

    # RLIMIT_DATA leaves out what is reserved and never used, but does so on Linux only
    is_linux = sys.platform == "linux"
    of_memory = resource.RLIMIT_DATA if is_linux else resource.RLIMIT_AS
    _lower(of_memory, _data_of_process() + memory + _ROOM)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cores = usable_cores()
    _lower(
        resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + cores * (seconds + 1)) + 1
    )


def _lower(kind: int, most: int) -> None:
    import resource

    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(kind, (min(most, _HIGHEST), hard))


def _data_of_process() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[5])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 2**30
