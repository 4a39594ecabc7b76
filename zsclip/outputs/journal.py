"""`Journal`: what was found out so far, beside the file that it is for, until that is written.

A line of text for each batch of pictures, in ASCII: its CRC-32 and what it holds as JSON, scores to
the last bit. A process may be killed, or a disk be full, at any moment: a line counts if all of it
is there and those before it are, and what comes after is cut off when somebody goes on.
"""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from zsclip import errors
from zsclip.classifier import ZeroShotClassifier
from zsclip.errors import ImageError, ResumeError, ZsclipError
from zsclip.outputs.same import differences
from zsclip.owners import follow, hold, open_more, open_new, open_plain
from zsclip.results import Failure, Prediction
from zsclip.wording import brief

__all__ = ["Entry", "Journal", "journal_of"]

FORMAT = 1
KEY = "zsclip_results"  # of the first line


@dataclass(frozen=True)
class Entry:
    """A result as it is written.

    Attributes:
        source: The path or the URL of the picture.
        result: What became of it.
        of_picture: Whether it is of a picture, and not of a folder that holds none.
    """

    source: str
    result: Prediction | Failure
    of_picture: bool = True


def journal_of(target: Path) -> Path:
    """Where the journal for a file lies.

    Raises:
        OSError: A link on the way to the file is not to be followed.
    """
    target = follow(target)
    return target.with_name(f"{target.name}.part")


class Journal:
    """A journal that is open, and nobody else's to write to meanwhile.

    Args:
        path: The file.
        classifier: What makes the results.
        header: What the results depend on, as plain values: whoever goes on must say the same.
        resume: Whether to go on with one that is there.

    Raises:
        ResumeError: There is one, and nobody said to go on with it; or it is of another run.
        OSError: The disk refuses.
    """

    def __init__(
        self, path: Path, classifier: ZeroShotClassifier, header: dict[str, Any], *, resume: bool
    ) -> None:
        self.path, self._classifier = path, classifier
        self._learnt, self._origin = classifier.learnt.for_predictions(), classifier.origin
        header = json.loads(json.dumps({KEY: FORMAT, **header}))
        try:
            self._file: IO[bytes] = open_new(path)
        except FileExistsError:
            self._file = open_more(path)
        try:
            if not hold(self._file, path):
                raise ResumeError(
                    f"Another process is writing to {brief(str(path))}. Wait until it is done, or "
                    "name another file for the results."
                )
            self._end = self._whole(header, resume=resume)
            self._file.truncate(self._end)
            self._begin = len(_packed(header))
            if not self._end:
                self._put(_packed(header))
        except BaseException:
            self._file.close()
            raise

    def _whole(self, header: dict[str, Any], *, resume: bool) -> int:
        """How many bytes of the file count."""
        with open_plain(self.path) as file:
            start = file.readline()
            if not start or (not start.endswith(b"\n") and _is_start(start)):
                return 0  # as long as the first line is not all there, nothing is
            there = _unpacked(start)
            if not isinstance(there, dict) or KEY not in there:
                raise ResumeError(
                    f"{brief(str(self.path))} is there already, and is nothing of zsclip's. Name "
                    "another file for the results."
                )
            if not resume and _unpacked(file.readline()) is not None:
                raise ResumeError(
                    f"{brief(str(self.path))} holds what an interrupted run had found out. Go on "
                    "with it (resume=True; on the command line, --resume), or delete it to begin "
                    "anew."
                )
            if not resume:
                return 0  # it holds nothing that could be lost
            if found := differences(there, header):
                raise ResumeError(
                    f"{brief(str(self.path))} is of another run: {'; '.join(found)}. Go on with "
                    "what it was then, or delete it to begin anew."
                )
            end = file.tell()
            for line in file:
                if _unpacked(line) is None:
                    break
                end += len(line)
            return end

    def __iter__(self) -> Iterator[Entry]:
        """What is in it, in order."""
        with open_plain(self.path) as file:
            left = self._end - len(file.readline())
            while left > 0:
                line = file.readline()
                left -= len(line)
                for values in _unpacked(line) or ():
                    yield self._entry(values)

    def add(self, entries: Sequence[Entry]) -> None:
        """Write down some results, all of them or, if the process dies meanwhile, none.

        Raises:
            OSError: The disk refuses; what was there before is.
        """
        self._put(_packed([_plain(entry) for entry in entries]))

    def _put(self, line: bytes) -> None:
        data, file = line, self._file.fileno()
        try:
            while data:  # past the buffer, which would be written again when the file is closed
                data = data[os.write(file, data) :]
        except OSError as error:
            told = f"{error.strerror}. What is in it stays, to be gone on with by --resume"
            raise OSError(error.errno, told, str(self.path)) from error
        self._end += len(line)

    def close(self) -> None:
        """Let go of it; it stays where it is, if there is something in it."""
        if self._end <= self._begin:
            self.remove()
        self._file.close()

    def remove(self) -> None:
        """Delete it: the results are where they belong."""
        if self._file.closed:
            return  # by now it may be somebody else's
        try:
            self.path.unlink(missing_ok=True)
        except PermissionError:  # of Windows, for as long as it is open
            self._file.close()
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _entry(self, values: dict[str, Any]) -> Entry:
        source, of_picture = values["source"], "folder" not in values
        name = values.get("name", source)
        if "error" in values:
            return Entry(source, Failure(name, _error_of(*values["error"])), of_picture)
        scores = np.frombuffer(base64.b64decode(values["scores"]), "<f4")
        labels, sure = self._classifier.labelset, values.get("confidence")
        result = Prediction(name, scores, labels, self._origin, sure, self._learnt)
        return Entry(source, result)


# ------------------------------------------------------------------------------------------- lines


def _packed(value: Any) -> bytes:
    text = json.dumps(value).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _unpacked(line: bytes) -> Any:
    """What a line holds; None if it is not whole."""
    text = line[9:-1]
    return json.loads(text) if line == b"%08x %s\n" % (zlib.crc32(text), text) else None


def _is_start(line: bytes) -> bool:
    """Whether this is how a journal begins, of which no more was written."""
    start = b'{"%s": ' % KEY.encode("ascii")
    return start.startswith(line[9 : 9 + len(start)])


def _plain(entry: Entry) -> dict[str, Any]:
    """A result as values of JSON; names as they are, with halves of characters as JSON has them."""
    result = entry.result
    values: dict[str, Any] = {"source": entry.source}
    if result.source != entry.source:
        values["name"] = result.source
    if not entry.of_picture:
        values["folder"] = True
    if isinstance(result, Failure):
        error = result.error
        parts = [error.source, error.reason] if isinstance(error, ImageError) else [str(error)]
        return {**values, "error": [type(error).__name__, *parts]}
    scores = result.scores.astype("<f4").tobytes()
    values["scores"] = base64.b64encode(scores).decode("ascii")
    if result.confidence is not None:
        values["confidence"] = result.confidence
    return values


def _error_of(kind: str, *parts: str) -> ZsclipError:
    """An error as it was, less what caused it."""
    if kind == ImageError.__name__:
        return ImageError(*parts)
    known = getattr(errors, kind) if kind in errors.__all__ else ZsclipError
    error: ZsclipError = known.__new__(known, *parts)
    ZsclipError.__init__(error, *parts)
    return error
