"""How every command ends: errors in one line, interruptions and closed pipes in none."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from typing import Any

import click

from zsclip.errors import ZsclipError

__all__ = ["Failed", "ZsclipGroup", "examples"]

# As a shell reports a program that a signal ended: 128 and the signal's number.
INTERRUPTED = 130
BROKEN_PIPE = 141


class Failed(click.ClickException):
    """What was asked for cannot be done; shown as ``Error: ...``."""

    exit_code = 2


class ZsclipGroup(click.Group):
    """The main group. It turns what commands raise into messages and exit statuses."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(err=True)  # the prompt goes below a bar, or behind ^C
            ctx.exit(INTERRUPTED)
        except BrokenPipeError:
            _silence_stdout()
            ctx.exit(BROKEN_PIPE)
        except (ZsclipError, OSError) as error:
            if ctx.params.get("verbose"):
                traceback.print_exc()
            raise Failed(str(error)) from error


def _silence_stdout() -> None:
    """Nobody reads any more; the flush when Python ends shall not complain of it."""
    with suppress(OSError, ValueError):  # it may be no real file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def examples(*lines: str) -> str:
    """The end of a command's help: lines to try, kept as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
