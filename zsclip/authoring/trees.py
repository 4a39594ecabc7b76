"""The files of a distribution, in a folder, a wheel or an sdist: nothing is unpacked to disk.

An archive comes from anywhere. It is read in memory and within limits, so that neither a path that
leads out of it nor a file that unpacks to gigabytes does any harm.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Literal, Protocol, TypeAlias, cast

from zsclip.errors import LabelSetUnreadableError
from zsclip.files import reason_of
from zsclip.labels.reading import FILE_LIMIT
from zsclip.wording import brief, shown

__all__ = ["FILE_LIMIT", "MOST_FILES", "TOTAL_LIMIT", "Kind", "Tree", "TreeError", "open_tree"]

TOTAL_LIMIT = 256 * 2**20
"""Bytes that an archive may unpack to: of a wheel, what is read of it; of an sdist, all of it."""

MOST_FILES = 100_000
"""Files and folders in an archive. A distribution of label sets has a dozen."""

DEEPEST = 50
"""Folders within each other in an archive; each of them is kept with its path."""

LIST_LIMIT = 16 * 2**20
"""Bytes of a wheel's list of what is in it, which is read before anything of it is known."""

PIECE = 2**20  # bytes that are read at a time

Kind: TypeAlias = Literal["sources", "wheel", "sdist"]


class TreeError(Exception):
    """An archive, or a file in a tree, cannot be read; the message ends the sentence "it ..."."""


class Tree(Protocol):
    """Files by their paths from the top, with slashes between the parts."""

    def read(self, path: str) -> bytes | None:
        """A file's content; None where there is no such file.

        Raises:
            TreeError: It is too large or cannot be read.
        """

    def files_in(self, folder: str) -> list[str]:
        """The paths of the files that lie directly in a folder, sorted; "" is the top."""

    def folders_in(self, folder: str) -> list[str]:
        """The paths of the folders that lie directly in a folder, sorted."""


def open_tree(path: str | os.PathLike[str], kind: Kind) -> Tree:
    """Open a distribution.

    Raises:
        LabelSetUnreadableError: There is no such file, or it cannot be read.
        TreeError: It is not of this kind, or damaged.
    """
    if kind == "sources":
        return _Folder(Path(path))
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below, where other errors count
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise LabelSetUnreadableError(
            f"Cannot read {brief(os.fspath(path))}: {reason_of(error)}. Check the path."
        ) from error
    with file:
        try:
            return _read_wheel(file) if kind == "wheel" else _read_sdist(file)
        except TreeError:
            raise
        except Exception as error:  # the archive modules raise whatever they stumble over
            raise TreeError(
                f"is no {kind} that can be read ({type(error).__name__}: {shown(str(error))}). "
                "Build it anew."
            ) from error


