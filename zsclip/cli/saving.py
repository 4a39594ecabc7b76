"""``zsclip save``."""

from __future__ import annotations

import os
from typing import Any

import click

from zsclip.cli.completion import complete_files
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import (
    encoder_option,
    engine_options,
    labels_option,
    model_option,
    progress_option,
    template_option,
    too_long_option,
)
from zsclip.cli.output import emit

__all__ = ["save"]


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip save animals.zsclip --labels cartoon-animals --model tiny-cartoon",
        "zsclip save pets.zsclip --labels cat,dog --template 'a photo of a {}.'",
    ),
)
@click.argument("file", metavar="FILE", shell_complete=complete_files)
@labels_option(required=True)
@model_option
@template_option
@encoder_option
@engine_options
@too_long_option
@progress_option
@click.option(
    "--force",
    is_flag=True,
    help="Replace FILE whatever it is; if not given, only a saved classifier is replaced.",
)
def save(
    *,
    file: str,
    labels: str,
    templates: tuple[str, ...],
    force: bool,
    **options: Any,
) -> None:
    """Save a classifier to a file: its labels, embedded, and the name of its model.

    `zsclip classify --classifier FILE` and `ZeroShotClassifier.load` take it, and have no text to
    embed any more. The weights of the model are not in it. A FILE that is there is replaced
    if it is a saved classifier.
    """
    from zsclip import ZeroShotClassifier
    from zsclip.saved import check_target
    from zsclip.wording import printable

    check_target(file, overwrite=force)  # before a model is fetched and loaded
    classifier = ZeroShotClassifier(labels, templates=templates or None, **options)
    classifier.save(file, overwrite=force)
    size = os.path.getsize(os.path.expanduser(file))  # noqa: PTH202, PTH111 - as `save` takes it
    n, info = len(classifier.labelset), classifier.model_info
    emit(f"{printable(file)}: {n} labels, {info.name} in {info.precision}, {size / 1e3:,.0f} kB")
