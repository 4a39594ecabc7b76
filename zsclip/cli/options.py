"""What several commands take: label sets as users name them, and an engine."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from zsclip.cli.completion import (
    complete_encoders,
    complete_files,
    complete_folders,
    complete_labels,
    complete_models,
)

__all__ = [
    "activation_option",
    "device_option",
    "download_root_option",
    "encoder_option",
    "engine_options",
    "format_option",
    "labels_option",
    "model_option",
    "output_options",
    "progress_option",
    "reading_options",
    "template_option",
    "too_long_option",
    "with_options",
]

F = TypeVar("F", bound=Callable[..., Any])


def with_options(command: F, options: Sequence[Callable[[F], F]]) -> F:
    """A command with some options, which its help lists in this order."""
    for option in reversed(options):
        command = option(command)
    return command


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


def output_options(*formats: str) -> Callable[[F], F]:
    """``--format``, ``--output`` and ``--force`` of what may go to a file."""
    options = [
        click.option(
            "--format",
            "form",
            type=click.Choice(formats),
            help="How to write the result; if not given, as the name of FILE tells, or as a "
            f"{formats[0]}.",
        ),
        click.option(
            "-o",
            "--output",
            metavar="FILE",
            shell_complete=complete_files,
            help="Write to FILE, whole or not at all, and not to standard output.",
        ),
        click.option(
            "--force",
            is_flag=True,
            help="Replace FILE whatever it is; if not given, only what zsclip wrote in this format "
            "is replaced.",
        ),
    ]
    return lambda command: with_options(command, options)


def engine_options(command: F) -> F:
    """``--activation``, ``--device``, ``--precision`` and ``--download-root``."""
    options = [
        activation_option,
        device_option,
        click.option(
            "--precision",
            type=click.Choice(["auto", "fp32", "fp16", "bf16"]),
            default="auto",
            show_default=True,
            help="auto is fp16 on CUDA, bf16 on a CPU that is faster in it, fp32 elsewhere.",
        ),
        download_root_option,
    ]
    return with_options(command, options)


def device_option(command: F) -> F:
    """``--device``."""
    return click.option(
        "--device",
        default="auto",
        show_default=True,
        help="cpu, cuda, cuda:1, mps; auto takes CUDA, then MPS, then the CPU.",
    )(command)


def activation_option(command: F) -> F:
    """``--activation``."""
    return click.option(
        "--activation",
        type=click.Choice(["quickgelu", "gelu"]),
        help="What a checkpoint whose file does not tell was trained with; most of open_clip's "
        "with gelu.",
    )(command)


def download_root_option(command: F) -> F:
    """``--download-root``."""
    return click.option(
        "--download-root",
        metavar="FOLDER",
        shell_complete=complete_folders,
        help="Folder for weights; $ZSCLIP_CACHE/clip or ~/.cache/clip if not given.",
    )(command)


def _numbers_if_any(
    ctx: click.Context, param: click.Parameter, text: str | None
) -> str | list[float] | None:
    """Two numbers with a comma between them as such; `Reading` knows which words there are."""
    if text is None or "," not in text:
        return text
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        return text


def reading_options(command: F) -> F:
    """How pictures are read, and the limits on them: the command gets one `reading`."""

    @functools.wraps(command)
    def with_reading(**given: Any) -> Any:
        from zsclip.images import Reading

        fields = (
            *("background", "max_pixels", "max_bytes", "max_memory", "timeout", "urls", "levels"),
            *("strict", "isolate"),
        )
        chosen = {field: given.pop(field) for field in fields}
        reading = Reading(**{field: value for field, value in chosen.items() if value is not None})
        return command(**given, reading=reading)

    options = [
        click.option(
            "--background",
            metavar="COLOR",
            help="What shows through transparent pictures; white if not given.",
        ),
        click.option(
            "--levels",
            metavar="WORD|LOW,HIGH",
            callback=_numbers_if_any,
            help="How more than 8 bits become 8: auto, full, stretch, or what is black and what is "
            "white, as in 0,4095.",
        ),
        click.option(
            "--refuse-damaged",
            "strict",
            is_flag=True,
            help="Make an error of damaged pictures that can be read in part.",
        ),
        click.option(
            "--max-pixels",
            type=click.IntRange(min=1),
            metavar="N",
            help="The most pixels of a picture, width times height.",
        ),
        click.option(
            "--max-bytes",
            type=click.IntRange(min=1),
            metavar="N",
            help="The most bytes of a picture out of a URL or a pipe.",
        ),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            metavar="SECONDS",
            help="How long a picture may take, from its URL, pipe or file to its pixels.",
        ),
        click.option(
            "--max-memory",
            type=click.IntRange(min=1),
            metavar="N",
            help="The most bytes of memory that decoding may take, all pictures at a time "
            "together; a quarter of what there is if not given.",
        ),
        click.option(
            "--isolate",
            is_flag=True,
            help="Decode pictures in processes of their own, with limits that hold whatever a "
            "decoder does: for those that strangers send.",
        ),
        click.option(
            "--urls",
            type=click.Choice(["any", "public", "none"]),
            help="Which URLs are fetched: any; public, none in a private network; or none at all.",
        ),
    ]
    wrapped: F = with_reading  # type: ignore[assignment]
    return with_options(wrapped, options)


def labels_option(*, required: bool) -> Callable[[F], F]:
    """``--labels``."""
    return click.option(
        "-l",
        "--labels",
        required=required,
        metavar="NAME|a,b,c|FILE|FOLDER/",
        shell_complete=complete_labels,
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
        shell_complete=complete_models,
        help="One of `zsclip models list`, hf-hub:ORGANIZATION/NAME, or a checkpoint or its "
        "folder. ViT-B/32 if not given.",
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
        "--encoder",
        metavar="NAME",
        shell_complete=complete_encoders,
        help="The engine that runs the model; found by the model's name if not given.",
    )(command)


def too_long_option(command: F) -> F:
    """``--too-long``."""
    return click.option(
        "--too-long",
        type=click.Choice(["error", "cut"]),
        default="error",
        show_default=True,
        help="What becomes of prompts that are too long for the model.",
    )(command)


def progress_option(command: F) -> F:
    """``--progress`` and ``--no-progress``."""
    return click.option(
        "--progress/--no-progress",
        default=lambda: sys.stderr.isatty(),  # noqa: PLW0108 - that of the time of the call
        help="A bar on standard error; if not said, only where that is a terminal.",
    )(command)
