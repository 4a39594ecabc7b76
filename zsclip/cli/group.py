"""How every command begins and ends: what is given twice, where it prints, errors in one line."""

from __future__ import annotations

import os
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO

import click

from zsclip.errors import ZsclipError
from zsclip.wording import printable_lines

__all__ = ["Failed", "ZsclipCommand", "ZsclipGroup", "examples", "silence"]

# As a shell reports a program that a signal ended: 128 and the signal's number.
INTERRUPTED = 130
BROKEN_PIPE = 141

LONGEST = 1000  # characters of a message about what was typed

# How to say several things by an option that is given once.
TOGETHER = {
    "labels": "Name all classes in one, as in --labels cat,dog,car,bus; label sets and files are "
    "put together with +, as in --labels cartoon-animals+satellite."
}


class Failed(click.ClickException):
    """What was asked for cannot be done; shown as ``Error: ...``."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(printable_lines(message))


class ZsclipCommand(click.Command):
    """A command. An option that takes one value and is given several is an error.

    Click takes the last one and says nothing. Of switches such as ``--progress`` the last one
    counts, as everywhere.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, once it is known that nothing is given twice."""
        if not ctx.resilient_parsing:  # as while a shell completes a line
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            for param, n in Counter(order).items():
                if isinstance(param, click.Option) and n > 1:
                    _require_several(ctx, param, n)
        return super().parse_args(ctx, args)


def _require_several(ctx: click.Context, option: click.Option, n: int) -> None:
    if not (option.multiple or option.is_flag or option.count):
        hint = TOGETHER.get(str(option.name), "Leave all but one out.")
        name = max(option.opts, key=len)
        raise click.UsageError(f"{name} takes one value, and is given {n} times. {hint}", ctx)


class ZsclipGroup(click.Group):
    """The main group. It turns what commands raise into messages and exit statuses."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the program, wherever its streams lead."""
        if sys.stderr is None:  # closed by whoever started this: nobody is to be told anything
            sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for as long as it runs
        if sys.stdout is None:
            _fail("Standard output is closed, so that nothing can be printed.")
        try:
            return super().main(*args, **extra)
        except OSError as error:  # of --help and --version, or of an error that cannot be told
            _fail(f"Cannot print: {error.strerror or error}.")

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse what was typed."""
        with _usage_in_print():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            with _usage_in_print():
                return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            click.echo(err=True)  # the prompt goes below a bar, or behind ^C
            if interrupt.args:
                click.echo(interrupt, err=True)
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            silence(sys.stdout)
            ctx.exit(BROKEN_PIPE)
        except (ZsclipError, OSError) as error:
            if ctx.params.get("verbose"):
                click.echo(printable_lines(traceback.format_exc()), err=True, nl=False)
            raise Failed(str(error)) from error


@contextmanager
def _usage_in_print() -> Iterator[None]:
    """Has errors about what was typed printable: a pattern may have put in the name of any file."""
    try:
        yield
    except click.UsageError as error:
        object.__setattr__(error, "message", printable_lines(error.message, LONGEST))
        raise


def _fail(message: str) -> NoReturn:
    with suppress(OSError):
        click.echo(f"Error: {message}", err=True)
    for stream in (sys.stdout, sys.stderr):
        silence(stream)
    sys.exit(Failed.exit_code)


def silence(stream: TextIO | None) -> None:
    """Let a stream go that nobody reads or that is full: no flush at the end shall complain."""
    with suppress(OSError, ValueError, AttributeError):  # it may be no real file, or none
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]


def examples(*lines: str) -> str:
    """The end of a command's help: lines to try, kept as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
