"""How many prompts labels and templates make, and all of them a part at a time.

A file of a megabyte can name a hundred thousand labels and as many templates. What it comes to is
counted before any prompt is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from zsclip.errors import LabelError
from zsclip.labels.values import Label

__all__ = ["MOST_FILLED", "MOST_PROMPTS", "blocks_of_prompts", "require_few_filled"]

MOST_PROMPTS = 10_000_000
"""Prompts of a label set. The 21,841 classes of ImageNet-21k make 3.7 million, with all their
synonyms in CLIP's eighty templates."""

MOST_FILLED = 2_000_000
"""Prompts that are filled in and kept as the labels' own; with their checks they take 0.9 GB.
Twenty thousand species in eighty templates are 1.6 million."""

AT_ONCE = 2**18
"""Prompts that are in memory together; a thousand labels by eighty templates are a third of it."""


def blocks_of_prompts(
    labels: Sequence[Label], templates: Sequence[str]
) -> Iterator[list[tuple[str, ...]]]:
    """The prompts of each label in order, in lists of labels that have about `AT_ONCE` together.

    Examples:
        >>> list(blocks_of_prompts([Label("fox", "fox"), Label("owl", "owl")], ["a {}."]))
        [[('a fox.',), ('a owl.',)]]
    """
    block: list[tuple[str, ...]] = []
    count = 0
    for label in labels:
        block.append(label.prompts_with(templates))
        count += len(block[-1])
        if count >= AT_ONCE:
            yield block
            block, count = [], 0
    if block:
        yield block


def require_few_filled(count: int, what: str) -> None:
    """Raise where more prompts are to be filled in than are kept.

    Args:
        count: How many there are to be.
        what: What makes them, for the beginning of the message.

    Raises:
        LabelError: There are more than `MOST_FILLED`.
    """
    if count > MOST_FILLED:
        raise LabelError(
            f"{what} make {count:,} prompts, and {MOST_FILLED:,} may be filled in and kept as the "
            "labels' own. Use fewer templates."
        )
