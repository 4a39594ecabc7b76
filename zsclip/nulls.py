"""Null prompts: the texts that stand for "none of these", given or usual.

What a picture shows if it shows none of the labels; scores of several labels at once are made
against them (`zsclip.scoring.against_null`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from zsclip.errors import LabelError
from zsclip.labels import LabelSet, fill_template, fold, texts_of

__all__ = ["require_null_prompts", "usual_null_prompts"]

NOTHING_SAID = ("something", "anything", "none of these")
"""Words for the labels' templates that say nothing: the first that no label is called is taken."""


def usual_null_prompts(labelset: LabelSet, templates: Sequence[str]) -> tuple[str, ...]:
    """Those of the label set, or each template with a word that says nothing.

    Examples:
        >>> usual_null_prompts(LabelSet.from_names(["cat", "dog"]), ["a photo of a {}."])
        ('a photo of a something.',)
    """
    if labelset.null_prompts:
        return labelset.null_prompts
    said = {fold(text) for label in labelset for text in label.texts}
    word = next((word for word in NOTHING_SAID if word not in said), NOTHING_SAID[-1])
    return tuple(fill_template(template, word) for template in templates)


def require_null_prompts(labelset: LabelSet, null_prompts: Iterable[str]) -> tuple[str, ...]:
    """What a user gives, if it can stand for none of these labels.

    Raises:
        LabelError: There is none, or one breaks a rule: it holds ``{}``, say, or is a label's.
        ParameterTypeError: It is a single text, or holds what is none.
    """
    texts = texts_of("null_prompts", null_prompts)
    if not texts:
        raise LabelError(
            "`null_prompts` must hold at least one text such as 'a photo of something.', got none. "
            "Leave it out to use those of the label set, or zsclip's own."
        )
    return replace(labelset, null_prompts=texts).null_prompts  # the rules are run over them
