"""A video file opened for its frames: of known formats alone, and within limits."""

from __future__ import annotations

import io
import os
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

from zsclip.errors import ParameterError, ParameterTypeError, VideoError
from zsclip.files import reason_of, size_in_words
from zsclip.forks import usable_cores
from zsclip.images import Reading, describe_source
from zsclip.images.kinds import is_url
from zsclip.images.reading import raise_limit
from zsclip.needs import needed
from zsclip.wording import brief, shown

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

__all__ = ["Unreadable", "VideoSource", "Watch", "opened", "require_size"]

VideoSource: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
"""A video: the path of a file, its content, or a binary file object that can seek."""

FORMATS = (
    *("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "mpegts", "mpeg", "mpegvideo", "flv"),
    *("asf", "ogg", "gif", "apng", "h264", "hevc", "av1", "obu", "ivf", "m4v", "mxf", "dv", "nut"),
    *("yuv4mpegpipe", "mjpeg", "rm", "wtv"),
)
"""FFmpeg's readers that may be used. Playlists (HLS, DASH, concat) are none of them: what they
name is opened by FFmpeg, and might be any file or address."""

_EMPTY = "it is empty (0 bytes)."
_BYTES_A_PIXEL = 32  # of 16 frames that a decoder refers back to, and the picture made of one


class Unreadable(Exception):  # noqa: N818 - becomes a `VideoError` where the name is known
    """Why a video cannot be read, in a sentence that does not name it."""


class Watch(io.RawIOBase):
    """The stream of a video, which gives nothing any more once a frame has taken too long.

    Args:
        stream: The file.
        reading: What says how long.
    """

    def __init__(self, stream: BinaryIO, reading: Reading) -> None:
        super().__init__()
        self._stream = stream
        self._reading = reading
        self.begin()

    def begin(self) -> None:
        """Count the time of the next frame from now on."""
        self._end = time.monotonic() + self._reading.timeout

    def require_time(self) -> None:
        """Go on if there is time left.

        Raises:
            Unreadable: There is none.
        """
        if self._end < time.monotonic():
            raise Unreadable(
                f"one frame took longer than `timeout` ({self._reading.timeout:g} s). "
                f"{raise_limit('timeout')}"
            )

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; see `io.RawIOBase.read`."""
        self.require_time()
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go on from elsewhere; see `io.IOBase.seek`."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Where it goes on."""
        return self._stream.tell()

    def readable(self) -> bool:
        """That it can be read."""
        return True

    def seekable(self) -> bool:
        """That it can seek."""
        return True


@contextmanager
def opened(
    source: VideoSource, reading: Reading
) -> Iterator[tuple[InputContainer, VideoStream, Watch]]:
    """A video and the stream of its pictures; closed on leaving.

    Args:
        source: The video.
        reading: The limits on size, memory and time.

    Raises:
        VideoError: It cannot be read, or not within the limits.
        ParameterTypeError: `source` is nothing that could be a video.
        MissingExtraError: PyAV is not installed.
    """
    with needed("Video", "video"):
        import av
    if reading.isolate:
        raise ParameterError(
            "`reading.isolate` is set, and videos are decoded in this process. Leave it out for "
            "files that you trust; read others in a container that may be lost."
        )
    name = describe_source(source)
    try:
        with _stream_of(source) as stream:
            watch = Watch(stream, reading)
            try:
                with av.open(
                    cast("BinaryIO", watch),
                    mode="r",
                    metadata_errors="replace",  # a title need not be text
                    options={
                        "format_whitelist": ",".join(FORMATS),
                        "protocol_whitelist": "none",
                        "max_pixels": str(_decoder_limit(reading)),
                    },
                ) as container:
                    pictures = _pictures_of(container, reading)
                    yield container, pictures, watch
            except av.FFmpegError as error:
                raise Unreadable(_told(error)) from error
    except Unreadable as error:
        raise VideoError(name, str(error)) from error.__cause__


def require_size(width: int, height: int, reading: Reading) -> None:
    """Go on if frames may have that many pixels.

    Raises:
        Unreadable: They may not.
    """
    if width * height > reading.max_pixels:
        raise Unreadable(
            f"its frames of {width} x {height} pixels are more than `max_pixels` "
            f"({reading.max_pixels:,}). {raise_limit('max_pixels')}"
        )
    need = width * height * _BYTES_A_PIXEL
    if need > reading.memory:
        raise Unreadable(
            f"decoding its frames of {width} x {height} pixels takes about {size_in_words(need)} "
            f"of memory, more than `max_memory` ({size_in_words(reading.memory)}). "
            f"{raise_limit('max_memory')}"
        )


def _pictures_of(container: InputContainer, reading: Reading) -> VideoStream:
    from av.stream import Disposition

    streams = container.streams.video
    moving = [s for s in streams if not s.disposition & Disposition.attached_pic]
    if not moving:
        held = "a cover picture, but no video" if streams else "no video"
        also = ", only sound" if container.streams.audio else ""
        raise Unreadable(f"it holds {held}{also}.")
    stream = moving[0]
    # a stream of a codec that this FFmpeg does not know has none
    if cast("object", stream.codec_context) is None:
        raise Unreadable("this build of PyAV has no decoder for its codec.")
    require_size(stream.codec_context.width, stream.codec_context.height, reading)
    # FFmpeg holds to it before it has memory for a frame, whose size may differ from the header's
    stream.codec_context.options = {"max_pixels": str(_decoder_limit(reading))}
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = min(usable_cores(), 8)
    return stream


def _decoder_limit(reading: Reading) -> int:
    """The pixels that FFmpeg may have memory for: it counts edges, by which frames are padded."""
    return 2 * reading.max_pixels + 1_000_000


def _stream_of(source: object) -> AbstractContextManager[BinaryIO]:
    if isinstance(source, bytes):
        if not source:
            raise Unreadable(_EMPTY)
        return io.BytesIO(source)
    if isinstance(source, str | os.PathLike):
        return _file_of(source)
    if callable(getattr(source, "read", None)):
        stream = cast("BinaryIO", source)
        try:
            stream.seek(0)
        except (AttributeError, OSError, ValueError) as error:
            raise Unreadable("the file object cannot seek. Write it to a file first.") from error
        return nullcontext(stream)  # which is somebody else's, and is not closed
    raise ParameterTypeError(
        f"`source` must be a video: a path, bytes or a binary file object, got {brief(source)}."
    )


def _file_of(path: str | os.PathLike[str]) -> BinaryIO:
    text = os.fsdecode(path)
    if is_url(text):
        raise Unreadable("videos are not fetched from the web. Download it first.")
    try:
        found = os.stat(text)  # noqa: PTH116 - before: to open a pipe waits for who writes
        if stat.S_ISDIR(found.st_mode):
            raise Unreadable("it is a folder. Name one video in it.")
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("it is a pipe or a device. Write it to a file first.")
        if not found.st_size:
            raise Unreadable(_EMPTY)
        return Path(text).open("rb")
    except FileNotFoundError:
        raise Unreadable("there is no such file.") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = reason_of(error)
        raise Unreadable(f"{reason[:1].lower()}{reason[1:]}.") from error


def _told(error: Exception) -> str:
    said = shown(getattr(error, "strerror", None) or type(error).__name__).rstrip(".")
    return (
        "it is no video of a format that is read here, or it is damaged or cut off "
        f"(FFmpeg: {said})."
    )
