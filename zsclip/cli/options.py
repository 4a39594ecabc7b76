"""What several commands take: label sets as users name them, and an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.encoders import Encoder
    from zsclip.labels import LabelSet
    from zsclip.weights.models import ModelSpec

__all__ = [
    "announce_download",
    "encoder_option",
    "engine_options",
    "format_option",
    "labels_option",
    "make_classifier",
    "make_encoder",
    "model_option",
    "progress_option",
    "read_labels",
    "template_option",
    "truncate_option",
]

F = TypeVar("F", bound=Callable[..., Any])


def format_option(*formats: str) -> Callable[[F], F]:
    """``--format``, the first of the formats by default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How to print the result.",
    )


def engine_options(command: F) -> F:
    """``--device``, ``--precision`` and ``--download-root``."""
    options = [
        click.option(
            "--device",
            default="auto",
            show_default=True,
            help="cpu, cuda, cuda:1, mps; auto takes CUDA, then MPS, then the CPU.",
        ),
        click.option(
            "--precision",
            type=click.Choice(["auto", "fp32", "fp16", "bf16"]),
            default="auto",
            show_default=True,
            help="auto is fp16 on CUDA, bf16 on a CPU with AMX, fp32 elsewhere.",
        ),
        download_root_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def download_root_option(command: F) -> F:
    """``--download-root``."""
    return click.option(
        "--download-root",
        metavar="FOLDER",
        help="Folder for weights; $ZSCLIP_CACHE/clip or ~/.cache/clip if not given.",
    )(command)


def labels_option(*, required: bool) -> Callable[[F], F]:
    """``--labels``."""
    return click.option(
        "-l",
        "--labels",
        required=required,
        metavar="NAME|a,b,c|FILE|FOLDER/",
        help="The classes: an installed label set, names between commas, a file (.toml, .csv, or "
        ".txt with one name a line), or a folder of class folders. NAME/GROUP is a part of a set, "
        "and A+B is two together.",
    )


def model_option(command: F) -> F:
    """``--model``."""
    return click.option(
        "-m",
        "--model",
        metavar="NAME|FILE",
        help="One of `zsclip models list`, or a checkpoint. ViT-B/32 if not given.",
    )(command)


def template_option(command: F) -> F:
    """``--template``."""
    return click.option(
        "-t",
        "--template",
        "templates",
        metavar="TEXT",
        multiple=True,
        help="A text with {} where the name goes in; repeat it for more. The label set's own if "
        "none.",
    )(command)


def encoder_option(command: F) -> F:
    """``--encoder``."""
    return click.option(
        "--encoder", metavar="NAME", help="The engine that runs the model; clip if not given."
    )(command)


def truncate_option(command: F) -> F:
    """``--truncate``."""
    return click.option(
        "--truncate", is_flag=True, help="Cut prompts that are too long for the model."
    )(command)


def progress_option(command: F) -> F:
    """``--progress`` and ``--no-progress``."""
    return click.option(
        "--progress/--no-progress",
        default=None,
        help="A bar on standard error; if not said, only where that is a terminal.",
    )(command)


# ------------------------------------------------------------------------------------------ labels


def read_labels(text: str, templates: Iterable[str] = ()) -> LabelSet:
    """The label set that ``--labels`` means; `templates` stand in place of the set's own."""
    from zsclip.labels import parse_labels

    return parse_labels(text, templates=templates)


# ------------------------------------------------------------------------------------------ engines


def make_encoder(
    name: str,
    model: str | None,
    *,
    device: str = "auto",
    precision: str = "auto",
    download_root: str | None = None,
    progress: bool = False,
) -> Encoder:
    """Make an engine by its name; say so if that means a download."""
    from zsclip.encoders.registry import DEFAULT_MODEL, NATIVE, create_encoder
    from zsclip.weights.models import MODELS

    options: dict[str, Any] = {}
    if name == NATIVE:
        for spec in MODELS:
            if spec.name == (model or DEFAULT_MODEL):
                announce_download(spec, download_root)
        options["progress"] = progress
    return create_encoder(
        name, model, device=device, precision=precision, download_root=download_root, **options
    )


def make_classifier(
    labels: str,
    templates: tuple[str, ...],
    *,
    encoder: str | None,
    model: str | None,
    engine: dict[str, Any],
    bar: bool,
    **options: Any,
) -> ZeroShotClassifier:
    """All that can be wrong with the labels comes up before a model is fetched and loaded."""
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.encoders.registry import NATIVE
    from zsclip.head import resolve_labels

    labelset, _ = resolve_labels(read_labels(labels, templates), templates or None)
    made = make_encoder(encoder or NATIVE, model, **engine, progress=bar)
    return ZeroShotClassifier(labelset, encoder=made, **options)


def announce_download(spec: ModelSpec, download_root: str | None) -> None:
    """Say that the weights of a model have to be fetched, if they have to and may be."""
    from zsclip.cli.output import say
    from zsclip.weights.download import cache_dir, is_offline
    from zsclip.weights.sources import find_weights

    if find_weights(spec, download_root=download_root) is None and not is_offline():
        folder = cache_dir(download_root)
        say(f"{spec.name} is not here yet: {spec.size / 1e6:,.0f} MB to fetch, into {folder}.")
