"""``zsclip export``."""

from __future__ import annotations

import os
from typing import Any, Literal

import click

from zsclip.cli.classifiers import head_options, make_classifier, saved_option
from zsclip.cli.completion import complete_files
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import (
    activation_option,
    device_option,
    download_root_option,
    encoder_option,
    labels_option,
    progress_option,
    too_long_option,
)
from zsclip.cli.output import emit

__all__ = ["export"]


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip export animals.onnx --labels cartoon-animals --model tiny-cartoon",
        "zsclip export pets.onnx --labels cat,dog --precision int8 --with-resize",
        "zsclip export pets.onnx --classifier pets.zsclip",
    ),
)
@click.argument("file", metavar="FILE", shell_complete=complete_files)
@labels_option(required=False)
@saved_option
@head_options
@encoder_option
@activation_option
@device_option
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "int8"]),
    default="fp32",
    show_default=True,
    help="fp16 takes half the room; int8, of the weights of matrix products alone, a quarter for a "
    "vision transformer.",
)
@click.option(
    "--with-resize",
    is_flag=True,
    help="Take pictures of any size, and resize them in there: for ONNX Runtime on CPUs.",
)
@download_root_option
@too_long_option
@progress_option
@click.option(
    "--force",
    is_flag=True,
    help="Replace FILE whatever it is; if not given, only what was exported is replaced.",
)
def export(
    *,
    file: str,
    labels: str | None,
    saved: str | None,
    templates: tuple[str, ...],
    multi_label: bool,
    null_prompts: tuple[str, ...],
    precision: Literal["fp32", "fp16", "int8"],
    with_resize: bool,
    force: bool,
    **options: Any,
) -> None:
    """Export a classifier to an ONNX file, for places that have no PyTorch.

    Pixels go in, scores and embeddings come out. It holds the model's weights, all that was learnt,
    and in its metadata the labels and what `zsclip save` writes. `ZeroShotClassifier.load` takes
    it, and so does ONNX Runtime alone.
    """
    from zsclip.export import check_onnx_target
    from zsclip.files import size_in_words
    from zsclip.wording import printable

    check_onnx_target(file, overwrite=force)  # before a model is fetched and loaded
    head = {
        "--template": templates,
        "--multi-label": multi_label,
        "--null-prompt": null_prompts,
    }
    # labels are embedded in fp32, as the file computes; those that were saved are already
    options["precision"] = "fp32" if saved is None else "auto"
    classifier = make_classifier(labels, saved, head, options)
    classifier.export(file, precision=precision, with_resize=with_resize, overwrite=force)
    size = os.path.getsize(os.path.expanduser(file))  # noqa: PTH202, PTH111 - as `export` takes it
    n, name = len(classifier.labelset), classifier.model_info.name
    emit(f"{printable(file)}: {n} labels, {name} in {precision}, {size_in_words(size)}")
