"""Names and templates to prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zsclip.errors import PromptTooLongError

if TYPE_CHECKING:
    from zsclip.labels import Label

__all__ = ["DEFAULT_TEMPLATES", "Prompts", "build_prompts", "check_lengths"]

# What a set of labels without templates of its own gets: the seven that CLIP's authors found best
# together on ImageNet, by forward selection among their eighty (openai/CLIP, notebook
# "Prompt Engineering for ImageNet").
DEFAULT_TEMPLATES: tuple[str, ...] = (
    "itap of a {}.",
    "a bad photo of the {}.",
    "a origami {}.",
    "a photo of the large {}.",
    "a {} in a video game.",
    "art of the {}.",
    "a photo of the small {}.",
)


@dataclass(frozen=True, slots=True)
class Prompts:
    """The prompts of several labels, end to end.

    Attributes:
        texts: All prompts, label by label.
        rows: For each prompt the index of its label.
    """

    texts: tuple[str, ...]
    rows: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.texts)


def build_prompts(labels: Iterable[Label], templates: Sequence[str]) -> Prompts:
    """Fill each name and alias of each label into each template.

    A label that has prompts of its own is described by these, as they are.

    Args:
        labels: The labels.
        templates: Texts with one ``{}`` each.

    Examples:
        >>> from zsclip.labels import Label
        >>> fox, hare = Label("fox", "fox"), Label("hare", "hare", aliases=("rabbit",))
        >>> build_prompts([fox, hare], ["a cartoon {}."])
        Prompts(texts=('a cartoon fox.', 'a cartoon hare.', 'a cartoon rabbit.'), rows=(0, 1, 1))
    """
    texts: list[str] = []
    rows: list[int] = []
    for row, label in enumerate(labels):
        of_label = label.prompts_with(templates)
        texts += of_label
        rows += [row] * len(of_label)
    return Prompts(tuple(texts), tuple(rows))


def check_lengths(
    texts: Sequence[str], count_tokens: Callable[[Sequence[str]], list[int]], context_length: int
) -> None:
    """Raise if a prompt does not fit the model's context.

    Args:
        texts: The prompts.
        count_tokens: The number of tokens of each text, start and end tokens included.
        context_length: How many tokens the model takes.

    Raises:
        PromptTooLongError: A prompt is too long; the first of them, and what would be cut of it.
    """
    # Counting takes seconds for a thousand labels by eighty templates, and few prompts come near
    # the limit: a token stands for a byte at least, and there are two more for start and end.
    # Special tokens, which are refused, are spelled with "<" or an entity.
    suspects = [
        text
        for text in texts
        if len(text) + 2 > context_length or not text.isascii() or "&" in text or "<" in text
    ]
    if not suspects:
        return
    for text, n in zip(suspects, count_tokens(suspects), strict=True):
        if n > context_length:
            cut = text[_fitting(text, count_tokens, context_length) :]
            raise PromptTooLongError(text, n, context_length, cut)


def _fitting(
    text: str, count_tokens: Callable[[Sequence[str]], list[int]], context_length: int
) -> int:
    """How many characters of a text that is too long fit, by bisection."""
    fits, over = 0, len(text)
    while over - fits > 1:
        middle = (fits + over) // 2
        [n] = count_tokens([text[:middle]])
        if n <= context_length:
            fits = middle
        else:
            over = middle
    return fits
