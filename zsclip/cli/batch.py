"""``zsclip batch``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.classifiers import classifier_options
from zsclip.cli.completion import complete_files
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import with_options
from zsclip.cli.output import say

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier

__all__ = ["batch"]


class Range(click.ParamType[int | tuple[int, int]]):
    """One number, or the least and the most: ``4`` or ``2-16``."""

    name = "N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | tuple[int, int]:
        """The numbers."""
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        least, dash, most = value.partition("-")
        if not (least.isdecimal() and (most.isdecimal() if dash else not most)):
            self.fail(f"{value!r} is no number, as in 4, and no range, as in 2-16.", param, ctx)
        return (int(least), int(most)) if dash else int(least)


def cluster_options(command: Any) -> Any:
    """Where the command runs, and how much of it there is for each actor."""
    return with_options(command, [
        click.option(
            "--address",
            metavar="WHERE",
            help="local: a cluster of this machine, for as long as it takes. auto, or an address: "
            "one that runs. As RAY_ADDRESS says if not given, or else local.",
        ),
        click.option(
            "--actors",
            type=Range(),
            help="Processes that have the model, or from how many to how many: 4 or 2-16.",
        ),
        click.option(
            "--cpus-per-actor", type=click.FloatRange(min=0), metavar="X", help="CPUs of each."
        ),
        click.option(
            "--gpus-per-actor",
            type=click.FloatRange(min=0),
            metavar="X",
            help="GPUs of each, or a part of one, as in 0.5.",
        ),
        click.option(
            "--rows-per-file",
            type=click.IntRange(min=1),
            metavar="N",
            help="Pictures that are classified, written and done together.",
        ),
        click.option(
            "--patience",
            type=click.FloatRange(min=0, min_open=True),
            default=1800,
            show_default=True,
            metavar="SECONDS",
            help="When to end a run of which nothing comes any more.",
        ),
        click.option("--ray-logs", is_flag=True, help="Show what Ray logs."),
    ])  # fmt: skip


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip batch photos/ results/ --labels cat,dog,bird",
        "zsclip batch tables/ results/ --classifier animals.zsclip --column image --id-column key",
        "zsclip batch s3://bucket/tars s3://bucket/results -c animals.zsclip --address auto",
        "zsclip batch urls.txt results/ --labels names.txt --top 5 --embeddings",
    ),
)
@click.argument("source", shell_complete=complete_files)
@click.argument("sink", shell_complete=complete_files)
@click.option(
    "--column",
    metavar="NAME",
    help="Of tables, the column of pictures or embeddings; of tars, what pictures end in.",
)
@click.option(
    "--id-column", metavar="NAME", help="The column of tables that tells their rows apart."
)
@click.option("--embeddings", is_flag=True, help="Write the embeddings as well.")
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=0,
    metavar="K",
    help="List the K best labels of each, and not the best alone.",
)
@click.option(
    "--on-error",
    type=click.Choice(("record", "raise")),
    default="record",
    show_default=True,
    help="What cannot be read gets a row that says so, or ends the run.",
)
@click.option(
    "--resume/--no-resume",
    default=True,
    show_default=True,
    help="Go on with what an interrupted run wrote.",
)
@cluster_options
@classifier_options
def batch(
    *,
    source: str,
    sink: str,
    classifier: ZeroShotClassifier,
    address: str | None,
    cpus_per_actor: float | None,
    gpus_per_actor: float | None,
    ray_logs: bool,
    progress: bool,
    cache: bool,
    **asked: Any,
) -> None:
    """Classify a hundred million pictures, on a cluster or on this machine.

    SOURCE is a folder of pictures, of Parquet files or of tars (WebDataset), one such file, or a
    text of paths and URLs, one a line; SINK is the folder for the results, in Parquet. Both may be
    URLs, such as s3://bucket/photos. Whatever is interrupted, the same command goes on, and in the
    end each row is there once. Exit status: 0 all were classified, 1 some could not be, 2 it could
    not be done.
    """
    from zsclip.ray import run
    from zsclip.wording import counted

    if address is None and "RAY_ADDRESS" not in os.environ:
        address = "local"
    try:
        finished = run(
            source,
            sink,
            classifier,
            address=address,
            num_cpus=cpus_per_actor,
            num_gpus=gpus_per_actor,
            progress="text" if progress else False,
            quiet=not ray_logs,
            **asked,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            "Interrupted. What is written stays; the same command goes on."
        ) from None
    say(f"{finished.sink} has {counted(finished.rows, 'row')}.")
    if finished.failed:
        say(f"{finished.failed:,} of {finished.rows:,} could not be classified.")
        click.get_current_context().exit(1)
