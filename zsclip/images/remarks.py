"""What is odd about a picture that is read all the same: heard where it is seen, told by its name.

Whatever sees it says so with `remark`, and so does, unknowingly, a decoder that warns. Of which
picture is added in one place, `telling`, where the picture came in; it is an `ImageWarning` then.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, cast

from PIL import Image

from zsclip.errors import ImageWarning
from zsclip.forks import ForkLock
from zsclip.images.unreadable import UnreadableError, named
from zsclip.logs import logger_for
from zsclip.wording import printable

__all__ = ["Remarks", "is_doubted", "listening", "mark", "one_at_a_time", "remark", "telling"]

logger = logger_for("zsclip.images")

Remarks: TypeAlias = list[tuple[type[ImageWarning], str]]

_DOUBTED = "zsclip: doubted"  # the key in the `info` of such a picture

# Held while filters are changed for all threads, and while a warning is issued: it is not lost to
# the filters of another thread. Whoever shows warnings may read a picture meanwhile.
one_at_a_time = ForkLock(threading.RLock)


class _Thread(threading.local):
    remarks: Remarks | None = None  # of the picture that it reads
    text = ""  # of the warning that is being looked at


_thread = _Thread()


def remark(category: type[ImageWarning], text: str) -> None:
    """Note something about the picture that this thread reads, for `telling` to tell.

    Args:
        category: `ImageWarning` itself where the pixels are what they should be, and a subclass
            where they may not be.
        text: A sentence with "it" for the picture.
    """
    if _thread.remarks is not None:
        _thread.remarks.append((category, text))


@contextmanager
def telling(name: str) -> Iterator[Remarks]:
    """Where a picture is read that `describe_source` gave this name; includes `named`.

    What is remarked of it is told at the end, once it could be read. In a program that turns these
    warnings into errors, a picture whose pixels are in doubt is one that cannot be read, and all
    else is logged.

    Raises:
        ImageError: It cannot be read.
    """
    with named(name):
        with listening() as remarks:
            yield remarks
        for category, text in dict.fromkeys(remarks):
            _tell(category, f"{printable(name)}: {text}", text)


def _tell(category: type[ImageWarning], message: str, text: str) -> None:
    try:
        with one_at_a_time:
            warnings.warn(category(message), stacklevel=2)
    except ImageWarning as error:
        if category is not ImageWarning:
            raise UnreadableError(text) from error
        logger.warning(message)


def mark(image: Image.Image, remarks: Remarks) -> None:
    """Let a picture say of itself whether its pixels are in doubt; it is changed."""
    if any(category is not ImageWarning for category, _ in remarks):
        image.info[_DOUBTED] = True


def is_doubted(image: Image.Image) -> bool:
    """Whether a picture was read with a warning that its pixels may not be what they should be.

    Its embedding is not to be kept: whoever meets the picture again is to be warned again.
    """
    return _DOUBTED in image.info


# ------------------------------------------------------------------------------- hearing decoders


class _Hears(type):
    """Makes a class that a list of warning filters can hold as pattern and as category.

    Filters belong to all threads. This one lets pass what is warned of in threads that read no
    picture, so that it may lie there while others do. A pattern is asked before a category is.
    """

    def match(cls, text: str) -> bool:
        _thread.text = text
        return _thread.remarks is not None

    def __subclasscheck__(cls, category: type) -> bool:
        if _thread.remarks is None or not issubclass(category, UserWarning | RuntimeWarning):
            return False
        remark(ImageWarning, " ".join(_thread.text.split()))
        return True


class _Heard(metaclass=_Hears):
    pass


@contextmanager
def listening() -> Iterator[Remarks]:
    """Takes for remarks what is warned of in this thread, whatever filters there are.

    The standard library can only catch warnings for all threads at once.
    """
    before = _thread.remarks
    filters = cast("list[Any]", warnings.filters)
    entry: Any = ("ignore", _Heard, _Heard, None, 0)
    remarks: Remarks = []
    _thread.remarks = remarks
    filters.insert(0, entry)
    try:
        yield remarks
    finally:
        _thread.remarks = before
        with suppress(ValueError):  # who resets all filters has taken it away
            filters.remove(entry)
