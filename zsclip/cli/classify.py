"""``zsclip classify``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.group import examples
from zsclip.cli.options import engine_options, format_option, make_encoder, read_labels
from zsclip.cli.output import say

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.results import Failure, Prediction

__all__ = ["classify"]


@click.command(
    epilog=examples(
        "zsclip classify drawings/ --labels cartoon-animals --model tiny-cartoon",
        "zsclip classify a.jpg b.jpg --labels cat,dog,bird --template 'a photo of a {}.'",
        "find . -name '*.png' | zsclip classify - --labels names.txt --format csv > out.csv",
    )
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "-l",
    "--labels",
    required=True,
    metavar="NAME|a,b,c|FILE|FOLDER/",
    help="The classes: an installed label set, names between commas, a file (.toml, .csv, or .txt "
    "with one name a line), or a folder of class folders. NAME/GROUP is a part of a set, and A+B "
    "is two together.",
)
@click.option(
    "-m",
    "--model",
    metavar="NAME|FILE",
    help="One of `zsclip models list`, or a checkpoint. ViT-B/32 if not given.",
)
@click.option(
    "-t",
    "--template",
    "templates",
    metavar="TEXT",
    multiple=True,
    help="A text with {} where the name goes in; repeat it for more. The label set's own if none.",
)
@click.option(
    "-k",
    "--top",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many labels to print for each picture.",
)
@format_option("table", "json", "csv")
@click.option(
    "--encoder", default="clip", show_default=True, help="The engine that runs the model."
)
@engine_options
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    help="Pictures that go through the model at once; results come as often.",
)
@click.option("--truncate", is_flag=True, help="Cut prompts that are too long for the model.")
@click.option(
    "--background",
    metavar="COLOR",
    default="white",
    show_default=True,
    help="What shows through transparent pictures.",
)
@click.option(
    "--exact", is_flag=True, help="Decode large JPEGs at their full size, which takes longer."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads that decode pictures; as many as there are cores if not given.",
)
@click.option(
    "--cache/--no-cache",
    default=True,
    show_default=True,
    help="Keep embeddings, and use those that were kept.",
)
@click.option(
    "--progress/--no-progress",
    default=None,
    help="A bar on standard error; if not said, only where that is a terminal.",
)
@click.pass_context
def classify(
    ctx: click.Context,
    *,
    paths: tuple[str, ...],
    labels: str,
    model: str | None,
    templates: tuple[str, ...],
    top: int,
    form: str,
    encoder: str,
    device: str,
    precision: str,
    download_root: str | None,
    batch_size: int,
    truncate: bool,
    background: str,
    exact: bool,
    workers: int | None,
    cache: bool,
    progress: bool | None,
) -> None:
    """Classify pictures.

    PATH is a picture, a folder (with all folders in it), a URL, or - for paths on standard input,
    one a line. Results are printed as they come. A picture that cannot be read does not stop the
    others: it is reported on standard error, or with --format json and csv in its place. Exit
    status: 0 all were classified, 1 some could not be, 2 none was tried.
    """
    bar = sys.stderr.isatty() if progress is None else progress
    classifier = _make_classifier(
        labels,
        templates,
        encoder=encoder,
        model=model,
        engine={"device": device, "precision": precision, "download_root": download_root},
        options={
            "batch_size": batch_size,
            "truncate": truncate,
            "background": background,
            "exact": exact,
            "workers": workers,
            "cache": cache,
        },
        bar=bar,
    )
    total, failed = _run(classifier, paths, form, top, bar=bar)
    if not total:
        say("No picture was named.")
    if failed:
        say(f"{failed} of {total} could not be classified.")
        ctx.exit(1)


def _make_classifier(
    labels: str,
    templates: tuple[str, ...],
    *,
    encoder: str,
    model: str | None,
    engine: dict[str, Any],
    options: dict[str, Any],
    bar: bool,
) -> ZeroShotClassifier:
    """All that can be wrong with the arguments comes up before a model is fetched and loaded."""
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.head import resolve_labels
    from zsclip.images.load import to_color

    labelset, _ = resolve_labels(read_labels(labels, templates), templates or None)
    to_color(options["background"])
    made = make_encoder(encoder, model, **engine, progress=bar)
    return ZeroShotClassifier(labelset, encoder=made, **options)


def _run(
    classifier: ZeroShotClassifier, paths: Iterable[str], form: str, top: int, *, bar: bool
) -> tuple[int, int]:
    """Classify, and print as results come: how many there were, and how many failed."""
    from tqdm import tqdm

    from zsclip.cli.pictures import Pictures
    from zsclip.cli.writers import make_writer
    from zsclip.results import Failure

    pictures = Pictures(paths)
    write: Callable[[str, Prediction | Failure], None] = make_writer(form, classifier.labels, top)
    total = failed = 0
    with tqdm(unit=" pictures", disable=not bar, file=sys.stderr, dynamic_ncols=True) as shown:
        for source, result in pictures.results(classifier.stream(pictures, on_error="record")):
            write(source, result)
            total += 1
            failed += isinstance(result, Failure)
            shown.update()
    return total, failed