class _Folder:
    """A tree on disk, looked at where it is asked for: beside the sources may lie anything."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes | None:
        file = self._root / path
        try:
            if not file.is_file():
                return None
            with file.open("rb") as opened:
                content = _read_within_limit(opened)
        except (OSError, ValueError) as error:
            raise TreeError(
                f"cannot be read ({reason_of(error)}). Check its permissions."
            ) from error
        if isinstance(content, TreeError):
            raise content
        return content

    def files_in(self, folder: str) -> list[str]:
        return [path for path, is_folder in self._entries(folder) if not is_folder]

    def folders_in(self, folder: str) -> list[str]:
        return [path for path, is_folder in self._entries(folder) if is_folder]

    def _entries(self, folder: str) -> list[tuple[str, bool]]:
        try:
            entries = sorted((self._root / folder).iterdir())
        except (OSError, ValueError):
            return []
        return [(_join(folder, entry.name), entry.is_dir()) for entry in entries]


class _InMemory:
    """A tree of which some files were read, and of the others only the paths are known."""

    def __init__(self, paths: Iterable[str], contents: Mapping[str, bytes | TreeError]) -> None:
        self._contents = contents
        self._files: dict[str, list[str]] = defaultdict(list)
        self._folders: dict[str, list[str]] = defaultdict(list)
        for path in sorted(paths):
            folder = _parent(path)
            self._files[folder].append(path)
            while folder and folder not in self._folders[_parent(folder)][-1:]:
                self._folders[_parent(folder)].append(folder)
                folder = _parent(folder)
        for folders in self._folders.values():
            folders.sort()  # "b-c/d" comes before "b/c", and "b" before "b-c"

    def read(self, path: str) -> bytes | None:
        content = self._contents.get(path)
        if isinstance(content, TreeError):
            raise content
        return content

    def files_in(self, folder: str) -> list[str]:
        return self._files.get(folder, [])

    def folders_in(self, folder: str) -> list[str]:
        return self._folders.get(folder, [])


def _read_wheel(file: IO[bytes]) -> Tree:
    import zipfile

    with zipfile.ZipFile(cast("IO[bytes]", _Sips(file))) as archive:
        _require_few(len(archive.infolist()))
        infos = {info.filename: info for info in archive.infolist() if not info.is_dir()}
        _refuse_strays(infos)
        contents: dict[str, bytes | TreeError] = {}
        left = TOTAL_LIMIT
        for name in filter(_is_wanted, infos):
            with archive.open(infos[name]) as member:
                contents[name] = content = _read_within_limit(member)
            left -= FILE_LIMIT if isinstance(content, TreeError) else len(content)
            if left < 0:
                raise _too_large()
    return _InMemory(set(infos), contents)


def _read_sdist(file: IO[bytes]) -> Tree:
    import gzip
    import tarfile

    paths: set[str] = set()
    contents: dict[str, bytes | TreeError] = {}
    unpacked = _Limited(gzip.GzipFile(fileobj=file))
    # The mode with "|" reads from front to back and never seeks, so that the limit holds.
    with tarfile.open(fileobj=unpacked, mode="r|") as archive:  # type: ignore[call-overload]
        for count, member in enumerate(archive, start=1):
            _require_few(count)
            if not member.isfile():
                continue  # a link leads to another file, and folders show in the paths
            paths.add(member.name)
            if not _is_wanted(member.name):
                continue
            if member.issparse():  # which `tarfile` puts together byte string by byte string
                contents[member.name] = TreeError("is a sparse file. Build the sdist anew.")
            elif (opened := archive.extractfile(member)) is not None:
                contents[member.name] = _read_within_limit(opened)
    _refuse_strays(paths)
    tops = {path.partition("/")[0] for path in paths}
    if len(tops) != 1 or any("/" not in path for path in paths):
        raise TreeError(
            "must hold one folder named by name and version, with everything in it. Build it anew."
        )
    (top,) = tops
    cut = len(top) + 1
    return _InMemory(
        {path[cut:] for path in paths}, {path[cut:]: data for path, data in contents.items()}
    )


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Limited:
    """A stream that refuses to give more than `TOTAL_LIMIT` bytes."""

    def __init__(self, stream: _Readable) -> None:
        self._stream = stream
        self._left = TOTAL_LIMIT

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise _too_large()
        return data


class _Sips:
    """A file of which no more than `LIST_LIMIT` bytes are taken at a time.

    `zipfile` takes all of an archive's list at once, and as much memory again for each entry.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size if 0 <= size <= LIST_LIMIT else LIST_LIMIT + 1)
        if len(data) > LIST_LIMIT:
            raise TreeError(
                f"has a list of files of more than {LIST_LIMIT // 2**20} MiB. Leave out what does "
                "not belong there."
            )
        return data


def _require_few(count: int) -> None:
    if count > MOST_FILES:
        raise TreeError(
            f"holds more than {MOST_FILES:,} files and folders, which no label sets need. Leave "
            "out what does not belong there."
        )


def _too_large() -> TreeError:
    return TreeError(
        f"unpacks to more than {TOTAL_LIMIT // 2**20} MiB, which no label sets need. Leave out "
        "what does not belong there."
    )


def _read_within_limit(file: IO[bytes]) -> bytes | TreeError:
    """A file's content, or why it is not taken: one large file leaves the others readable."""
    pieces = []
    left = FILE_LIMIT
    while left >= 0 and (piece := file.read(min(left + 1, PIECE))):
        pieces.append(piece)
        left -= len(piece)
    if left < 0:
        return TreeError(f"has more than {FILE_LIMIT // 2**20} MiB. Shorten it.")
    return b"".join(pieces)


def _refuse_strays(paths: set[str] | Mapping[str, object]) -> None:
    """Raise for paths that would land elsewhere than in their folder when unpacked."""
    for path in paths:
        parts = path.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise TreeError(f"holds the path {brief(path)}, which leads out of it. Build it anew.")
        if len(parts) > DEEPEST:
            raise TreeError(
                f"holds the path {brief(path)} of {len(parts):,} folders within each other, and "
                f"may have {DEEPEST}. Leave out what does not belong there."
            )


def _is_wanted(path: str) -> bool:
    """Whether a file is one that says something of the distribution or of its label sets."""
    name = path.rpartition("/")[2]
    return name.endswith(".toml") or name in {
        "PKG-INFO", "METADATA", "WHEEL", "RECORD", "entry_points.txt", "MANIFEST.in", "setup.py",
        "setup.cfg",
    }  # fmt: skip


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
