"""`PageStream`: a page as it goes into its file, row by row, with its pictures made small."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from zsclip.errors import ImageError, ParameterError, ParameterTypeError
from zsclip.files import as_path, require_replaceable, writing_whole
from zsclip.images import ImageSource, Reading, as_reading, is_path, listening, thumbnail
from zsclip.labels import LabelSet
from zsclip.markup import Markup
from zsclip.pages import as_data
from zsclip.report.page import GENERATOR, parts_of_page
from zsclip.report.rows import Names
from zsclip.results import Origin
from zsclip.values import whole_number
from zsclip.wording import brief, counted, in_a_row, shown

__all__ = ["SIDE", "PageStream", "is_report"]

NOTHING = Markup()
SIDE = 160  # pixels of a small picture: sharp on a phone, and a few kilobytes
FEW = 8  # labels that are named above the pictures
MOST_ORIGINS = 10  # that are told, of results that came about in many ways


def is_report(file: str | os.PathLike[str]) -> bool:
    """Whether a file is a page that zsclip wrote.

    Raises:
        OSError: It cannot be read.
    """
    with Path(file).open("rb") as stream:
        return GENERATOR.encode("ascii") in stream.read(200)


class PageStream:
    """A page that is being written: a context, at whose end the file is there as a whole.

    Args:
        path: A path, or a binary file that somebody else opened and closes.
        title: What stands above.
        above: More of that.
        judged: Whether rows tell what is true.
        side: Pixels of the longer side of small pictures; 0 for none.
        reading: How pictures are read.
        overwrite: Whether to replace a file that is no such page.
        workers: How many threads make small what paths lead to, while results go on; with 0 each
            picture is read before `write` returns.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | IO[bytes],
        *,
        title: str,
        above: Markup = NOTHING,
        judged: bool = False,
        side: int = SIDE,
        reading: Reading = Reading(),
        overwrite: bool = False,
        workers: int = 0,
    ) -> None:
        if not isinstance(title, str):
            raise ParameterTypeError(f"`title` must be a text, got {brief(title)}.")
        self._side = whole_number("side", side, least=0)
        self._reading = as_reading(reading)
        self._workers = whole_number("workers", workers, least=0)
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: deque[tuple[dict[str, Any], Callable[[], bytes | None]]] = deque()
        self._target = _target(path, overwrite=overwrite)
        self._opening, self._between, self._ending = parts_of_page(title, above)
        self._judged = judged
        self.names = Names()
        self._about = ""
        self._several = False
        self._last: Origin | None = None
        self._origins: dict[str, Origin] = {}
        self._sum = hashlib.sha256()
        self._written = 0
        self._file: IO[bytes] | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        target = self._target
        with ExitStack() as stack:
            self._file = (
                stack.enter_context(writing_whole(target)) if isinstance(target, Path) else target
            )
            if self._workers:
                self._pool = ThreadPoolExecutor(self._workers, "zsclip-report")
                stack.callback(self._pool.shutdown, cancel_futures=True)
            stack.push(self._end)
            self._file.write(self._opening.encode("utf-8"))
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, traceback)

    def meet(self, labelset: LabelSet, origin: Origin) -> None:
        """Note how results came about, once for all that came about so."""
        if origin is self._last:
            return
        self._last = origin
        if not self._origins:
            self._about = f"{_called(labelset)}, scored by {shown(origin.model.name)}"
            self._several = origin.multi_label
        if len(self._origins) < MOST_ORIGINS:
            self._origins.setdefault(origin.id, origin)

    def write(self, row: dict[str, Any], image: ImageSource | None) -> None:
        """Write a row, with a picture that is made small.

        Args:
            row: As `row_of` makes it.
            image: The picture; None for one that is shown by its name.

        Raises:
            ParameterError: The page is not open.
        """
        if self._file is None:
            raise ParameterError("The page is not open: add results inside of its `with` block.")
        if self._pool is not None and is_path(image):
            self._waiting.append((row, self._pool.submit(self._small, image).result))
        else:
            small = self._small(image)
            self._waiting.append((row, lambda: small))
        self._put(4 * self._workers)

    def _put(self, left: int) -> None:
        """Write the first rows that wait, but for the last `left`."""
        file = self._file
        while file is not None and len(self._waiting) > left:
            row, small = self._waiting.popleft()
            if (picture := small()) is not None:
                row = {**row, "thumb": base64.b64encode(picture).decode("ascii")}
            data = as_data(row).encode("ascii")
            file.write((b",\n" if self._written else b"\n") + data)
            self._sum.update(data)
            self._written += 1

    def _small(self, image: ImageSource | None) -> bytes | None:
        """The picture made small; None if it cannot be read, of which its result tells."""
        if image is None or not self._side:
            return None
        try:
            with listening():  # what is odd about it was said when it was classified
                return thumbnail(image, side=self._side, reading=self._reading)
        except ImageError:
            return None

    def _end(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._put(0)
        file, self._file = self._file, None
        if kind is not None or file is None:
            return
        facts = {
            "id": self._sum.hexdigest()[:16],  # what is kept of the selection belongs to this page
            "about": self._about,
            "labels": self.names.to_list(),
            "several": self._several,
            "judged": self._judged,
            "backslashes": os.sep == "\\",  # whether they part folders in sources
            "origins": [origin.to_dict() for origin in self._origins.values()],
        }
        file.write(f"\n{self._between}{as_data(facts)}{self._ending}".encode())


def _called(labelset: LabelSet) -> str:
    """A label set in words: by its name, or where it was made in code by its labels."""
    n = len(labelset)
    names = [shown(name, 40) for name in labelset.names[:FEW]]
    called = shown(labelset.name) if labelset.provenance else in_a_row(names, of=n)
    return f"{counted(n, 'label')} ({called})"


def _target(path: object, *, overwrite: bool) -> Path | IO[bytes]:
    if isinstance(path, str | os.PathLike):
        target = as_path(path)
        require_replaceable(target, is_report, kind="page of results", overwrite=overwrite)
        return target
    if not callable(getattr(path, "write", None)) or isinstance(path, type | io.TextIOBase):
        raise ParameterTypeError(
            f"`path` must be a path or an open binary file, got {brief(path)}."
        )
    file: IO[bytes] = path  # type: ignore[assignment]
    return file
