"""``zsclip save``."""

from __future__ import annotations

import os
from typing import Any

import click

from zsclip.cli.classifiers import head_options, picture_options, reject_by_options
from zsclip.cli.completion import complete_files
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.learning import Lessons, learning_options, lines_about
from zsclip.cli.options import encoder_option, engine_options, labels_option
from zsclip.cli.output import emit

__all__ = ["save"]


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip save animals.zsclip --labels cartoon-animals --model tiny-cartoon",
        "zsclip save pets.zsclip --labels cat,dog --template 'a photo of a {}.'",
        "zsclip save pets.zsclip --labels cat,dog --calibrate known.csv",
        "zsclip save pets.zsclip --labels cat,dog --reject-like photos/ --coverage 0.95",
    ),
)
@click.argument("file", metavar="FILE", shell_complete=complete_files)
@labels_option(required=True)
@head_options
@learning_options
@reject_by_options
@encoder_option
@engine_options
@picture_options
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
    multi_label: bool,
    null_prompts: tuple[str, ...],
    lessons: Lessons,
    force: bool,
    **options: Any,
) -> None:
    """Save a classifier to a file: its labels, embedded, and the name of its model.

    `zsclip classify --classifier FILE` and `ZeroShotClassifier.load` take it, and have no text to
    embed any more. The weights of the model are not in it. A FILE that is there is replaced
    if it is a saved classifier. What it learns from pictures first is in it as well, and holds for
    this model, these labels and this precision alone.
    """
    from zsclip import ZeroShotClassifier
    from zsclip.saved import check_target
    from zsclip.wording import counted, printable

    check_target(file, overwrite=force)  # before a model is fetched and loaded
    classifier = ZeroShotClassifier(
        labels,
        templates=templates or None,
        multi_label=multi_label,
        null_prompts=null_prompts or None,
        **options,
    )
    classifier = lessons.teach(classifier)
    classifier.save(file, overwrite=force)
    size = os.path.getsize(os.path.expanduser(file))  # noqa: PTH202, PTH111 - as `save` takes it
    labels, info = counted(len(classifier.labelset), "label"), classifier.model_info
    emit(f"{printable(file)}: {labels}, {info.name} in {info.precision}, {size / 1e3:,.0f} kB")
    for line in lines_about(classifier.learnt):
        emit(line)
