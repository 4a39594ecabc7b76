"""Several pictures: those in a folder, and whatever else stands for them."""

from __future__ import annotations

import contextlib
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path
from typing import TypeAlias, TypeVar

import numpy as np
from PIL import Image

from zsclip.errors import ParameterTypeError
from zsclip.files import is_system_folder
from zsclip.images.decode import REFUSED_FORMATS
from zsclip.images.heif import HEIF_ADVICE, register_heif
from zsclip.images.kinds import ImageSource, describe_source, is_path, is_tensor
from zsclip.images.unreadable import UnreadableError, named
from zsclip.logs import logger_for
from zsclip.wording import brief, printable, shown

__all__ = [
    "Images",
    "Listed",
    "counted_sources",
    "find_files",
    "find_pictures",
    "is_at_hand",
    "picture_suffixes",
    "sources_of",
]

logger = logger_for("zsclip.images")

_DIGITS = re.compile(r"([0-9]+)")
_HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif"})

Images: TypeAlias = Iterable[ImageSource] | str | os.PathLike[str]
"""Several pictures, or the path of a folder of them."""

_Identity = tuple[int, int]  # device and inode: the same folder by whatever path

_Source = TypeVar("_Source")

# What holds its pictures, and does nothing when it is asked for the next one.
_HOLDERS: tuple[type, ...] = (
    list,
    tuple,
    set,
    frozenset,
    dict,
    deque,
    type({}.keys()),
    type({}.values()),
)


class Listed(Iterator[_Source]):
    """Pictures out of a list: nothing happens to them between one and the next.

    What a path names is taken to stay as it is for as long as results are asked for. That cannot be
    said of any other iterator: a generator may write each frame of a camera to the same file.

    Args:
        images: The pictures.
        section: So many at a time are embedded and scored apart, so that what comes of them depends
            on none before them, to the last bit. A sum is rounded otherwise in another batch; who
            wants to begin in the middle, and get what there would have been, begins with a section.
            None for batches that are always full.
    """

    def __init__(self, images: Iterable[_Source], *, section: int | None = None) -> None:
        self._images = iter(images)
        self.section = section

    def __next__(self) -> _Source:
        return next(self._images)


