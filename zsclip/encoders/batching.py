"""Texts of many lengths in batches that hold little padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["TOKENS", "batches_by_length"]

TOKENS = 20_000
"""Of one batch, padding included: 256 texts of a full context, and 2,000 short prompts, without
which a large GPU waits for the processor that starts its work."""


def batches_by_length(lengths: Sequence[int], tokens: int = TOKENS) -> Iterator[list[int]]:
    """Each text's number once, texts of like lengths together, the shortest first.

    Args:
        lengths: How many tokens each text has.
        tokens: How many a batch may have once its texts are padded to the longest; a text that has
            more is a batch by itself.

    Examples:
        >>> list(batches_by_length([3, 9, 3, 4], tokens=12))
        [[0, 2, 3], [1]]
    """
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and lengths[i] * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
