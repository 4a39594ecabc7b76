"""`frames`: pictures out of a video, by rate or at each change of scene."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

from PIL import Image

from zsclip.errors import DamagedVideoWarning, ParameterError, ParameterTypeError
from zsclip.images import Reading, as_reading, describe_source
from zsclip.images.reading import raise_limit
from zsclip.values import whole_number
from zsclip.video.decoding import Decoding
from zsclip.video.opening import Unreadable, VideoSource, opened
from zsclip.video.scenes import THRESHOLD, Scenes
from zsclip.video.upright import Upright
from zsclip.wording import brief, shown

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["Frame", "Sampling", "VideoSource", "clock", "frames"]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture out of a video.

    Attributes:
        image: The picture: RGB, upright, with square pixels, as large as the video is.
        time: Seconds from the first frame of the video.
        index: Its place among those that were given, from 0 on.
        source: The video and the time, ``clip.mp4@00:01:02.500``.
    """

    image: Image.Image
    time: float
    index: int
    source: str


def clock(seconds: float) -> str:
    """A time in hours, minutes, seconds and thousandths.

    Examples:
        >>> clock(62.5)
        '00:01:02.500'
    """
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def frames(
    source: VideoSource,
    *,
    every: float | None = None,
    per_second: float | None = None,
    scenes: bool | float = False,
    start: float = 0.0,
    end: float | None = None,
    limit: int | None = None,
    reading: Reading = Reading(),
) -> Iterator[Frame]:
    """Frames of a video as pictures, one after the other, in constant memory.

    Without `every`, `per_second` and `scenes` it is one each second. Where they lie so far apart
    that it saves work, those between are not decoded.

    Args:
        source: The path of a file, its content as bytes, or a binary file object that can seek. A
            playlist is not read, and nothing is fetched from the web.
        every: Seconds from one to the next. Each is the first frame at that time or later; one that
            stays for longer, as in screen recordings, is given once.
        per_second: The same the other way round: how many a second.
        scenes: The first frame of each scene: True, or the difference from one frame to the next
            from which on a scene begins; 27 for True, as in PySceneDetect, whose content detector
            this is: mean absolute difference in hue, saturation and brightness. Every frame is
            decoded for it.
        start: Seconds from the first frame of the video, from which on frames are taken.
        end: Seconds up to which they are.
        limit: The most frames to give.
        reading: The limits: `max_pixels` and `max_memory` of a frame, and the `timeout` in which
            each one must be decoded; the `background` of transparent ones; and with `strict`,
            damage is an error.

    Yields:
        The frames, in the order of their times.

    Raises:
        VideoError: The file is no video, holds no frame that can be decoded, or is more than a
            limit allows; the message names it. With `reading.strict`, also at the first damage.
        MissingExtraError: PyAV is not installed: ``pip install "zsclip[video]"``.
        ParameterError: A parameter has a value that it cannot have, or two exclude each other.
        ParameterTypeError: A parameter has a type that it cannot have.

    Warns:
        DamagedVideoWarning: At the end, that frames are missing because the file is damaged or cut
            off. Those that could be decoded were given.

    Examples:
        >>> for frame in frames("clip.mp4", every=2):  # doctest: +SKIP
        ...     print(frame.source, frame.image.size)
        clip.mp4@00:00:00.000 (1280, 720)
        clip.mp4@00:00:02.000 (1280, 720)
    """
    return iter(
        Sampling(
            source,
            every=every,
            per_second=per_second,
            scenes=scenes,
            start=start,
            end=end,
            limit=limit,
            reading=reading,
        )
    )


class Sampling:
    """What `frames` was asked for, which tells afterwards what was damaged. For one iteration.

    Takes and raises what `frames` does.

    Attributes:
        name: The video in a few words.
        damage: What was found damaged, in a few words; empty if nothing.
    """

    def __init__(
        self,
        source: VideoSource,
        *,
        every: float | None,
        per_second: float | None,
        scenes: bool | float,
        start: float,
        end: float | None,
        limit: int | None,
        reading: Reading,
    ) -> None:
        if sum((every is not None, per_second is not None, scenes is not False)) > 1:
            raise ParameterError(
                "`every`, `per_second` and `scenes` exclude each other: each says which frames."
            )
        self._source, self._reading = source, as_reading(reading)
        self._every = _seconds("every", 1.0 if every is None else every)
        if per_second is not None:
            self._every = 1 / _seconds("per_second", per_second)
        self._threshold = _threshold(scenes)
        self._start = _seconds("start", start, least=0.0)
        self._until = math.inf if end is None else _seconds("end", end)
        self._limit = math.inf if limit is None else whole_number("limit", limit)
        if self._until <= self._start:
            raise ParameterError(f"`end` ({end}) must be after `start` ({start}).")
        self.name = describe_source(source)
        self.damage = ""

    def __iter__(self) -> Iterator[Frame]:
        with opened(self._source, self._reading) as (container, stream, watch):
            decoding = Decoding(container, stream, watch, strict=self._reading.strict)
            upright = Upright(stream.sample_aspect_ratio, self._reading)
            for index, (time, frame) in enumerate(self._chosen(decoding)):
                picture = upright.picture_of(frame)
                yield Frame(picture, time, index, f"{self.name}@{clock(time)}")
                if index + 1 >= self._limit:
                    break
            if not decoding.decoded:
                why = f": {decoding.damage}" if decoding.damage else ""
                raise Unreadable(f"no frame of it can be decoded{why}.{self._too_large(stream)}")
        self.damage = decoding.damage
        if self.damage:
            warnings.warn(
                DamagedVideoWarning(
                    f"The video {shown(self.name)} is damaged or cut off, and frames of it are "
                    f"missing: {self.damage}. Those that could be decoded were taken."
                ),
                stacklevel=2,
            )

    def _too_large(self, stream: VideoStream) -> str:
        """What may be the matter where FFmpeg, which was told the limit, tells no size."""
        if stream.codec_context.width:
            return ""
        return (
            f" Its frames may have more pixels than `max_pixels` ({self._reading.max_pixels:,}) "
            f"allows. {raise_limit('max_pixels')}"
        )

    def _chosen(self, decoding: Decoding) -> Iterator[tuple[float, VideoFrame]]:
        """The frames that are asked for, with their times."""
        scenes = None if self._threshold is None else Scenes(self._threshold)
        near, target, first = decoding.tick / 2, self._start, True
        for time, frame in decoding:
            if time >= self._until:
                return
            if time + near >= target:
                if scenes is None:
                    yield time, frame
                    target = self._after(time + near)
                    decoding.hurry(min(target, self._until))
                elif scenes.begins(frame, time):
                    yield time, frame
            elif first:
                decoding.hurry(target)
            first = False
        decoding.finish()

    def _after(self, time: float) -> float:
        """The next of the times, which are whole steps from the start."""
        return self._start + self._every * (math.floor((time - self._start) / self._every) + 1)


def _seconds(name: str, value: object, *, least: float | None = None) -> float:
    """A finite number: above 0, or from `least` on."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ParameterTypeError(f"`{name}` must be a number, got {brief(value)}.")
    number = float(value)
    if not math.isfinite(number) or (number <= 0 if least is None else number < least):
        bound = "above 0" if least is None else f"{least:g} or more"
        raise ParameterError(f"`{name}` must be {bound}, got {brief(value)}.")
    return number


def _threshold(scenes: bool | float) -> float | None:
    if isinstance(scenes, bool):
        return THRESHOLD if scenes else None
    return _seconds("scenes", scenes)
