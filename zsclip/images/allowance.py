"""`Allowance`: the time and the memory that one picture may take, from its source to its pixels."""

from __future__ import annotations

import io
import os
import time
from typing import BinaryIO

from zsclip import budget
from zsclip.files import size_in_words
from zsclip.images.reading import Reading, raise_limit
from zsclip.images.unreadable import UnreadableError

__all__ = ["Allowance", "Watched"]

# The first part of a picture's time goes by the clock, and for most that is enough: to ask for the
# processor's time takes a system call, at which threads that read beside each other change places.
_UNMEASURED = 10


class Allowance:
    """What one picture may take, and what it has taken. It is used in one thread.

    Waiting for a share of the memory is not the picture's fault, and does not count as its time.
    Nor does waiting for a disk or a core once it `has_come`: what then counts is the processor's
    time. So a good picture is not refused because others are read beside it.

    Args:
        reading: What says how much; `timeout` begins now.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._end = time.monotonic() + reading.timeout
        self._work: float | None = None  # seconds of the processor's, once they count
        self._end_of_work: float | None = None  # by its clock, once that was looked at

    def has_come(self) -> None:
        """Tell that its bytes are here, or in a file: what is left of its time is for decoding.

        With `isolate` all of it goes by the clock.
        """
        if not self._reading.isolate and self._work is None:
            left = self.seconds
            self._work = left - left / _UNMEASURED
            self._end -= self._work

    @property
    def seconds(self) -> float:
        """How many are left by the clock, as long as that counts; none or fewer at their end."""
        return self._end - time.monotonic()

    def require_time(self) -> None:
        """Go on if there is time left.

        Raises:
            UnreadableError: There is none.
        """
        now = time.monotonic()
        if self._end < now:  # else the processor's time is not up either
            if self._work is None:
                raise self.too_late()
            worked = time.thread_time()
            if self._end_of_work is None:
                self._end_of_work = worked + self._work
            if self._end_of_work <= worked:
                raise self.too_late()
            self._end = now + self._end_of_work - worked

    def too_late(self) -> UnreadableError:
        """That there is no time left."""
        return UnreadableError(
            f"reading it took longer than `timeout` ({self._reading.timeout:g} s). "
            f"{raise_limit('timeout')}"
        )

    def take_memory(self, need: int) -> None:
        """Have that much memory in place of what this picture had, once it is its turn.

        Raises:
            UnreadableError: It is more than one picture may have.
        """
        self.require_memory(need)
        self._end += budget.take(self, need, self._reading.memory)

    def require_memory(self, need: int) -> None:
        """Go on if one picture may have that much memory.

        Raises:
            UnreadableError: It may not.
        """
        most = self._reading.memory
        if need > most:
            raise UnreadableError(
                f"decoding it takes about {size_in_words(need)} of memory, more than `max_memory` "
                f"({size_in_words(most)}). {raise_limit('max_memory')}"
            )

    def close(self) -> None:
        """Give back the memory; whoever has the picture sees to it from here on."""
        budget.give_back(self)


class Watched(io.BufferedIOBase):
    """A stream that gives nothing any more once a picture's time is used up.

    Args:
        stream: The encoded picture; it can seek.
        allowance: What the picture may take.
    """

    def __init__(self, stream: BinaryIO, allowance: Allowance) -> None:
        super().__init__()
        self._stream = stream
        self.allowance = allowance
        if isinstance(stream, io.BytesIO):  # which libtiff takes in place of a file
            self.getvalue = stream.getvalue

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes; see `io.BufferedIOBase.read`."""
        self.allowance.require_time()
        if size is None or size < 0:  # by a decoder that takes all at once
            self.allowance.take_memory(self.size - self.tell())
            return self._stream.read()
        return self._stream.read(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """The rest of the line; see `io.IOBase.readline`."""
        self.allowance.require_time()
        return self._stream.readline(-1 if size is None else size)

    @property
    def size(self) -> int:
        """How many bytes there are in all."""
        place = self.tell()
        try:
            return self.seek(0, os.SEEK_END)
        finally:
            self.seek(place)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go on from elsewhere; see `io.IOBase.seek`."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Where it goes on."""
        return self._stream.tell()

    def fileno(self) -> int:
        """The descriptor of the file, if it is one."""
        return self._stream.fileno()

    def readable(self) -> bool:
        """That it can be read."""
        return True

    def seekable(self) -> bool:
        """That it can seek."""
        return True

    def over(self, content: bytes) -> Watched:
        """The same picture, of which all has been read; what it has taken so far counts on."""
        return Watched(io.BytesIO(content), self.allowance)
