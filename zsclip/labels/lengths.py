"""Whether prompts fit a model: the one place that counts their tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = ["TokenCounter", "find_too_long", "length_that_fits"]


class TokenCounter(Protocol):
    """What it takes of an encoder."""

    @property
    def context_length(self) -> int:
        """How many tokens a prompt may have, start and end tokens included."""

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        """The number of tokens of each text, start and end tokens included."""


def find_too_long(prompts: Sequence[str], counter: TokenCounter) -> list[tuple[int, int]]:
    """The prompts that a model's context does not hold.

    Args:
        prompts: The prompts.
        counter: The model's encoder.

    Returns:
        For each of them its index in `prompts` and its number of tokens.

    Raises:
        ZsclipError: Whatever the counter raises, such as for a prompt that spells out a special
            token.

    Examples:
        >>> class Words:
        ...     context_length = 5
        ...     def count_tokens(self, texts):
        ...         return [len(text.split()) + 2 for text in texts]
        >>> find_too_long(["a fox.", "a very small fox."], Words())
        [(1, 6)]
    """
    limit = counter.context_length
    # Counting takes seconds for a thousand labels by eighty templates, and few prompts come near
    # the limit: a token stands for a byte at least, and there are two more for start and end.
    # Special tokens, which are refused, are spelled with "<" or an entity.
    suspects = [
        (i, prompt)
        for i, prompt in enumerate(prompts)
        if len(prompt) + 2 > limit or not prompt.isascii() or "&" in prompt or "<" in prompt
    ]
    if not suspects:
        return []
    counts = counter.count_tokens([prompt for _, prompt in suspects])
    return [(i, n) for (i, _), n in zip(suspects, counts, strict=True) if n > limit]


def length_that_fits(text: str, counter: TokenCounter) -> int:
    """How many characters of a text fit a model's context, by bisection; all of one that fits."""
    fits, over = 0, len(text) + 1
    while over - fits > 1:
        middle = (fits + over) // 2
        [n] = counter.count_tokens([text[:middle]])
        if n <= counter.context_length:
            fits = middle
        else:
            over = middle
    return fits
