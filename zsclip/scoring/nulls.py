"""Null prompts: the texts that stand for "none of these", given or usual.

What a picture shows if it shows none of the labels; scores of several labels at once are made
against them (`zsclip.scoring.against_null`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from zsclip.errors import LabelError
from zsclip.labels import LabelSet, fill_template, fold, texts_of
from zsclip.wording import brief

__all__ = ["require_null_prompts", "usual_null_prompts"]

EVERYDAY = (
    *("person", "face", "hand", "animal", "plant", "tree", "flower", "fruit", "food", "drink"),
    *("vehicle", "building", "tool", "furniture", "clothing", "toy", "instrument", "machine"),
    *("landscape", "sky", "water", "sign", "symbol", "text", "pattern", "shape", "map"),
)
"""What pictures show, in everyday words: together they tell what is a label from what is not better
than a word that says nothing ("something"), on drawings that tiny-cartoon had not seen."""


def usual_null_prompts(labelset: LabelSet, templates: Sequence[str]) -> tuple[str, ...]:
    """Those of the label set, or everyday words that no label is called, in the templates in turn.

    Examples:
        >>> pets = LabelSet.from_names(["cat", "animal"])
        >>> usual_null_prompts(pets, ["a photo of a {}.", "art of the {}."])[:4]
        ('a photo of a person.', 'art of the face.', 'a photo of a hand.', 'art of the plant.')
    """
    if labelset.null_prompts:
        return labelset.null_prompts
    said = {fold(text) for label in labelset for text in (*label.texts, *label.prompts)}
    words = [word for word in EVERYDAY if word not in said] or ["something"]
    return tuple(
        fill_template(template, word)
        for word, template in zip(words, itertools.cycle(templates), strict=False)
    )


def require_null_prompts(
    labelset: LabelSet, templates: Sequence[str], null_prompts: Iterable[str]
) -> tuple[str, ...]:
    """What a user gives, if it can stand for none of these labels.

    Raises:
        LabelError: There is none, or one breaks a rule: it holds ``{}``, say, or is a label's,
            whether by its name or as a template says it.
        ParameterTypeError: It is a single text, or holds what is none.
    """
    texts = texts_of("null_prompts", null_prompts)
    if not texts:
        raise LabelError(
            "`null_prompts` must hold at least one text such as 'a photo of something.', got none. "
            "Leave it out to use those of the label set, or zsclip's own."
        )
    own = replace(labelset, null_prompts=texts).null_prompts  # the rules are run over them
    said = {fold(text): label for label in labelset for text in label.prompts_with(templates)}
    for i, prompt in enumerate(own):
        if label := said.get(fold(prompt)):
            raise LabelError(
                f"`null_prompts[{i}]` must stand for none of the labels, and {brief(prompt)} is a "
                f"prompt of {brief(label.name)}. Remove it."
            )
    return own