def find_pictures(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """The pictures in a folder and the folders below it, in natural order.

    A picture is a file whose suffix belongs to a format that Pillow can open (`load_image` goes by
    the content instead). Names are sorted as people do, "fox 2.png" before "fox 10.png", folders
    among files. Hidden files and folders, whose names start with a dot, are left out, and so are
    folders of a system, such as ``@eaDir``, ``$RECYCLE.BIN`` or ``__MACOSX``. A link to a folder is
    followed once, and never into a folder that it lies in. Folders that cannot be opened are
    logged and passed over.

    Args:
        folder: The folder to search.

    Returns:
        An iterator of paths that begin with ``folder``.

    Raises:
        ImageError: ``folder`` does not exist, is no folder, or cannot be opened. This is found out
            at the call, not when the iterator is first used.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("fox 10.png", "fox 2.png", "notes.txt"):
        ...         Path(folder, name).touch()
        ...     [path.name for path in find_pictures(folder)]
        ['fox 2.png', 'fox 10.png']
    """
    return find_files(folder, picture_suffixes())


def find_files(folder: str | os.PathLike[str], suffixes: frozenset[str]) -> Iterator[Path]:
    """The files in a folder that have one of these suffixes, as `find_pictures` finds pictures.

    Raises:
        ImageError: As of `find_pictures`.
    """
    root = Path(folder)
    name = describe_source(folder)
    with named(name):
        if not os.path.lexists(root):
            raise UnreadableError("there is no such folder.")
        if not root.is_dir():
            raise UnreadableError("it is not a folder.")
        try:
            entries = _sorted_entries(root)
            inside = _around(root) | {_identity(root)}
        except OSError as error:
            raise UnreadableError(f"the folder cannot be opened ({error.strerror}).") from error
    return Listed(_walk(shown(name), entries, inside, suffixes))


def picture_suffixes() -> frozenset[str]:
    """The suffixes, in lower case, of the formats that Pillow can open here, plugins included.

    Examples:
        >>> {".png", ".jpg", ".webp"} <= picture_suffixes()
        True
        >>> sorted({".pdf", ".eps", ".svg", ".mpg"} & picture_suffixes())
        []
    """
    return frozenset(
        suffix.lower()
        for suffix, name in Image.registered_extensions().items()
        if name in Image.OPEN and name not in REFUSED_FORMATS
    )


def sources_of(images: Images) -> Iterator[ImageSource]:
    """The pictures in what was handed over, one after the other.

    Args:
        images: An iterable of pictures, an array or tensor of them (4 dimensions), or a folder.

    Returns:
        A `Listed` where the pictures are at hand, and nobody's code runs between two of them.

    Raises:
        ParameterTypeError: It is a single picture, or nothing to iterate over.
        ImageError: There is no such folder, or it cannot be opened.
    """
    if isinstance(images, str | os.PathLike):
        return _in_folder(images)
    several = not (isinstance(images, bytes | bytearray | memoryview) or hasattr(images, "read"))
    if is_tensor(images):
        several = getattr(images, "ndim", 0) == 4
    elif isinstance(images, np.ndarray):  # a column of a table holds paths, in one dimension
        several = images.ndim == 4 or (images.ndim == 1 and images.dtype.kind in "OUT")
    if not several or not isinstance(images, Iterable):
        got = describe_source(images)
        if hasattr(images, "__aiter__"):
            got += ", which is asynchronous: gather its pictures in a list first"
        raise _not_several(got)
    return Listed(images) if is_at_hand(images) else iter(images)


def counted_sources(images: Images, count: object) -> tuple[Iterator[ImageSource], int | None]:
    """`sources_of`, and how many pictures there are, for which a folder is searched to its end.

    Args:
        images: As for `sources_of`.
        count: Whether anybody wants to know the number.

    Returns:
        The pictures, and their number; None where only the last one tells, or nobody asked.
    """
    sources = sources_of(images)
    if not count:
        return sources, None
    if isinstance(images, str | os.PathLike):
        found = list(sources)
        return Listed(found), len(found)
    try:
        return sources, len(images) if isinstance(images, Sized) else None
    except (TypeError, ValueError):  # of a data set that has the method and not the number
        return sources, None


def is_at_hand(values: object) -> bool:
    """Whether nobody's code runs when the next of these values is asked for."""
    return isinstance(values, _HOLDERS) or hasattr(values, "__array__")  # a column of a table


def _in_folder(folder: str | os.PathLike[str]) -> Iterator[ImageSource]:
    text = os.fsdecode(folder)
    path = os.path.expanduser(text)  # noqa: PTH111 - Path's raises for an unknown user
    if os.path.isdir(path):  # noqa: PTH112 - false for what can be no path at all
        return find_pictures(path)
    one = not is_path(folder) or Path(text).suffix.lower() in picture_suffixes()
    if one or not text or os.path.lexists(path):
        masked = describe_source(folder) if isinstance(folder, str) else folder
        raise _not_several(brief(masked))
    with named(text):
        raise UnreadableError(
            "there is no such folder. To classify one picture use classify(image), or put it in a "
            "list."
        )


def _not_several(got: str) -> ParameterTypeError:
    return ParameterTypeError(
        f"`images` must be several pictures, or a folder that exists, got {got}. "
        "For one picture use classify(image), or put it in a list."
    )


def _walk(
    root: str,
    entries: list[os.DirEntry[str]],
    inside: frozenset[_Identity],
    suffixes: frozenset[str],
) -> Iterator[Path]:
    # A stack instead of recursion: folders nest deeper than Python's calls may.
    stack = [(iter(entries), inside)]
    followed: set[_Identity] = set()
    n_heic = 0
    while stack:
        entry = next(stack[-1][0], None)
        if entry is None:
            stack.pop()
            continue
        suffix = Path(entry.name).suffix.lower()
        try:
            if entry.is_dir():
                inner = _identity(entry)
                seen_by_link = entry.is_symlink() and inner in followed
                if seen_by_link or any(inner in outer for _, outer in stack):
                    logger.debug("%s leads to a folder already searched", printable(entry.path))
                    continue
                if entry.is_symlink():
                    followed.add(inner)
                stack.append((iter(_sorted_entries(entry)), frozenset({inner})))
            elif suffix in suffixes or (suffix in _HEIC_SUFFIXES and register_heif()):
                if entry.is_file():
                    yield Path(entry.path)
            elif suffix in _HEIC_SUFFIXES:
                n_heic += 1
        except OSError as error:
            logger.warning("Passed over %s: %s", printable(entry.path), error.strerror)
    if n_heic:
        logger.warning("Passed over %d HEIC files in %s: %s", n_heic, root, HEIF_ADVICE)


def _around(root: Path) -> frozenset[_Identity]:
    """The folders that a folder lies in, as far as they can be seen."""
    found = set()
    for folder in root.resolve().parents:
        with contextlib.suppress(OSError):
            found.add(_identity(folder))
    return frozenset(found)


def _identity(folder: os.PathLike[str]) -> _Identity:
    status = os.stat(folder)  # noqa: PTH116 - DirEntry.stat has no inode on Windows
    return status.st_dev, status.st_ino


def _sorted_entries(folder: os.PathLike[str]) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        of_data = [entry for entry in entries if not is_system_folder(entry.name)]
    return sorted(of_data, key=lambda entry: (_natural_key(entry.name), entry.name))


def _natural_key(name: str) -> list[str | int]:
    """Text and numbers in turn, so that two keys compare text with text and number with number."""
    return [int(part) if i % 2 else part for i, part in enumerate(_DIGITS.split(name.casefold()))]
