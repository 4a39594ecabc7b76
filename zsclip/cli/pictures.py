"""What ``PATH...`` stands for: pictures one after the other, as many as there may be."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from zsclip.cli.group import Failed
from zsclip.errors import ImageError
from zsclip.images import Listed, describe_source, find_pictures, is_path, picture_suffixes
from zsclip.results import Failure, Prediction

__all__ = ["Pictures", "StandardInput"]

BLOCK = 1 << 16

# Of pictures and documents; none of them is how a list of names begins.
MAGIC = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"%PDF-", b"%!PS")


class StandardInput:
    """Standard input that is a picture itself, of which the first block has been read."""

    name = "standard input"

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first = first
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, all that are left without it, and none at the end."""
        if not self._first:
            return self._rest.read(size)
        n = len(self._first) if size < 0 else size
        taken, self._first = self._first[:n], self._first[n:]
        return taken + self._rest.read() if size < 0 else taken


class Pictures:
    """The pictures in the order in which they were named, looked for only as they are needed.

    A folder is searched with all below it; ``-`` stands for standard input: a picture, or names of
    files, folders and URLs. A folder that holds no picture, or cannot be opened, is a failure in
    its place.

    Args:
        paths: As on the command line.
        null: Whether each name on standard input ends in NUL, and not in a new line.
    """

    def __init__(self, paths: Iterable[str], *, null: bool = False) -> None:
        self._paths = paths
        self._null = null
        self._given: deque[str] = deque()  # of pictures that have no result yet
        self._failures: deque[tuple[int, Failure]] = deque()  # folders, and how many came before
        self._n_given = 0

    def __iter__(self) -> Iterator[str | StandardInput]:
        return Listed(self._each())

    def _each(self) -> Iterator[str | StandardInput]:
        for path in self._expand():
            if isinstance(path, StandardInput):
                self._give("-")
                yield path
                continue
            if not os.path.isdir(path):  # noqa: PTH112 - false for what can be no path at all
                yield self._give(path)
                continue
            before = self._n_given
            try:
                for found in find_pictures(path):
                    yield self._give(str(found))
                if self._n_given == before:
                    raise _no_pictures(path)
            except ImageError as error:
                self._failures.append((self._n_given, Failure(path, error)))

    def results(
        self, results: Iterable[Prediction | Failure]
    ) -> Iterator[tuple[str, Prediction | Failure]]:
        """Each result with the full path or the URL of its picture, failed folders among them.

        Args:
            results: One result for each picture that this object gave, in their order.
        """
        done = 0
        for result in results:
            yield from self._failed(done)
            given = self._given.popleft()
            # a URL may hold a password, and a data: URI all of the picture
            yield given if is_path(given) else result.source, result
            done += 1
        yield from self._failed(done)

    def _give(self, path: str) -> str:
        self._given.append(path)
        self._n_given += 1
        return path

    def _failed(self, done: int) -> Iterator[tuple[str, Failure]]:
        while self._failures and self._failures[0][0] <= done:
            _, failure = self._failures.popleft()
            yield failure.source, failure

    def _expand(self) -> Iterator[str | StandardInput]:
        for path in self._paths:
            if path == "-":
                yield from _read_names(null=self._null)
            else:
                yield path


def _read_names(*, null: bool) -> Iterator[str | StandardInput]:
    """What standard input names, each name as soon as it is there; or standard input itself."""
    if sys.stdin is None:  # whoever started this closed it
        return
    stream: Any = sys.stdin.buffer  # typeshed does not know that it has `read1`
    block = stream.read1(BLOCK)
    if block.startswith(MAGIC) or (b"\0" in block and not null):
        if _looks_like_names(block):
            raise Failed(
                "The names on standard input end in NUL, as `find -print0` writes them. Pass "
                "--null, too."
            )
        yield StandardInput(block, stream)
        return
    begun: list[bytes] = []  # of a name that is longer than a block, as a data: URI may be
    separator = b"\0" if null else b"\n"
    while block:
        *ended, rest = block.split(separator)
        for name in ended:
            yield from _named(b"".join([*begun, name]), null=null)
            begun.clear()
        begun.append(rest)
        block = stream.read1(BLOCK)
    yield from _named(b"".join(begun), null=null)


def _named(name: bytes, *, null: bool) -> Iterator[str]:
    if not null:
        name = name.removesuffix(b"\r")
    if name.strip():
        yield os.fsdecode(name)


def _looks_like_names(block: bytes) -> bool:
    """Whether what is between NULs could be names, which hold no other control characters."""
    return not block.startswith(MAGIC) and min(block.replace(b"\0", b"/")) >= ord(" ")


def _no_pictures(folder: str) -> ImageError:
    suffixes = " ".join(sorted(picture_suffixes()))
    return ImageError(
        describe_source(folder),
        f"the folder holds no picture, and none of its folders does. Looked for files that end "
        f"in: {suffixes}. A file of another name can be given itself.",
    )
