"""Pictures decoded in processes of their own: what a decoder does there, it does to nobody else.

For pictures that strangers send. Such a process may have so much memory and time and no more, and
writes no file; it gives pixels and sentences. When it breaks, or its time is up, that is an error
of the one picture, and the next one has a new process. Pixels are those that are decoded here.
"""

from __future__ import annotations

import atexit
import math
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, cast

from PIL import Image

from zsclip import frames
from zsclip.errors import DamagedImageWarning, ImageWarning, LevelsWarning
from zsclip.forks import PerProcess, usable_cores
from zsclip.images.allowance import Allowance, Watched
from zsclip.images.reading import Reading
from zsclip.images.remarks import remark
from zsclip.images.unreadable import UnreadableError
from zsclip.wording import printable

__all__ = ["RULES", "decode_apart"]

RULES = (
    ("PIL.Image", "MAX_IMAGE_PIXELS"),
    ("PIL.ImageFile", "LOAD_TRUNCATED_IMAGES"),
    ("PIL.GifImagePlugin", "LOADING_STRATEGY"),
    ("PIL.TiffImagePlugin", "READ_LIBTIFF"),
)
"""Settings of Pillow's that hold for a whole process, and go along to the other one."""

_PROGRAM = "import sys; sys.path[:] = {path!r}; from zsclip.images.worker import main; main()"
_CHUNK = 2**20
_LONGEST = 2000  # characters of a sentence out of another process
_CATEGORIES = {kind.__name__: kind for kind in (ImageWarning, DamagedImageWarning, LevelsWarning)}


def decode_apart(stream: Watched, reading: Reading, min_side: int | None) -> Image.Image:
    """The picture in a stream, decoded elsewhere; what is remarked of it there is remarked here.

    Args:
        stream: The encoded picture, from its start.
        reading: How to read it.
        min_side: What the short side may be reduced to while decoding.

    Raises:
        UnreadableError: It cannot be read, or not within its limits, or the process broke.
    """
    stream.allowance.take_memory(stream.size)  # the process is sent all of it
    pool = _of_process.get()
    worker = pool.get()
    try:
        outcome = worker.decode(stream, reading, min_side)
    except BaseException:
        worker.end()
        raise
    if stream.allowance.seconds > 0:
        pool.put(worker)
    else:  # it may have been ended just now
        worker.end()
    if isinstance(outcome, UnreadableError):
        raise outcome
    return outcome


class _Pool:
    """The processes of this one that have nothing to do; each thread that decodes takes one."""

    def __init__(self) -> None:
        self._idle: deque[_Worker] = deque()
        atexit.register(self.end, os.getpid())

    def get(self) -> _Worker:
        while self._idle:
            with suppress(IndexError):  # another thread was faster
                worker = self._idle.pop()
                if worker.is_alive():
                    return worker
                worker.end()
        return _Worker()

    def put(self, worker: _Worker) -> None:
        if len(self._idle) < usable_cores():
            self._idle.append(worker)
        else:
            worker.end()

    def end(self, process: int) -> None:
        if os.getpid() == process:  # what was forked has these processes from its parent
            while self._idle:
                self._idle.pop().end()


_of_process = PerProcess(_Pool)


