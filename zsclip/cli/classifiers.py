"""The classifier that a command runs: labels and a model, or what `zsclip save` wrote."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zsclip.cli.completion import complete_files
from zsclip.cli.options import (
    encoder_option,
    engine_options,
    labels_option,
    model_option,
    progress_option,
    reading_options,
    template_option,
    too_long_option,
    with_options,
)

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier

__all__ = [
    "METHODS",
    "classifier_options",
    "head_options",
    "make_classifier",
    "picture_options",
    "reject_by_options",
    "saved_option",
]

F = TypeVar("F", bound=Callable[..., Any])

METHODS = ("probability", "mcm", "energy", "margin", "null", "neglabel")
"""Those of `zsclip.learnt.METHODS`, which help does without loading numpy for them."""


def picture_options(command: F) -> F:
    """How pictures get through the model: batches, reading, precision, threads, the cache."""
    options = [
        click.option(
            "--batch-size",
            type=click.IntRange(min=1),
            default=32,
            show_default=True,
            help="Pictures that go through the model at once.",
        ),
        too_long_option,
        reading_options,
        click.option(
            "--exact",
            is_flag=True,
            help="fp32, and large JPEGs decoded at their full size: slower.",
        ),
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            metavar="N",
            help="Threads that decode pictures; as many as there are cores if not given.",
        ),
        click.option(
            "--cache/--no-cache",
            default=True,
            show_default=True,
            help="Keep embeddings, and use those that were kept.",
        ),
        progress_option,
    ]
    return with_options(command, options)


def head_options(command: F) -> F:
    """``--model``, ``--template``, ``--multi-label`` and ``--null-prompt``."""
    options = [
        model_option,
        template_option,
        click.option(
            "--multi-label",
            is_flag=True,
            help="Score each label by itself: a picture may have several, or none.",
        ),
        click.option(
            "--null-prompt",
            "null_prompts",
            metavar="TEXT",
            multiple=True,
            help="A text that stands for none of the labels; repeat it for more. The label set's "
            "own if none.",
        ),
    ]
    return with_options(command, options)


def saved_option(command: F) -> F:
    """``--classifier``."""
    return click.option(
        "-c",
        "--classifier",
        "saved",
        metavar="FILE",
        shell_complete=complete_files,
        help="What `zsclip save` or `zsclip export` wrote, in place of --labels and --template, "
        "with all that it learnt. The model of what was saved is found by its name, or in the file "
        "that --model names.",
    )(command)


def reject_by_options(command: F) -> F:
    """``--threshold`` and ``--reject-by``."""
    options = [
        click.option(
            "--threshold",
            type=float,
            metavar="X",
            help="Take pictures with less confidence for none of the labels.",
        ),
        click.option(
            "--reject-by",
            type=click.Choice(METHODS),
            help="What confidence is; the library's choice if not given.",
        ),
    ]
    return with_options(command, options)


def classifier_options(command: F, passed: Sequence[str] = ("progress", "cache")) -> F:
    """All that makes a classifier: the command gets it as `classifier`, and some of the options.

    What is wrong with it is found out before the command looks at a picture.

    Args:
        command: The command.
        passed: The options that it is told as well.
    """

    @functools.wraps(command)
    def with_classifier(
        *,
        labels: str | None,
        saved: str | None,
        templates: tuple[str, ...],
        multi_label: bool,
        null_prompts: tuple[str, ...],
        threshold: float | None,
        reject_by: str | None,
        **given: Any,
    ) -> Any:
        own = {name: given.pop(name) for name in list(given) if name not in _OPTIONS}
        if reject_by is not None and threshold is None:
            raise click.UsageError("--reject-by says what is compared with --threshold. Give both.")
        by: dict[str, Any] = {"threshold": threshold, "method": reject_by}
        if reject_by == "null" and not multi_label and null_prompts:
            by["null_prompts"], null_prompts = null_prompts, ()
        elif null_prompts and not (multi_label or saved):
            raise click.UsageError("--null-prompt takes --multi-label, or --reject-by null.")
        head = {
            "--template": templates,
            "--multi-label": multi_label,
            "--null-prompt": null_prompts,
        }
        classifier = make_classifier(labels, saved, head, given)
        if threshold is not None:
            classifier = classifier.rejecting(**by)
        return command(classifier=classifier, **{name: given[name] for name in passed}, **own)

    options = [
        labels_option(required=False),
        saved_option,
        head_options,
        reject_by_options,
        encoder_option,
        engine_options,
        picture_options,
    ]
    wrapped: F = with_classifier  # type: ignore[assignment]
    return with_options(wrapped, options)


_OPTIONS = {
    *("model", "encoder", "activation", "device", "precision", "download_root", "batch_size"),
    *("too_long", "reading", "exact", "workers", "cache", "progress"),
}


def make_classifier(
    labels: str | None, saved: str | None, head: dict[str, Any], given: dict[str, Any]
) -> ZeroShotClassifier:
    """The classifier of these labels, or the one that was saved.

    Args:
        labels: What was given with ``--labels``.
        saved: What was given with ``--classifier``.
        head: What goes with labels alone, by the names of the options.
        given: What either is made with.

    Raises:
        UsageError: Both were given or none, or an option that has no effect.
    """
    from zsclip import ZeroShotClassifier

    if (labels is None) == (saved is None):
        raise click.UsageError(
            "Give the classes with --labels, or with --classifier a file that `zsclip save` or "
            "`zsclip export` wrote."
            if labels is None
            else "--labels and --classifier exclude each other: the file holds its labels."
        )
    if saved is None:
        return ZeroShotClassifier(
            str(labels),
            templates=head["--template"] or None,
            multi_label=head["--multi-label"],
            null_prompts=head["--null-prompt"] or None,
            **given,
        )
    for option, value in head.items():
        if value:
            raise click.UsageError(
                f"{option} has no effect on --classifier, whose labels are embedded already. Save "
                "it anew with that."
            )
    return ZeroShotClassifier.load(saved, **given)
