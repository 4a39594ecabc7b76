"""Pictures and what is true of them, out of a table in a file."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsclip.errors import TruthTableError
from zsclip.files import as_path, reason_of
from zsclip.wording import brief, fit_to_tell, in_a_row, printable

__all__ = ["TruthTable", "read_truth"]

IMAGE = ("image", "path", "file")
LABEL = "label"
POSITION = "position"
DELIMITERS = (",", ";", "\t")
SEVERAL = "|"
"""What stands between several labels of a picture, as between aliases in a table of labels."""
FILE_LIMIT = 512 * 2**20
"""Bytes of one table. Of a million pictures it has about 100 MB."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)  # two letters or more: C:\ is a path


@dataclass(frozen=True)
class TruthTable:
    """What a table says.

    Attributes:
        images: The pictures: paths, as seen from here, and URLs.
        truth: The label of each, a text or a position; of several labels a tuple of these.
    """

    images: tuple[str, ...]
    truth: tuple[Any, ...]


def read_truth(path: str | os.PathLike[str], *, several: bool = False) -> TruthTable:
    """Read a table of pictures and their labels: CSV in UTF-8, with commas, semicolons or tabs.

    The first line names the columns: ``image``, ``path`` or ``file`` for the picture, and
    ``label``, which is taken as a text, or ``position``, an integer from 0 on. Other columns are
    passed over, and so are empty lines; an empty label is None. A path that is not absolute is
    one from the folder of the table.

    Args:
        path: The file.
        several: Whether a picture may have several labels, with ``|`` between them in a cell.

    Raises:
        TruthTableError: There is no such file, or it is no such table; the line is named.
        ParameterTypeError: `path` is no path.
    """
    rows = _rows(_text(path), path)
    _, head = next(rows, (0, []))
    image, label, is_position = _columns(head, path)
    images: list[str] = []
    truth: list[Any] = []
    first: dict[str, list[Any]] = {}
    for number, cells in rows:
        if len(cells) <= image or not cells[image]:
            raise _wrong(path, f"line {number:,} names no picture", "Fill in or remove it.")
        if any(cells[len(head) :]):  # an empty one is a comma too many at the end of a line
            what = f"line {number:,} has {len(cells)} cells, and the first line {len(head)}"
            raise _wrong(path, what, "Put a text that holds the character between cells in quotes.")
        cell = cells[label] if len(cells) > label else ""
        images.append(_image(cells[image], path))
        parts = [part.strip() for part in cell.split(SEVERAL)] if several else [cell]
        said = [_position(x, number, path) if is_position else x for x in parts if x]
        truth.append(tuple(said) if several else next(iter(said), None))
        if several and set(first.setdefault(images[-1], said)) != set(said):
            what = f"line {number:,} names {brief(cells[image])} again, with other labels"
            raise _wrong(path, what, "Put all labels of a picture into one cell, with | between.")
    if not images:
        raise _wrong(path, "it holds no picture", f"Give each a line, below {_wanted()}.")
    return TruthTable(tuple(images), tuple(truth))


def _text(path: str | os.PathLike[str]) -> str:
    try:
        with as_path(path).open("rb") as file:
            data = file.read(FILE_LIMIT + 1)  # it may be a device that never ends
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise _wrong(path, reason_of(error), "Check the path.") from fit_to_tell(error)
    if len(data) > FILE_LIMIT:
        raise _wrong(path, f"it has more than {FILE_LIMIT // 2**20} MiB", "Split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"line {line:,} is not UTF-8 text ({error.reason})"
        raise _wrong(path, what, "Save it as UTF-8.") from error


def _rows(text: str, path: str | os.PathLike[str]) -> Iterator[tuple[int, list[str]]]:
    """The lines that are not empty with their numbers, their cells without space around them."""
    first = text[:10_000].lstrip().split("\n", 1)[0].casefold()
    delimiter = max(DELIMITERS, key=lambda d: _known(first.split(d)))
    reader = csv.reader(
        io.StringIO(text, newline=None), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    start = 1
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            if any(row):
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        what = f"line {start:,} is no line of a table ({printable(str(error))})"
        raise _wrong(path, what, "Correct the quotes there.") from error


def _known(cells: Iterable[str]) -> int:
    """How many columns of a table of truth these are."""
    return sum(cell.strip(' "\t') in (*IMAGE, LABEL, POSITION) for cell in cells)


def _columns(head: Sequence[str], path: str | os.PathLike[str]) -> tuple[int, int, bool]:
    """The places of picture and label, and whether the label is a position."""
    names = [cell.casefold() for cell in head]
    images = [i for i, name in enumerate(names) if name in IMAGE]
    labels = [i for i, name in enumerate(names) if name in (LABEL, POSITION)]
    if len(images) != 1 or len(labels) != 1:
        listed = in_a_row([brief(cell) for cell in head]) if head else "nothing"
        what = f"its first line names {listed}"
        raise _wrong(path, what, f"It must name one picture and one label: {_wanted()}.")
    return images[0], labels[0], names[labels[0]] == POSITION


def _wanted() -> str:
    return "'image,label' (or 'path' or 'file', and 'position' for integers)"


def _position(cell: str, number: int, path: str | os.PathLike[str]) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", cell):
        what = f"line {number:,} has the position {brief(cell)}, which is no integer"
        raise _wrong(path, what, f"Name the column {LABEL!r} if these are texts.")
    return int(cell)


def _image(cell: str, path: str | os.PathLike[str]) -> str:
    if _SCHEME.match(cell):
        return cell
    return str(as_path(path).parent / Path(cell))


def _wrong(path: str | os.PathLike[str], what: str, advice: str) -> TruthTableError:
    return TruthTableError(f"Cannot read the table {brief(os.fspath(path))}: {what}. {advice}")