class _Worker:
    """One process."""

    def __init__(self) -> None:
        if getattr(sys, "frozen", False) or not sys.executable:
            raise UnreadableError(
                "`isolate` is set, and there is no Python here that could be started to decode it."
            )
        left_out = {"PYTHONWARNINGS", "PYTHONINSPECT"}
        self._process = subprocess.Popen(  # noqa: S603 - of this Python alone
            [sys.executable, "-c", _PROGRAM.format(path=_module_path())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # one arena, since each more is taken for memory; no threads that would wait for work
            env={
                **{name: value for name, value in os.environ.items() if name not in left_out},
                "MALLOC_ARENA_MAX": "1",
                "OMP_NUM_THREADS": "1",
            },
        )
        self._in = cast("BinaryIO", self._process.stdin)
        self._out = cast("BinaryIO", self._process.stdout)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._in, self._out):
            with suppress(OSError):
                pipe.close()

    def decode(
        self, stream: Watched, reading: Reading, min_side: int | None
    ) -> Image.Image | UnreadableError:
        """The picture, or why it cannot be read, where the process is well.

        Raises:
            UnreadableError: The process is not well, or not any more.
        """
        try:
            return self._decode(stream, reading, min_side)
        except UnreadableError:
            raise
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            stream.allowance.require_time()
            raise UnreadableError(self._broken()) from error

    def _decode(
        self, stream: Watched, reading: Reading, min_side: int | None
    ) -> Image.Image | UnreadableError:
        allowance = stream.allowance
        with self._until_late(allowance):
            self._ask(stream, reading, min_side)
            kind, said, n_bytes = frames.receive(self._out)
        while kind == frames.MEMORY:
            allowance.take_memory(int(said["need"]))
            with self._until_late(allowance):
                frames.send(self._in, frames.GO, {})
                kind, said, n_bytes = frames.receive(self._out)
        for category, text in said.get("remarks", ()):
            remark(_CATEGORIES[category], _sentence(text))
        if kind == frames.REFUSED:
            return UnreadableError(_sentence(said["reason"]))
        width, height = map(int, said["size"])
        if min(width, height) < 1 or width * height > reading.max_pixels or kind != frames.DONE:
            raise ValueError("what came is no picture that was asked for")
        if n_bytes != 3 * width * height:
            raise ValueError("what came is no picture of this size")
        with self._until_late(allowance):
            return self._pixels(width, height)

    def _ask(self, stream: Watched, reading: Reading, min_side: int | None) -> None:
        size = stream.size
        said = {
            "reading": {**asdict(reading), "isolate": False, "max_memory": reading.memory},
            "min_side": min_side,
            "seconds": max(0.0, stream.allowance.seconds),
            "rules": {
                f"{module}.{name}": _number(getattr(sys.modules[module], name))
                for module, name in RULES
                if module in sys.modules
            },
        }
        frames.send(self._in, frames.PICTURE, said, size)
        stream.seek(0)
        while size > 0:
            chunk = stream.read(min(_CHUNK, size))
            if not chunk:
                raise EOFError("the file has become shorter")
            self._in.write(chunk)
            size -= len(chunk)
        self._in.flush()

    def _pixels(self, width: int, height: int) -> Image.Image:
        image = Image.new("RGB", (width, height))
        rows = max(1, _CHUNK // (3 * width))
        for top in range(0, height, rows):
            size = (width, min(rows, height - top))
            some = frames.receive_bytes(self._out, 3 * size[0] * size[1])
            image.paste(Image.frombuffer("RGB", size, some), (0, top))
        return image

    @contextmanager
    def _until_late(self, allowance: Allowance) -> Iterator[None]:
        """Ends the process when the picture's time is up, which ends whatever waits for it."""
        timer = threading.Timer(max(0.0, allowance.seconds), self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _broken(self) -> str:
        try:
            status = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "the process that decoded it gave what is no picture."
        how = f"ended with status {status}"
        if status < 0:
            with suppress(ValueError):  # a signal without a name
                how = f"was ended by {signal.Signals(-status).name}"
        return f"the process that decoded it {how}: its decoder broke, or took too much."


def _module_path() -> list[str]:
    """Where the process finds modules: where this one does, but for the current folder.

    What is in there may be others', and this process need not have looked for modules since it
    went there.
    """
    package = Path(__file__).resolve().parents[2]
    entries = [entry for entry in sys.path if isinstance(entry, str)]
    return [*(entry for entry in entries if os.path.isabs(entry)), str(package)]  # noqa: PTH117


def _sentence(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError("what came is no sentence")
    return printable(text[:_LONGEST])


def _number(value: object) -> int | None:
    """A setting as it can be sent. A limit that is infinite is none to Pillow either."""
    return None if value is None or value == math.inf else int(cast("int", value))
