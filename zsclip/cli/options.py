"""What several commands take: label sets as users name them, and an engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zsclip.errors import LabelSetNotFoundError

if TYPE_CHECKING:
    from zsclip.clip.models import ModelSpec
    from zsclip.encoders import Encoder
    from zsclip.labels import LabelSet

__all__ = [
    "announce_download",
    "engine_options",
    "format_option",
    "make_encoder",
    "read_labels",
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


# ------------------------------------------------------------------------------------------ labels


def read_labels(text: str, templates: Iterable[str] = ()) -> LabelSet:
    """The label set that ``--labels`` means.

    Args:
        text: Names between commas, or what `zsclip.labels.parse_labels` reads.
        templates: Those given, in place of the set's own.

    Raises:
        ZsclipError: There is none such, or its labels cannot be classified over.
    """
    from zsclip.labels import LabelSet, parse_labels

    is_file = os.path.isfile(text)  # noqa: PTH113 - false for a list too long to be a path
    if "," in text and not is_file:
        return LabelSet.from_names([name.strip() for name in text.split(",")])
    try:
        return parse_labels(text, templates=templates)
    except LabelSetNotFoundError as error:
        hint = "Classes are named between commas: --labels cat,dog."
        raise LabelSetNotFoundError(f"{error} {hint}") from None


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
    from zsclip.clip.models import MODELS
    from zsclip.encoders.registry import DEFAULT_MODEL, NATIVE, create_encoder

    options: dict[str, Any] = {}
    if name == NATIVE:
        for spec in MODELS:
            if spec.name == (model or DEFAULT_MODEL):
                announce_download(spec, download_root)
        options["progress"] = progress
    return create_encoder(
        name, model, device=device, precision=precision, download_root=download_root, **options
    )


def announce_download(spec: ModelSpec, download_root: str | None) -> None:
    """Say that the weights of a model have to be fetched, if they have to and may be."""
    from zsclip.cli.output import say
    from zsclip.clip.download import cache_dir, is_offline
    from zsclip.clip.weights import find_weights

    if find_weights(spec, download_root=download_root) is None and not is_offline():
        folder = cache_dir(download_root)
        say(f"{spec.name} is not here yet: {spec.size / 1e6:,.0f} MB to fetch, into {folder}.")
