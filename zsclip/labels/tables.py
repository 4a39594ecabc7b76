"""Names in lines, tables and class folders read: from the text to a draft.

Every label keeps the line, the cell or the folder that it comes from, so that what is wrong with it
can be found again.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import itertools
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from zsclip.files import as_path, is_system_folder
from zsclip.labels.drafts import Draft, DraftNode, Problem, Text
from zsclip.labels.reading import decode, read_bytes, unreadable
from zsclip.labels.values import Provenance
from zsclip.wording import brief, did_you_mean, fit_to_tell

__all__ = ["lines_of", "read_csv", "read_folder", "read_names", "words_of"]

COLUMNS = ("name", "id", "aliases", "prompts", "parent")
DELIMITERS = (",", ";", "\t")
SEVERAL = "|"
"""What stands between several aliases or prompts: commas and semicolons are common within them."""

Row = tuple[int, list[str]]  # the number of the line that it begins on, and its cells


def _start(path: str | os.PathLike[str], name: str | None) -> tuple[str, Draft]:
    """The text of a file, and the draft that its labels go into."""
    data = read_bytes(path, "labels file", "it is taken from the current folder")
    file = os.fspath(path)
    text = decode(data, file)
    origin = Provenance("", "", file, hashlib.sha256(data).hexdigest())
    return text, _draft(f"The labels file {brief(file)}", name or Path(path).stem, origin)


def _draft(what: str, name: str, origin: Provenance) -> Draft:
    return Draft(what, about={"name": Text("name", name)}, provenance=(origin,))


# ------------------------------------------------------------------------------------------- lines


def read_names(
    path: str | os.PathLike[str], name: str | None = None, *, as_they_are: bool = True
) -> Draft:
    """The draft in a file that has a name on each line.

    Args:
        path: The file.
        name: The set's name; the file's own if not given.
        as_they_are: Whether a name may look like a list of names or like an item of a list. Else
            it is a problem, so that whoever wrote the file is asked.
    """
    text, draft = _start(path, name)
    for number, line in lines_of(text):
        label = line.strip()
        if label and not label.startswith("#"):
            where = f"line {number}"
            draft.labels.append(DraftNode(where, Text(where, label)))
    draft.is_empty = not draft.labels
    if not as_they_are:
        draft.problems += _doubts([node.name for node in draft.labels if node.name])
    return draft


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers; what follows the last line end is none."""
    lines = re.split(r"\r\n|\r|\n", text)
    if not lines[-1]:
        del lines[-1]
    return enumerate(lines, start=1)


_MOST_COLUMNS = 1_000
_BULLET = re.compile(r"[-*+\u2022\u00b7\u2013\u2014]\s+\S")
_NUMBER = re.compile(r"\(?(\d{1,9})(?:[.):]\s*|\s+)(?=\D)")


def _doubts(names: Sequence[Text]) -> Iterator[Problem]:
    """What is more likely a way to write lists than a part of the names."""
    numbers = [int(found[1]) if (found := _NUMBER.match(t.value)) else None for t in names]
    counted = len(numbers) > 1 and all(
        one is not None and two == one + 1 for one, two in itertools.pairwise(numbers)
    )
    for wrong, what, remedy in (
        (
            [text for text in names if "," in text.value],
            "a comma",
            "Write one name a line; aliases, and names with commas, go into a .csv file.",
        ),
        ([t for t in names if _BULLET.match(t.value)], "a bullet", "Write the names alone."),
        (names if counted else (), "a number before each name", "Write the names alone."),
    ):
        if wrong:
            more = f", as {len(wrong)} lines do" if len(wrong) > 1 else ""
            message = f"has {what}{more}: {brief(wrong[0].value)} would be one name. {remedy}"
            yield Problem("R4", wrong[0].where, message)


# ----------------------------------------------------------------------------------- class folders


def read_folder(path: str | os.PathLike[str], name: str | None = None) -> Draft:
    """The draft of a set of class folders."""
    hint = "name the one that holds the class folders"
    try:
        with os.scandir(as_path(path)) as entries:
            of_data = [e for e in entries if not is_system_folder(e.name)]
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise unreadable("folder", path, error, hint) from fit_to_tell(error)
    is_folder = os.path.isdir  # false for a link to itself
    folders = sorted(entry.name for entry in of_data if is_folder(entry.path))
    listing = "".join(f"{folder}\n" for folder in folders).encode("utf-8", "surrogateescape")
    origin = Provenance("", "", os.fspath(path), hashlib.sha256(listing).hexdigest())
    own = Path(os.path.abspath(path)).name  # noqa: PTH100 - resolve() would follow links
    what = f"The folder {brief(os.fspath(path))} of class folders"
    draft = _draft(what, name or own or "folders", origin)
    for folder in folders:
        where, words = f"folder {brief(folder)}", words_of(folder)
        own_id = None if words == folder else Text(where, folder)
        draft.labels.append(DraftNode(where, Text(where, words), own_id))
    draft.is_empty = not folders
    return draft


