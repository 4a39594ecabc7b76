"""Where the commands print: tables and results to standard output, all else to standard error."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

import click

from zsclip.errors import ZsclipWarning

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

__all__ = ["emit", "emit_json", "facts", "reporting", "say", "show", "table"]

DOWNLOADS = "zsclip.downloads"  # the logger that says what is fetched, and from where

# Of a table that goes into a file or a pipe: nothing is to be cut or wrapped there.
PIPE_WIDTH = 10_000


def emit(line: str) -> None:
    """One line of results, at once: whoever reads the pipe does not wait."""
    _write(line, sys.stdout)


def emit_json(value: Any) -> None:
    """A value as indented JSON. In ASCII, so that no terminal and no pipe can spoil it."""
    import json

    emit(json.dumps(value, indent=2))


def say(message: str) -> None:
    """A line to standard error, above the progress bar if there is one."""
    _write(message, sys.stderr)


def _write(line: str, file: TextIO) -> None:
    if "tqdm" in sys.modules:
        from tqdm import tqdm

        with tqdm.external_write_mode(file=file):
            click.echo(line, file=file)
    else:
        click.echo(line, file=file)


def show(what: RenderableType, *, style: str = "") -> None:
    """A table, a tree or text: as wide as the terminal, and as wide as need be in a pipe.

    Markup is off: a label may hold brackets.
    """
    from rich.console import Console

    fixed = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    console = Console(width=fixed, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        console.print(what, style=style or None)
    for line in captured.get().splitlines():
        emit(line.rstrip())  # rich fills the last column of a table with blanks


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """An empty table; the columns named in `right` are aligned to the right."""
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
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
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
            before(message, category, filename, lineno, file, line)

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
