"""``zsclip video``."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.classifiers import classifier_options
from zsclip.cli.completion import complete_files
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.listing import Listing, listing_options
from zsclip.cli.options import output_options

if TYPE_CHECKING:
    from pathlib import Path

    from zsclip.classifier import ZeroShotClassifier
    from zsclip.outputs import Plan, Writer

__all__ = ["video"]

FORMATS = ("table", "json", "jsonl", "csv")


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip video clip.mp4 --labels cat,dog,nobody",
        "zsclip video clip.mp4 --labels frog,octopus --model tiny-cartoon --every 0.5 --top 1",
        "zsclip video film.mkv --labels indoors,outdoors --scenes -o scenes.csv",
    ),
)
@click.argument("path", metavar="FILE", shell_complete=complete_files)
@click.option(
    "--every",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="One frame each so many seconds; 1 if not given.",
)
@click.option("--scenes", is_flag=True, help="The first frame of each scene.")
@click.option(
    "--start",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Frames from this time on.",
)
@click.option(
    "--end",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Frames up to this time.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="The most frames to look at."
)
@partial(classifier_options, passed=("progress", "reading"))
@listing_options
@output_options(*FORMATS)
def video(
    *,
    path: str,
    classifier: ZeroShotClassifier,
    listing: Listing,
    form: str | None,
    output: str | None,
    force: bool,
    progress: bool,
    **asked: Any,
) -> None:
    """Classify frames of a video, and the clip as a whole.

    Each frame is called FILE@HOURS:MINUTES:SECONDS, and the clip, which comes last, FILE. Takes the
    extra video: pip install "zsclip[video]". A damaged video is read as far as it goes, with a
    warning. Exit status: 0 it was classified, 2 it could not be.
    """
    listing.require_of(classifier)
    from zsclip.outputs import Plan, check_output, choose_format
    from zsclip.video import classify_video

    plan = Plan(form=choose_format(form, output), classifier=classifier, chosen=listing)
    if plan.form not in FORMATS:
        raise click.UsageError(f"-o takes a file of {', '.join(FORMATS)}, and not {plan.form}.")
    target = None if output is None else check_output(plan.form, output, overwrite=force)
    clip = classify_video(classifier, path, progress="text" if progress else False, **asked)
    with _writer(plan, target) as writer:
        for frame in clip.frames:
            writer.write(frame.prediction.source, frame.prediction)
        writer.write(clip.source, clip.prediction)


def _writer(plan: Plan, target: Path | None) -> AbstractContextManager[Writer]:
    from zsclip.cli.writers import Printer
    from zsclip.outputs import open_output

    if target is not None:
        return open_output(plan, target)
    return nullcontext(Printer(plan.lines(), plan.form))
