"""A label set out of a CSV file."""

from __future__ import annotations

import contextlib
import csv
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from zsclip.errors import did_you_mean
from zsclip.labels.fields import Fields
from zsclip.labels.parsing import format_error
from zsclip.labels.rules import DraftNode, Problem, Text
from zsclip.labels.sources import finish, read_text

__all__ = ["read_csv"]

COLUMNS = ("name", "id", "aliases", "prompts", "parent")
DELIMITERS = (",", ";", "\t")
SEVERAL = "|"
"""What stands between several aliases or prompts: commas and semicolons are common within them."""

Row = tuple[int, list[str]]  # the number of the line that it begins on, and its cells


def read_csv(path: str | os.PathLike[str], name: str | None) -> Fields:
    """The fields of a set that stands in a table."""
    text, provenance = read_text(path)
    what = f"The labels file {os.fspath(path)!r}"
    try:
        rows, columns, problems = _read_table(text)
    except csv.Error as error:
        message = f"is no table: {error}. Correct the quotes there."
        raise format_error(what, [Problem(1, "file", message)]) from error
    nodes = []
    for number, cells in rows:
        if len(cells) > len(columns):
            message = (
                f"has {len(cells)} cells, and the head has {len(columns)}. Put a text that holds "
                "the character between cells into quotes."
            )
            problems.append(Problem(4, f"line {number}", message))
        else:
            nodes.append(_node(number, dict(zip(columns, cells, strict=False))))
    keys = {node.key for node in nodes}
    groups: dict[str, DraftNode] = {}
    for node in nodes:
        if node.parent is not None and node.parent.value not in keys:
            groups.setdefault(node.parent.value, DraftNode(node.parent.where, node.parent))
    return finish(
        nodes,
        name or Path(path).stem,
        what,
        provenance,
        groups=list(groups.values()),
        problems=problems,
    )


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
    for i, column in enumerate(columns):
        if column not in COLUMNS:
            hint = did_you_mean(column, COLUMNS)
            yield Problem(4, where, f"{cells[i]!r} is no column. {hint} Rename or remove it.")
        elif column in columns[:i]:
            yield Problem(4, where, f"the column {column!r} stands there twice. Remove one.")
    if "name" not in columns:
        yield Problem(4, where, "has no column 'name'. Add it.")


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
    problems = [Problem(4, f"line {number}", message) for number in sorted(wrong)]
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
