"""Many label sets put together, in time that grows with their labels and little else."""

from __future__ import annotations

from collections.abc import Sequence

from zsclip.errors import ParameterError
from zsclip.labels.labelset import LabelSet
from zsclip.wording import brief

__all__ = ["MOST_TERMS", "put_together", "too_many_terms"]

MOST_TERMS = 100
"""Sets in a sum that is spelled: each is looked for among all that are installed."""


def too_many_terms(text: str, count: int) -> ParameterError:
    """The error about a text that puts more sets together than are looked for."""
    return ParameterError(
        f"`labels` may put {MOST_TERMS} sets together at most, got {count:,} between plus signs: "
        f"{brief(text)}. Write their labels into one file, or put the sets together in Python "
        "with |."
    )


def put_together(sets: Sequence[LabelSet]) -> LabelSet:
    """The sum of one set or more: by halves, so that of a hundred no label is gone over 100 times.

    Raises:
        LabelError: Sets clash.

    Examples:
        >>> sets = [LabelSet.from_names([name], name=name) for name in ("fox", "hen", "owl")]
        >>> put_together(sets)
        <LabelSet 'fox+hen+owl' 3 labels, 0 templates>
    """
    if len(sets) == 1:
        return sets[0]
    middle = len(sets) // 2
    return put_together(sets[:middle]) | put_together(sets[middle:])
