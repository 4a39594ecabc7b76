"""Names of folders and files that every system takes, made of labels and of names that are taken.

A label is any text: it may hold slashes, be ``..`` or ``CON``, or differ from another one in its
case alone. What is made of it here is a name on Linux, macOS and Windows, and shows in listings.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable

from zsclip.files import is_system_folder
from zsclip.images import picture_suffixes

__all__ = [
    "FAILED",
    "NONE",
    "folder_names",
    "has_suffix",
    "is_inner",
    "name_key",
    "numbered",
    "suffixes",
]

NONE = "_none-of-these"
"""The folder of pictures that are none of the labels."""

FAILED = "_failed"
"""The folder of pictures that could not be read."""

_MOST_BYTES = 255  # of one name, on nearly all file systems
_FOLDER_BYTES = 200  # which leaves room for a number, and for paths
_UNFIT = re.compile(r'[/\\:*?"<>|]')
_HEIC = frozenset({".heic", ".heif", ".hif"})  # whether or not they can be read here
# Names of devices on Windows, with whatever suffix.
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def folder_names(names: Iterable[str]) -> list[str]:
    """A folder name for each of some labels, no two of which are one on any file system.

    A name that can be a folder's as it is stays, if no other has it. In others, what cannot stand
    in a name becomes ``_``; one that is taken gets a number, in the order of the labels.

    Examples:
        >>> folder_names(["cat", "Cat", "either/or", "..", "CON", ".hidden", ""])
        ['cat', 'Cat-2', 'either_or', '_', '_CON', '_.hidden', '_-2']
    """
    wanted = list(names)
    safe = [_safe(name) for name in wanted]
    found = [""] * len(wanted)
    taken = {name_key(NONE), name_key(FAILED)}
    last: dict[str, int] = {}  # the number that was given last, so that none is tried twice
    as_they_are = [i for i, name in enumerate(wanted) if safe[i] == name]
    for i in dict.fromkeys([*as_they_are, *range(len(wanted))]):
        n = last.get(name_key(safe[i]), 0) + 1
        while name_key(name := numbered(safe[i], n, suffix="")) in taken:
            n += 1
        last[name_key(safe[i])] = n
        taken.add(name_key(name))
        found[i] = name
    return found


def _safe(name: str) -> str:
    name = unicodedata.normalize("NFC", name)
    name = "".join(c if c.isprintable() else "_" for c in _UNFIT.sub("_", name)).strip(" ")
    name = _cut(name, _FOLDER_BYTES).rstrip(". ")  # which Windows leaves out at the end of a name
    if not name:
        return "_"
    # hidden folders and those of a system would be passed over where the sorted are looked for
    return f"_{name}" if is_system_folder(name) or _DEVICE.fullmatch(name) else name


def name_key(name: str) -> str:
    """What two names have in common that are one to some file system.

    Examples:
        >>> name_key("Fox.PNG") == name_key("fox.png")
        True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def numbered(name: str, n: int, *, suffix: str | None = None) -> str:
    """The `n`-th form of a name: the first is the name itself.

    Args:
        name: A name of a file or folder.
        n: Which form, from 1 on.
        suffix: What it ends in, before which the number goes; its last suffix if None.

    Examples:
        >>> numbered("fox.png", 1), numbered("fox.png", 2), numbered("v1.5", 3, suffix="")
        ('fox.png', 'fox-2.png', 'v1.5-3')
    """
    if n == 1:
        return name
    end = os.path.splitext(name)[1] if suffix is None else suffix  # noqa: PTH122
    stem, number = name.removesuffix(end), f"-{n}"
    room = _MOST_BYTES - len((number + end).encode("utf-8", "surrogateescape"))
    return _cut(stem, room) + number + end


def _cut(text: str, room: int) -> str:
    """As much of a text as has room in so many bytes, no character in part."""
    data = text.encode("utf-8", "surrogateescape")
    return text if len(data) <= room else data[:room].decode("utf-8", "ignore")


def is_inner(path: str) -> bool:
    """Whether a path leads downwards, by no folder that is passed over where pictures are found.

    Examples:
        >>> [is_inner(path) for path in ("a/fox.png", "../fox.png", "/fox.png", ".ssh/fox.png")]
        [True, False, False, False]
    """
    if os.altsep is not None and (os.altsep in path or ":" in path):
        return False
    parts = path.split(os.sep)  # noqa: PTH206 - a Path would leave out what is empty
    return all(part and "\0" not in part and not is_system_folder(part) for part in parts)


def suffixes() -> frozenset[str]:
    """What the names of pictures end in, in lower case."""
    return picture_suffixes() | _HEIC


def has_suffix(path: str, known: frozenset[str]) -> bool:
    """Whether a path ends in one of these."""
    return os.path.splitext(path)[1].lower() in known  # noqa: PTH122