def words_of(identifier: str) -> str:
    """What a class folder, or another name without spaces, is called in words.

    Underscores become spaces. Hyphens do only where the name has neither underscores nor spaces:
    beside these they belong to words. Case stays.

    Examples:
        >>> words_of("Blue_Jay"), words_of("golden-retriever"), words_of("black-footed_ferret")
        ('Blue Jay', 'golden retriever', 'black-footed ferret')
    """
    separator = "_" if "_" in identifier or " " in identifier else "-"
    return " ".join(identifier.replace(separator, " ").split()) or identifier


# ------------------------------------------------------------------------------------------ tables


def read_csv(path: str | os.PathLike[str], name: str | None = None) -> Draft:
    """The draft in a table."""
    text, draft = _start(path, name)
    try:
        rows, columns, draft.problems = _read_table(text)
    except csv.Error as error:
        draft.note("R1", "file", f"is no table: {error}. Correct the quotes there.")
        return draft
    for number, cells in rows:
        if len(cells) > len(columns):
            message = (
                f"has {len(cells)} cells, and the head has {len(columns)}. Put a text that holds "
                "the character between cells into quotes."
            )
            draft.note("R4", f"line {number}", message)
        else:
            draft.labels.append(_node(number, dict(zip(columns, cells, strict=False))))
    draft.is_empty = not draft.labels and not draft.problems
    keys = {node.key for node in draft.labels}
    groups: dict[str, DraftNode] = {}
    for node in draft.labels:
        if node.parent is not None and node.parent.value not in keys:
            groups.setdefault(node.parent.value, DraftNode(node.parent.where, node.parent))
    draft.groups = list(groups.values())
    return draft


def _read_table(text: str) -> tuple[list[Row], list[str], list[Problem]]:
    """The rows below the head, the columns, and what is wrong with the head."""
    heads = {delimiter: _head(text, delimiter) for delimiter in DELIMITERS}
    # The delimiter is the one that cuts the first line into the most names of columns.
    counts = {d: sum(c.casefold() in COLUMNS for c in cells) for d, (_, cells) in heads.items()}
    delimiter = max(DELIMITERS, key=lambda d: counts[d])
    if not counts[delimiter]:
        return _read_column(text)
    columns = [cell.casefold() for cell in heads[delimiter][1]]
    problems = list(_head_problems(heads[delimiter], columns))
    return list(_rows(text, delimiter))[1:], columns, problems


def _head(text: str, delimiter: str) -> Row:
    try:
        return next(_rows(text, delimiter), (0, []))
    except csv.Error:  # with another delimiter it may be well quoted
        return 0, []


def _head_problems(head: Row, columns: list[str]) -> Iterator[Problem]:
    number, cells = head
    where = f"line {number}"
    if len(columns) > _MOST_COLUMNS:
        told = f"names {len(columns):,} columns, and may name {_MOST_COLUMNS:,}. Remove the rest."
        yield Problem("R4", where, told)
        return
    seen: set[str] = set()
    for i, column in enumerate(columns):
        if column not in COLUMNS:
            hint = did_you_mean(column, COLUMNS)
            yield Problem(
                "R4", where, f"{brief(cells[i])} is no column. {hint} Rename or remove it."
            )
        elif column in seen:
            yield Problem(
                "R4", where, f"the column {brief(column)} stands there twice. Remove one."
            )
        seen.add(column)
    if "name" not in columns:
        yield Problem("R4", where, "has no column 'name'. Add it.")


def _read_column(text: str) -> tuple[list[Row], list[str], list[Problem]]:
    """The rows of a file of names alone, where nothing may look like a second column."""
    rows = list(_rows(text, ","))
    wrong = {number for number, cells in rows if len(cells) > 1}
    for delimiter in DELIMITERS[1:]:
        with contextlib.suppress(csv.Error):  # which other delimiters are not to blame for
            wrong |= {number for number, cells in _rows(text, delimiter) if len(cells) > 1}
    message = (
        "has several cells, and the first line names no columns. Make that for example "
        "name,aliases; or put a name that holds a comma, semicolon or tab into quotes."
    )
    problems = [Problem("R4", f"line {number}", message) for number in sorted(wrong)]
    return [row for row in rows if row[0] not in wrong], ["name"], problems


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    """The rows that are not empty, without the white space around cells.

    Raises:
        csv.Error: A quote is where it cannot be; the message says in which line.
    """
    # Made so, the stream turns line ends of every kind into one.
    lines = io.StringIO(text, newline=None)
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    start = 1
    try:
        for cells in reader:
            row = [cell.strip() for cell in cells]
            while row and not row[-1]:
                row.pop()
            if row:
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"line {start}: {error}") from error


def _node(number: int, cells: Mapping[str, str]) -> DraftNode:
    def text(column: str) -> Text | None:
        return Text(f"line {number}, {column}", cells[column]) if cells.get(column) else None

    def several(column: str) -> list[Text]:
        parts = cells[column].split(SEVERAL) if cells.get(column) else []
        return [Text(f"line {number}, {column}", part.strip()) for part in parts]

    return DraftNode(
        f"line {number}",
        name=text("name") or Text(f"line {number}, name", ""),
        id=text("id"),
        aliases=several("aliases"),
        prompts=several("prompts"),
        parent=text("parent"),
    )
