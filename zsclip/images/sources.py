"""Where encoded pictures come from: files, file objects, bytes and ``data:`` URIs."""

from __future__ import annotations

import base64
import binascii
import difflib
import io
import itertools
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote_to_bytes

from zsclip.errors import ImageError, ParameterTypeError
from zsclip.images.describe import printable, size_in_words
from zsclip.images.kinds import is_data_uri, is_url
from zsclip.images.urls import fetch

__all__ = ["open_source"]

_CHUNK = 1024 * 1024
# Siblings looked through for a name like the missing one; comparing names is slow.
_MOST_SIBLINGS = 1_000
_FOLDER = (
    "it is a folder. zsclip.images.find_pictures lists the pictures in it; load_image reads one."
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


@contextmanager
def open_source(source: object, *, name: str, timeout: float, max_bytes: int) -> Iterator[BinaryIO]:
    """A stream that can seek over the encoded picture in ``source``; closed on leaving.

    Args:
        source: A path, URL, ``data:`` URI, bytes-like object or file object.
        name: The source in a few words, for errors.
        timeout: Seconds for a URL.
        max_bytes: The most bytes from a URL, a file object or anything that is not a plain file.

    Raises:
        ImageError: There is nothing to read, or too much.
        ParameterTypeError: The source is of no such kind.
    """
    if isinstance(source, str) and is_url(source):
        yield io.BytesIO(fetch(source, name=name, timeout=timeout, max_bytes=max_bytes))
    elif isinstance(source, str) and is_data_uri(source):
        yield io.BytesIO(_read_data_uri(source, name))
    elif isinstance(source, str | os.PathLike):
        with _open_path(source, name, max_bytes) as stream:
            yield stream
    elif isinstance(source, bytes | bytearray):
        yield io.BytesIO(source)
    elif isinstance(source, memoryview):
        yield io.BytesIO(_read_memoryview(source, name))
    elif callable(getattr(source, "read", None)):
        yield io.BytesIO(_read_file_object(source, name, max_bytes))
    else:
        raise ParameterTypeError(_wrong_type(source))


def _wrong_type(source: object) -> str:
    message = (
        "`source` must be a picture: a path, a URL, a data: URI, bytes, a binary file object, a "
        f"PIL image, a NumPy array or a torch tensor, got {type(source).__name__}."
    )
    if isinstance(source, list | tuple | set | frozenset | Iterator):
        return message + " Pass the pictures in it one by one."
    if hasattr(source, "__array__"):
        return message + " Pass numpy.asarray(...) of it."
    return message


# ---------------------------------------------------------------------------------------- files


@contextmanager
def _open_path(path: str | os.PathLike[str], name: str, max_bytes: int) -> Iterator[BinaryIO]:
    text = os.fsdecode(path)
    if not text:
        raise ImageError("''", "the path is empty.")
    try:
        stream = Path(text).open("rb")  # noqa: SIM115 - closed by the `with` below
    except FileNotFoundError:
        raise ImageError(name, _missing(text)) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        if os.path.isdir(text):  # noqa: PTH112 - opening one fails differently on every system
            raise ImageError(name, _FOLDER) from None
        raise ImageError(name, f"{_why(error)}.") from error
    with stream:
        if stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            yield stream
        else:  # a pipe or device can neither seek nor be trusted to end
            yield io.BytesIO(_read_file_object(stream, name, max_bytes))


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
        return f"no such file: the folder {printable(str(parent))!r} does not exist."
    try:
        with os.scandir(parent) as entries:
            siblings = [entry.name for entry in itertools.islice(entries, _MOST_SIBLINGS)]
    except OSError:
        siblings = []
    near = difflib.get_close_matches(Path(path).name, sorted(siblings), n=3, cutoff=0.7)
    hint = f" Did you mean {' or '.join(repr(printable(n)) for n in near)}?" if near else ""
    return f"no such file.{hint}"


def _why(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


# ---------------------------------------------------------------------------------- file objects


def _read_file_object(file: Any, name: str, max_bytes: int) -> bytes:
    """All bytes of a file object, from its start if it can seek and from where it is if not."""
    if isinstance(file, io.TextIOBase):
        raise ImageError(name, _TEXT_MODE)
    data = bytearray()
    try:
        if callable(getattr(file, "seekable", None)) and file.seekable():
            file.seek(0)
        # One byte over the limit tells a picture that just fits from one that does not.
        while len(data) <= max_bytes:
            chunk = file.read(min(_CHUNK, max_bytes + 1 - len(data)))
            if isinstance(chunk, str):
                raise ImageError(name, _TEXT_MODE)
            if not chunk:
                break
            data += chunk
    except ImageError:
        raise
    except Exception as error:  # any class can stand behind a file object
        raise ImageError(name, f"reading the file object failed ({error!r}).") from error
    if len(data) > max_bytes:
        raise ImageError(
            name,
            f"it is larger than `max_bytes` ({size_in_words(max_bytes)}). Pass a higher limit "
            "if you trust where it comes from.",
        )
    return bytes(data)


_TEXT_MODE = "the file object gives text. Open the file in binary mode: open(path, 'rb')."


def _read_memoryview(view: memoryview, name: str) -> bytes:
    try:
        return view.tobytes()
    except ValueError as error:  # released
        raise ImageError(name, f"{error}.") from error


# ------------------------------------------------------------------------------------- data URIs


def _read_data_uri(uri: str, name: str) -> bytes:
    """The bytes in ``data:[type][;base64],data`` (RFC 2397), with padding and blanks forgiven."""
    head, comma, encoded = uri.partition(",")
    if not comma:
        raise ImageError(name, "the data: URI has no comma between its type and its data.")
    try:
        data = unquote_to_bytes(encoded)
        if not head.rstrip().lower().endswith(";base64"):
            return data
        data = b"".join(data.split()).rstrip(b"=").translate(_FROM_URL_SAFE)
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError(name, f"the data: URI is not valid base64 ({error}).") from error


_FROM_URL_SAFE = bytes.maketrans(b"-_", b"+/")
