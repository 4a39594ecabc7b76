"""Where encoded pictures come from: files, file objects, bytes and ``data:`` URIs."""

from __future__ import annotations

import base64
import binascii
import inspect
import io
import itertools
import os
import re
import select
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from zsclip.errors import ParameterTypeError
from zsclip.files import reason_of, size_in_words
from zsclip.images.allowance import Allowance, Watched
from zsclip.images.kinds import is_data_uri, is_url
from zsclip.images.reading import Reading, raise_limit
from zsclip.images.unreadable import UnreadableError, named
from zsclip.images.urls import fetch
from zsclip.wording import brief

__all__ = ["open_source"]

_CHUNK = 1024 * 1024
_MOST_SIBLINGS = 1_000  # looked through for a name like the missing one
_SUFFIX = len(".jpeg")
_FOLDER = (
    "it is a folder. zsclip.images.find_pictures lists the pictures in it; load_image reads one."
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


@contextmanager
def open_source(source: object, *, name: str, reading: Reading) -> Iterator[Watched]:
    """A stream that can seek over the encoded picture in `source`; closed on leaving.

    The picture's time begins here, and the memory that decoding takes is its own until the end.

    Args:
        source: A path, URL, ``data:`` URI, bytes-like object or file object.
        name: The source in a few words, for errors.
        reading: The limits on what is no plain file.

    Raises:
        ImageError: There is nothing to read, or too much.
        ParameterTypeError: The source is of no such kind.
    """
    allowance = Allowance(reading)
    with named(name):
        try:
            with _open(source, reading) as stream:
                allowance.has_come()
                yield Watched(stream, allowance)
        except MemoryError as error:
            raise UnreadableError("there is not enough memory to read it.") from error
        finally:
            allowance.close()


def _open(source: object, reading: Reading) -> AbstractContextManager[BinaryIO]:
    if isinstance(source, str) and is_url(source):
        return io.BytesIO(fetch(source, reading))
    if isinstance(source, str) and is_data_uri(source):
        return io.BytesIO(_read_data_uri(source))
    if isinstance(source, str | os.PathLike):
        return _open_path(source, reading)
    if isinstance(source, bytes | bytearray):
        return io.BytesIO(source)
    if isinstance(source, memoryview):
        return io.BytesIO(_read_memoryview(source))
    if callable(getattr(source, "read", None)):
        return io.BytesIO(_read_file_object(source, reading))
    raise ParameterTypeError(_wrong_type(source))


def _wrong_type(source: object) -> str:
    message = (
        "`source` must be a picture: a path, a URL, a data: URI, bytes, a binary file object, a "
        f"PIL image, a NumPy array or a torch tensor, got {type(source).__name__}."
    )
    if isinstance(source, list | tuple | set | frozenset | Iterator):
        return message + " Pass the pictures in it one by one."
    if inspect.isawaitable(source):
        return message + " Pass what it gives: await it first."
    if hasattr(source, "__array__"):
        return message + " Pass numpy.asarray(...) of it."
    return message


# ---------------------------------------------------------------------------------------- files


def _open_path(path: str | os.PathLike[str], reading: Reading) -> BinaryIO:
    text = os.fsdecode(path)
    if not text:
        raise UnreadableError("the path is empty.")
    try:
        mode = os.stat(text).st_mode  # noqa: PTH116 - before: to open a pipe waits for who writes
        if stat.S_ISREG(mode):
            return Path(text).open("rb")
        if stat.S_ISDIR(mode):
            raise UnreadableError(_FOLDER)
        return io.BytesIO(_read_pipe(text, reading))
    except FileNotFoundError:
        raise UnreadableError(_missing(text)) from None
    except UnreadableError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = reason_of(error)
        raise UnreadableError(f"{reason[:1].lower()}{reason[1:]}.") from error


def _read_pipe(path: str, reading: Reading) -> bytes:
    """All that comes out of a pipe or a device, which can neither seek nor be trusted to end."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
    with open(os.open(path, flags), "rb", buffering=0) as pipe:  # noqa: PTH123 - a descriptor
        return _read_file_object(_Awaited(pipe, reading.timeout), reading)


class _Awaited:
    """A pipe that has so many seconds to give all that it gives."""

    def __init__(self, pipe: BinaryIO, seconds: float) -> None:
        self._pipe = pipe
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._poll = select.poll() if hasattr(select, "poll") else None  # Windows has none
        if self._poll is not None:
            self._poll.register(pipe, select.POLLIN)

    def read(self, size: int, /) -> bytes:
        while True:
            if self._poll is not None and not self._poll.poll(self._milliseconds()):
                raise UnreadableError(
                    "this pipe or device did not give it to its end within `timeout` "
                    f"({self._seconds:g} s). {raise_limit('timeout')}"
                )
            chunk = self._pipe.read(size)
            if chunk is not None:  # None: another reader was faster
                return chunk

    def _milliseconds(self) -> int:
        left = 1000 * (self._end - time.monotonic())
        return int(min(max(left, 0), _LONGEST_POLL))


_LONGEST_POLL = 2**31 - 1  # milliseconds: 24 days


def _missing(path: str) -> str:
    scheme = _SCHEME.match(path)
    if scheme:
        return (
            f"{scheme[1]}:// is not a kind of URL that zsclip reads (http and https are). "
            "Open it yourself and pass the file object or its bytes."
        )
    if re.match(r"https?:/[^/]", path, re.IGNORECASE):
        return "no such file. A Path cannot hold a URL: pass it as a str."
    if path.startswith("~"):
        return "no such file. '~' is not expanded: pass Path(...).expanduser()."
    parent = Path(path).parent
    if not parent.is_dir():
        return f"no such file: the folder {brief(str(parent))} does not exist."
    try:
        with os.scandir(parent) as entries:
            siblings = [entry.name for entry in itertools.islice(entries, _MOST_SIBLINGS)]
    except OSError:
        siblings = []
    # Whoever asks may be a stranger, and is told of no name that could not have been tried out.
    own = _plainly(path)
    near = sorted(name for name in siblings if own and _plainly(name) == own)[:3]
    hint = f" Did you mean {' or '.join(map(brief, near))}?" if near else ""
    return f"no such file.{hint}"


def _plainly(path: str) -> str:
    """A file's name without what people mistake: capitals, hyphens, a suffix of usual length."""
    stem, suffix = os.path.splitext(os.path.basename(path))  # noqa: PTH119, PTH122 - any text
    return re.sub("[-_ ]", "", (stem if len(suffix) <= _SUFFIX else stem + suffix).casefold())


# ---------------------------------------------------------------------------------- file objects


def _read_file_object(file: Any, reading: Reading) -> bytes:
    """All bytes of a file object, from its start if it can seek and from where it is if not."""
    if isinstance(file, io.TextIOBase):
        raise UnreadableError(_TEXT_MODE)
    if inspect.iscoroutinefunction(file.read):
        raise UnreadableError(_ASYNC)
    data, most = bytearray(), reading.max_bytes
    # Who says that it can seek need not be right: a member of a tar file that is read as a stream
    # says so, or fails when asked.
    with suppress(Exception):
        if file.seekable():
            file.seek(0)
    try:
        # One byte over the limit tells a picture that just fits from one that does not.
        while len(data) <= most:
            chunk = file.read(min(_CHUNK, most + 1 - len(data)))
            if not isinstance(chunk, bytes | bytearray | memoryview):
                raise UnreadableError(_no_bytes(chunk))
            if not chunk:
                break
            data += chunk
    except UnreadableError:
        raise
    except Exception as error:  # any class can stand behind a file object
        raise UnreadableError(f"reading the file object failed ({brief(error)}).") from error
    if len(data) > most:
        raise UnreadableError(
            f"it is larger than `max_bytes` ({size_in_words(most)}). {raise_limit('max_bytes')}"
        )
    return bytes(data)


def _no_bytes(chunk: object) -> str:
    if isinstance(chunk, str):
        return _TEXT_MODE
    if inspect.isawaitable(chunk):
        if inspect.iscoroutine(chunk):
            chunk.close()  # or Python warns that nobody awaited it
        return _ASYNC
    if chunk is None:
        return (
            "the file object has no data at the moment and does not wait for them (its read gave "
            "None). Read it to its end, and pass the bytes."
        )
    return f"the file object gives {type(chunk).__name__} and not bytes."


_ASYNC = "its read is asynchronous. Await it, and pass the bytes: await file.read()."
_TEXT_MODE = "the file object gives text. Open the file in binary mode: open(path, 'rb')."


def _read_memoryview(view: memoryview) -> bytes:
    try:
        return view.tobytes()
    except ValueError as error:  # released
        raise UnreadableError(f"{error}.") from error


# ------------------------------------------------------------------------------------- data URIs


def _read_data_uri(uri: str) -> bytes:
    """The bytes in ``data:[type][;base64],data`` (RFC 2397), with padding and blanks forgiven."""
    head, comma, encoded = uri.partition(",")
    if not comma:
        raise UnreadableError("the data: URI has no comma between its type and its data.")
    try:
        data = unquote_to_bytes(encoded)
        if not head.rstrip().lower().endswith(";base64"):
            return data
        data = b"".join(data.split()).rstrip(b"=").translate(_FROM_URL_SAFE)
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UnreadableError(f"the data: URI is not valid base64 ({error}).") from error


_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
