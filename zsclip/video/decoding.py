"""The frames of a video in their order, each with its time, past what is damaged."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from zsclip.video.opening import Unreadable, Watch
from zsclip.wording import shown

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["Decoding"]

# Whose files have an index. In others a search ends somewhere near, before or behind.
_INDEXED = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi"}
_WORTH = 2.0  # seconds ahead from which on to look for a key frame is tried
_SHORT, _SHORT_PART = 1.0, 0.05  # seconds, and a part of all, that an end may be too early
_USUAL_RATE = 25.0  # frames a second where nothing is said, as in FFmpeg


class Decoding:
    """Decodes one frame after the other. Seconds count from the first.

    What cannot be decoded is passed over, and noted. Where a file goes back in time, as one that
    was put together of two does, the clock goes on.

    Args:
        container: The video.
        stream: Its pictures.
        watch: What ends a frame that takes too long.
        strict: Whether the first damage is an error.

    Attributes:
        damage: What was found damaged first, in a few words; empty if nothing.
        time: Seconds of the last frame; None before the first.
        tick: The shortest time that the file can tell, in seconds.
        decoded: How many frames were decoded.
    """

    def __init__(
        self, container: InputContainer, stream: VideoStream, watch: Watch, *, strict: bool
    ) -> None:
        self._container, self._stream, self._watch = container, stream, watch
        self._strict = strict
        self._ready: deque[VideoFrame] = deque()
        self._packets: Iterator[Any] = container.demux(stream)
        self._zero: int | None = None  # the timestamp of the first frame, if it has one
        self._shift = 0.0  # seconds that the clock was put forward by
        self._step = 1 / float(stream.average_rate or _USUAL_RATE)
        self._worth = _WORTH if container.format.name in _INDEXED else math.inf
        self._sought: tuple[float, float] | None = None  # from where, and what for
        self._quiet_until = 0.0  # seconds up to which frames may refer to what was passed over
        self._end = 0.0  # of the last frame
        self.damage = ""
        self.time: float | None = None
        self.tick = float(stream.time_base or 0)
        self.decoded = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[float, VideoFrame]:
        self._watch.begin()
        while True:
            while not self._ready:
                try:
                    self._decode_more()
                except StopIteration:
                    if not self._goes_back():  # a search that led to the end found no frame
                        raise
            frame = self._ready.popleft()
            if frame.is_corrupt:
                self._note("a frame is damaged")
                continue
            self.decoded += 1
            time = self._time_of(frame)
            if self._sought is not None and not self._has_landed(time):
                continue
            self.time = time
            lasts = float((frame.duration or 0) * (frame.time_base or 0))
            self._end = self.time + max(lasts, self._step)
            return self.time, frame

    def hurry(self, target: float) -> None:
        """Go on near a time ahead: from the key frame before it, if that may save work.

        Args:
            target: Seconds. No frame from there on is left out.
        """
        import av

        base, now = self._stream.time_base, self.time
        if self._zero is None or not base or now is None or target - now < self._worth:
            return
        stamp = self._zero + math.floor((target - self._shift) / float(base))
        try:
            self._go_to(stamp)
        except (av.FFmpegError, OverflowError):
            self._worth = math.inf
        else:
            self._sought, self._quiet_until = (now, target), target

    def finish(self) -> None:
        """Note it, when there are no more frames, if there should be."""
        self._sought, self._quiet_until = None, 0.0
        stream, container = self._stream, self._container
        lasts = 0.0
        if stream.duration and stream.time_base:
            lasts = float(stream.duration * stream.time_base)
        elif container.duration and len(container.streams) == 1:
            lasts = container.duration / 1_000_000
        if self._end + max(_SHORT, _SHORT_PART * lasts) < lasts:
            self._note(f"it ends after {self._end:.1f} s, and says that it lasts {lasts:.1f} s")

    def _go_to(self, stamp: int) -> None:
        """To the key frame at a timestamp, or before it."""
        self._container.seek(stamp, stream=self._stream)
        self._ready.clear()
        self._packets = self._container.demux(self._stream)

    def _has_landed(self, time: float) -> bool:
        """Learn from the first frame after a search; false if it led past its target.

        An index may be wrong: then all is decoded again, and no other search is tried.
        """
        assert self._sought is not None
        begun, target = self._sought
        if time > target + self._step and self._goes_back():
            return False
        self._sought = None
        if time <= begun:  # the key frame lies behind: the way was longer, not shorter
            self._worth = max(self._worth, 2 * (target - begun))
        return True

    def _goes_back(self) -> bool:
        """Begin anew after a search that led past its target; false if there was none."""
        import av

        if self._sought is None or self._worth == math.inf:
            return False
        self._worth, self._quiet_until = math.inf, 0.0
        try:
            self._go_to(self._zero or 0)
        except av.FFmpegError:
            return False
        return True

    def _decode_more(self) -> None:
        import av

        self._watch.require_time()
        try:
            packet = next(self._packets)
        except av.FFmpegError as error:
            self._note(_told(error), of_frame=False)
            raise StopIteration from None
        try:
            self._ready.extend(packet.decode())
        except av.EOFError:
            return
        except av.FFmpegError as error:
            self._note(_told(error))
        if packet.is_corrupt:
            self._note("a part of the file is missing", of_frame=False)

    def _note(self, damage: str, *, of_frame: bool = True) -> None:
        if self._sought is not None or (of_frame and (self.time or 0) < self._quiet_until):
            return
        if self._strict:
            raise Unreadable(f"it is damaged or cut off: {damage}.")
        self.damage = self.damage or damage

    def _time_of(self, frame: VideoFrame) -> float:
        base = frame.time_base or self._stream.time_base
        if frame.pts is None or not base:
            return 0.0 if self.time is None else self.time + self._step
        if self._zero is None:
            self._zero = frame.pts
            if self.time is not None:  # those before had no timestamp
                self._shift = self.time + self._step
        time = float((frame.pts - self._zero) * base) + self._shift
        if self._sought is None and self.time is not None and time < self.time:
            self._shift += self.time + self._step - time
            self._worth = math.inf  # a place is not known by its timestamp any more
            time = self.time + self._step
        return time


def _told(error: Exception) -> str:
    return f"FFmpeg says {shown(getattr(error, 'strerror', '') or type(error).__name__)}"
