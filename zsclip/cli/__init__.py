"""The command line. It parses, calls the library and prints; what it does can be done in code.

Nothing but click is imported until a command runs, so that help answers at once.
"""

from __future__ import annotations

import click

from zsclip.cli.batch import batch
from zsclip.cli.cache import cache
from zsclip.cli.classify import classify
from zsclip.cli.demo import demo
from zsclip.cli.doctor import doctor
from zsclip.cli.evaluating import evaluate
from zsclip.cli.exporting import export
from zsclip.cli.group import ZsclipGroup, examples
from zsclip.cli.labelsets import labelsets
from zsclip.cli.models import models
from zsclip.cli.output import reporting
from zsclip.cli.saving import save
from zsclip.cli.searching import search
from zsclip.cli.serving import serve
from zsclip.cli.sorting import sort
from zsclip.cli.video import video
from zsclip.version import __version__

__all__ = ["cli"]


@click.group(
    cls=ZsclipGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples("zsclip demo", 'zsclip classify photos/ --labels "cat,dog,something else"'),
)
@click.version_option(__version__, prog_name="zsclip", message="zsclip %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Log to standard error; tracebacks of errors.")
@click.pass_context
def cli(ctx: click.Context, *, verbose: bool) -> None:
    """Classify pictures by classes that are named in words, with CLIP and without training.

    Exit status: 0 all is well, 1 some pictures failed or a check found problems, 2 it could not
    be done, 130 interrupted.
    """
    ctx.with_resource(reporting(verbose=verbose))


of_pictures = (demo, classify, video, sort, search, evaluate, save)
elsewhere = (export, serve, batch)
of_the_rest = (labelsets, models, cache, doctor)
for command in (*of_pictures, *elsewhere, *of_the_rest):
    cli.add_command(command)
