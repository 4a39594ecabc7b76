"""What ``PATH...`` stands for: pictures one after the other, as many as there may be."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator

from zsclip.errors import ImageError
from zsclip.images import Listed, describe_source, find_pictures, is_path, picture_suffixes
from zsclip.results import Failure, Prediction

__all__ = ["Pictures"]


class Pictures:
    """The pictures in the order in which they were named, looked for only as they are needed.

    A folder is searched with all below it; ``-`` stands for the lines of standard input, each of
    them a file, a folder or a URL. A folder that holds no picture, or cannot be opened, is a
    failure in its place.

    Args:
        paths: As on the command line.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = paths
        self._given: deque[str] = deque()  # of pictures that have no result yet
        self._failures: deque[tuple[int, Failure]] = deque()  # folders, and how many came before
        self._n_given = 0

    def __iter__(self) -> Iterator[str]:
        return Listed(self._each())

    def _each(self) -> Iterator[str]:
        for path in _expand(self._paths):
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


def _expand(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if path == "-":
            yield from _read_lines()
        else:
            yield path


def _read_lines() -> Iterator[str]:
    if sys.stdin is None:  # whoever started this closed it
        return
    for line in sys.stdin.buffer:  # bytes, since names of files need not be text
        name = line.removesuffix(b"\n").removesuffix(b"\r")
        if name.strip():
            yield os.fsdecode(name)


def _no_pictures(folder: str) -> ImageError:
    suffixes = " ".join(sorted(picture_suffixes()))
    return ImageError(
        describe_source(folder),
        f"the folder holds no picture, and none of its folders does. Looked for files that end "
        f"in: {suffixes}. A file of another name can be given itself.",
    )
