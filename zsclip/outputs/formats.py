"""The formats that results are written in: how each is told, opened, and known again."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from zsclip.errors import ParameterError
from zsclip.files import as_path, require_replaceable, writing_whole
from zsclip.outputs.lines import CSV_COLUMNS, Lines, csv_row
from zsclip.outputs.writer import Plan, Writer
from zsclip.results import Failure, Prediction
from zsclip.wording import brief, printable

__all__ = ["FORMATS", "Format", "Known", "check_output", "choose_format", "open_output"]


@dataclass(frozen=True, kw_only=True)
class Known:
    """How a format of files is told.

    Attributes:
        suffixes: What names of such files end in, in lower case.
        is_ours: Tells by its content whether a file is of this format and of zsclip.
        needs_file: Whether it cannot be printed.
        require: Raises if what it takes is not installed.
    """

    suffixes: tuple[str, ...] = ()
    is_ours: Callable[[Path], bool]
    needs_file: bool = False
    require: Callable[[], None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class Format(Known):
    """A format of files of results.

    Attributes:
        opens: Opens a new file for results.
    """

    opens: Callable[[Plan, Path], AbstractContextManager[Writer]]


class _LinesWriter:
    """Writes lines to a file that is open."""

    def __init__(self, file: IO[bytes], lines: Lines, *, exact: bool) -> None:
        self._file, self._lines, self._exact = file, lines, exact
        self._put(lines.head())

    def write(self, source: str, result: Prediction | Failure) -> None:
        self._put(self._lines.of(source, result))

    def _put(self, lines: list[str]) -> None:
        for line in lines:
            text = line if self._exact else printable(line)
            self._file.write(text.encode("utf-8", "surrogateescape") + b"\n")


@contextmanager
def _open_lines(plan: Plan, target: Path) -> Iterator[_LinesWriter]:
    with writing_whole(target) as file:
        # a table has a line for each picture, and nothing to quote the end of one with
        yield _LinesWriter(file, plan.lines(), exact=plan.form != "table")


def _first_line(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.readline(1 << 24).decode("utf-8", "surrogateescape").rstrip("\n")


def _begins_with(start: str, file: Path) -> bool:
    return _first_line(file).startswith(start)


def _is_table(file: Path) -> bool:
    head = _first_line(file).split()
    return head[:1] in (["score"], ["accepted"]) and head[-2:] == ["label", "picture"]


def _is_json(file: Path) -> bool:
    value = json.loads(_first_line(file))
    told = isinstance(value, dict) and "source" in value
    return told and ("origin_id" in value or "error_type" in value)


def _open_page(plan: Plan, target: Path) -> AbstractContextManager[Writer]:
    from zsclip.outputs.pages import open_page

    return open_page(plan, target)


def _is_page(file: Path) -> bool:
    from zsclip.report import is_report

    return is_report(file)


def _open_parquet(plan: Plan, target: Path) -> AbstractContextManager[Writer]:
    from zsclip.outputs.columns import open_parquet

    return open_parquet(plan, target)


def _is_parquet(file: Path) -> bool:
    from zsclip.outputs.columns import is_parquet_of_ours

    return is_parquet_of_ours(file)


def _require_parquet() -> None:
    from zsclip.outputs.columns import require_parquet

    require_parquet()


FORMATS = {
    "table": Format(opens=_open_lines, is_ours=_is_table),
    "json": Format(opens=_open_lines, is_ours=_is_json),
    "jsonl": Format(suffixes=(".jsonl", ".ndjson"), opens=_open_lines, is_ours=_is_json),
    "csv": Format(
        suffixes=(".csv",),
        opens=_open_lines,
        is_ours=partial(_begins_with, csv_row(CSV_COLUMNS)),
    ),
    "html": Format(suffixes=(".html",), opens=_open_page, is_ours=_is_page, needs_file=True),
    "parquet": Format(
        suffixes=(".parquet",),
        opens=_open_parquet,
        is_ours=_is_parquet,
        needs_file=True,
        require=_require_parquet,
    ),
}
"""By name, as ``--format`` takes them; those with ``needs_file`` cannot be printed."""


def choose_format(
    form: str | None, path: str | None, formats: Mapping[str, Known] = FORMATS
) -> str:
    """The format to write in: the one that was asked for, or the one that a file's name tells.

    Args:
        form: What was asked for; None if nothing was.
        path: The file; None for what is printed.
        formats: Those that there are.

    Raises:
        ParameterError: The two disagree, the format is unknown or takes a file, or the name of the
            file tells none.

    Examples:
        >>> choose_format(None, "birds.csv"), choose_format("csv", None), choose_format(None, None)
        ('csv', 'csv', 'table')
    """
    if form is not None and form not in formats:
        raise ParameterError(f"`form` must be one of {', '.join(formats)}, got {brief(form)}.")
    if path is None:
        form = form or "table"
        if formats[form].needs_file:
            raise ParameterError(
                f"{form} is a file and cannot be printed. Name one: -o results.{form}."
            )
        return form
    suffix = Path(path).suffix.lower()
    told = next((name for name, one in formats.items() if suffix in one.suffixes), None)
    if form is None and told is None:
        known = " ".join(suffix for one in formats.values() for suffix in one.suffixes)
        raise ParameterError(
            f"The name {brief(path)} does not tell its format. End it in one of {known}, or say "
            f"it with --format."
        )
    if form is None:
        return str(told)
    if told not in (None, form) and (told, form) != ("jsonl", "json"):
        raise ParameterError(
            f"--format {form} and the name {brief(path)}, which ends in {suffix}, disagree. Leave "
            "--format out, or name the file otherwise."
        )
    return form


def check_output(
    form: str,
    path: str,
    *,
    overwrite: bool = False,
    formats: Mapping[str, Known] = FORMATS,
) -> Path:
    """The file to write to, once it is known that it may be written.

    Args:
        form: The format.
        path: The file.
        overwrite: Whether a file that is there may be replaced if it is not of zsclip.
        formats: Those that there are.

    Raises:
        WouldReplaceError: There is one, and it may not.
        FileNotFoundError: There is no folder for it.
        MissingExtraError: What the format takes is not installed.
    """
    formats[form].require()
    target = as_path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder", str(target.parent))
    require_replaceable(
        target, formats[form].is_ours, kind=f"{form} file of results", overwrite=overwrite
    )
    return target


def open_output(plan: Plan, target: Path) -> AbstractContextManager[Writer]:
    """Open a new file for results, which is there when all went well.

    Args:
        plan: What to write, and how.
        target: The file.
    """
    return FORMATS[plan.form].opens(plan, target)
