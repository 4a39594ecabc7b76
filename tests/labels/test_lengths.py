"""Which prompts are too long for a model, and how few are counted to find out."""

from __future__ import annotations

from collections.abc import Sequence

from zsclip.labels import find_too_long


class Recording:
    """Counts words, and keeps a record of what it counted."""

    context_length = 20

    def __init__(self) -> None:
        self.counted: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self.counted.extend(texts)
        return [len(text.split()) + 2 for text in texts]


def test_only_what_could_be_too_long_is_counted() -> None:
    words = Recording()
    prompts = ["short", "x" * 18, "y" * 19, "ü", "a &amp; b", "<b>"]
    assert find_too_long(prompts, words) == []
    assert words.counted == ["y" * 19, "ü", "a &amp; b", "<b>"]


def test_what_is_too_long_is_told_by_its_place_and_its_count() -> None:
    prompts = ["a " * 18, "short", "a " * 19, "a " * 30]
    assert find_too_long(prompts, Recording()) == [(2, 21), (3, 32)]
    assert find_too_long([], Recording()) == []
