"""Where the commands print: tables and results to standard output, all else to standard error."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click

from zsclip.cli.group import Failed, silence
from zsclip.errors import ZsclipWarning
from zsclip.files import reason_of
from zsclip.wording import printable, printable_lines

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

__all__ = [
    "as_json",
    "emit",
    "emit_exactly",
    "emit_json",
    "emit_row",
    "facts",
    "reporting",
    "say",
    "show",
    "table",
    "width",
]

DOWNLOADS = "zsclip.downloads"  # the logger that says what is fetched, and from where

# Some scripts and emoji are spelled with them, and they do nothing to what stands around them.
JOINERS = "\u200c\u200d"

# Of a table that goes into a file or a pipe: nothing is to be cut or wrapped there.
PIPE_WIDTH = 10_000

# What a column of words may be folded to so that the numbers beside it stay whole.
FOLDED = 8


def emit(line: str) -> None:
    """One line of results, printable whatever is in it; at once: who reads a pipe does not wait.

    Raises:
        Failed: It cannot be printed, as on a full disk.
    """
    emit_exactly(printable(line, keep=JOINERS))


def emit_exactly(line: str) -> None:
    """A line as it is, of which it is known that it does nothing to a terminal.

    Raises:
        Failed: As of `emit`.
    """
    try:
        _write(line, sys.stdout)
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(sys.stdout)
        raise Failed(
            f"Standard output cannot be written: {reason_of(error)}. What was printed before is "
            "not all, and its last line may be cut."
        ) from error


def emit_row(row: str) -> None:
    """A row of CSV: exact in a file or a pipe, where a path is whatever leads to the file.

    Raises:
        Failed: As of `emit`.
    """
    if sys.stdout.isatty():
        emit(row)
    else:
        emit_exactly(row)


def emit_json(value: Any) -> None:
    """A value as indented JSON."""
    emit_exactly(as_json(value, indent=2))


def as_json(value: Any, *, indent: int | None = None) -> str:
    r"""A value as JSON. In ASCII, so that no terminal and no pipe can spoil it.

    A byte of a file name that is no text is written as in Python, a backslash and ``udce9`` for
    0xE9: half a character, as which it could stand in JSON, is an error to most that read it.

    Examples:
        >>> as_json(["caf\udce9"])
        '["caf\\\\udce9"]'
    """
    import json

    return json.dumps(_whole(value), indent=indent)


def _whole(value: Any) -> Any:
    """A value without halves of characters in its texts."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(inner) for inner in value]
    return value


def say(message: str) -> None:
    """Lines to standard error, printable, and above the progress bar if there is one."""
    try:
        _write(printable_lines(message), sys.stderr)
    except OSError:  # there is nobody to tell it
        silence(sys.stderr)


def _write(line: str, file: TextIO) -> None:
    # In color: click would else cut out of the name of a file what looks like a code for one.
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        with tqdm.external_write_mode(file=file):
            click.echo(line, file=file, color=True)
    else:
        click.echo(line, file=file, color=True)


def show(what: RenderableType, *, style: str = "") -> None:
    """A table, a tree or text: as wide as the terminal, and as wide as need be in a pipe.

    Markup is off: a label may hold brackets. What rich made of it is printable before its own codes
    for colors are added; it leaves those alone that came in a text.
    """
    from rich.console import Console
    from rich.segment import Segment, Segments

    console = Console(width=_width_for(what), markup=False, emoji=False, highlight=False)
    lines = console.render_lines(what, style=console.get_style(style), pad=False)
    for line in lines:
        clean = [
            Segment(printable(text, keep=JOINERS), style)
            for text, style, control in line
            if not control
        ]
        with console.capture() as captured:
            console.print(Segments(clean), end="", soft_wrap=True)
        emit_exactly(captured.get().rstrip())  # rich fills the last column of a table with blanks


def width() -> int:
    """How many characters a line has: those of the terminal, and any number in a pipe."""
    said = os.environ.get("COLUMNS", "")
    if not (sys.stdout.isatty() or (said.isdecimal() and int(said))):
        return PIPE_WIDTH
    # unlike rich this takes a width of 0, which terminals have that do not know theirs, for none
    return min(shutil.get_terminal_size().columns, PIPE_WIDTH)


def _width_for(what: RenderableType) -> int:
    """How wide to print something; a table at least so wide that no number in it is broken."""
    from rich.cells import cell_len
    from rich.table import Table

    room = width()
    if not isinstance(what, Table) or room == PIPE_WIDTH:
        return room
    needed = 0
    for column in what.columns:
        longest = max(cell_len(str(cell)) for cell in (column.header, *column.cells))
        needed += 2 + (longest if column.justify == "right" else min(longest, FOLDED))
    return max(room, needed)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns named in `right` are numbers, which are never broken."""
    from rich import box
    from rich.table import Table

    made = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),  # and one for the line between columns: the demo fits 80 characters
        header_style="bold",
    )
    for column in columns:
        # folded rather than cut where the terminal is narrow
        number = column in right
        made.add_column(
            column, justify="right" if number else "left", overflow="fold", no_wrap=number
        )
    return made


def facts(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Names and values below a title."""
    show(title, style="bold")
    made = table("", "")
    made.show_header = False
    for name, value in rows:
        made.add_row(f"  {name}", value)
    show(made)
    emit("")


@contextmanager
def reporting(*, verbose: bool) -> Iterator[None]:
    """Show what the library logs and warns of, for as long as a command runs.

    Warnings, and what is fetched, are single lines; with `verbose` everything that is logged is
    shown.
    """
    for stream in (sys.stdout, sys.stderr):
        _accept_any_name(stream)
    logger = logging.getLogger("zsclip")
    handler = _ToStandardError(verbose=verbose)
    level, before = logger.level, warnings.showwarning

    def show_shortly(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, ZsclipWarning):
            say(f"Warning: {message}")
        else:
            before(printable(str(message)), category, filename, lineno, file, line)

    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    warnings.showwarning = show_shortly
    try:
        yield
    finally:
        warnings.showwarning = before
        logger.setLevel(level)
        logger.removeHandler(handler)


class _ToStandardError(logging.Handler):
    def __init__(self, *, verbose: bool) -> None:
        super().__init__()
        self._verbose = verbose

    def emit(self, record: logging.LogRecord) -> None:
        if self._verbose:
            say(f"{record.levelname} {record.name}: {self.format(record)}")
        elif record.name == DOWNLOADS:
            say(record.getMessage())
        elif record.levelno >= logging.WARNING:
            say(f"{record.levelname.capitalize()}: {record.getMessage()}")


def _accept_any_name(stream: TextIO) -> None:
    """Let file names through that are not text, and labels that the terminal cannot show."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        utf8 = stream.encoding.lower().replace("-", "") == "utf8"
        reconfigure(errors="surrogateescape" if utf8 else "backslashreplace")
