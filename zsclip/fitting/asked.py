"""What is asked of a rejection: parameters that go together, or an error that says why not."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.head import Head
from zsclip.labels import LabelSet
from zsclip.learnt import METHODS, SEVERAL
from zsclip.scoring import require_null_prompts, usual_null_prompts
from zsclip.wording import brief, did_you_mean, in_a_row

__all__ = ["Asked"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a rejection, once it is known that it can be.

    Attributes:
        method: One of `METHODS`.
        coverage: As in `Learning.rejecting`.
        max_error: As in `Learning.rejecting`.
        threshold: As in `Learning.rejecting`.
        null_prompts: What ``null`` compares with; empty for any other method.
        words: What ``neglabel`` chooses from, as given.
    """

    method: str
    coverage: float | None
    max_error: float | None
    threshold: float | None
    null_prompts: tuple[str, ...]
    words: str | LabelSet | None

    @classmethod
    def of(
        cls,
        head: Head,
        *,
        has_images: bool,
        has_truth: bool,
        coverage: float | None,
        max_error: float | None,
        threshold: float | None,
        method: str | None,
        null_prompts: Iterable[str] | None,
        words: str | LabelSet | None,
    ) -> Asked:
        """What a user asks for; takes what `Learning.rejecting` does.

        Raises:
            LabelError: `null_prompts` is empty, or holds what cannot stand for none of the labels.
            ParameterError: The parameters do not go together, or one has a value that it cannot
                have.
            ParameterTypeError: One has a type that it cannot have.
        """
        asked = {"coverage": coverage, "max_error": max_error, "threshold": threshold}
        given = [name for name, value in asked.items() if value is not None]
        if len(given) != 1:
            raise ParameterError(
                "Exactly one of `coverage`, `max_error` and `threshold` must be given, got "
                f"{in_a_row(given) or 'none'}. `coverage=0.95` takes pictures of the wanted kind, "
                "`max_error=0.05` pictures and their truth, `threshold=0.3` none."
            )
        [name] = given
        _require_pictures(name, has_images=has_images, has_truth=has_truth)
        method = _method(method, head, by_hand=name == "threshold")
        value = _number(name, asked[name])
        if name != "threshold" and not 0 < value < 1:
            raise ParameterError(
                f"`{name}` must lie between 0 and 1, got {value}. Give 0.05 for 5 %."
            )
        if name == "threshold" and method != "energy" and not 0 <= value <= 1:
            raise ParameterError(
                f"`threshold` must lie between 0 and 1, as confidence by {method!r} does, got "
                f"{value}."
            )
        if head.multi_label and name == "max_error":
            raise ParameterError(
                "`max_error` must be left out where a picture can have several labels, because "
                "there is no one answer that is right or wrong. Ask for a `coverage`; `calibrated` "
                "chooses thresholds for each label."
            )
        for own, param, got in (
            ("null", "null_prompts", null_prompts),
            ("neglabel", "words", words),
        ):
            if got is not None and method != own:
                raise ParameterError(
                    f"`{param}` belongs to the method {own!r}, got it with {method!r}. Pass "
                    f'method="{own}", or leave it out.'
                )
        nulls: tuple[str, ...] = ()
        if method == "null":
            if null_prompts is not None:
                nulls = require_null_prompts(head.labelset, head.templates, null_prompts)
            else:
                usual = usual_null_prompts(head.labelset, head.templates)
                nulls = head.null_prompts or usual
        numbers = {key: None if key != name else value for key in asked}
        return cls(method=method, null_prompts=nulls, words=words, **numbers)


def _require_pictures(name: str, *, has_images: bool, has_truth: bool) -> None:
    wanted = {"coverage": (True, False), "max_error": (True, True), "threshold": (False, False)}
    if (has_images, has_truth) == wanted[name]:
        return
    needs = {
        "coverage": "takes `images` of the wanted kind, and no `truth`",
        "max_error": "takes `images` and their `truth`",
        "threshold": "is given by hand, without `images` and `truth`",
    }
    got = [param for param, has in (("`images`", has_images), ("`truth`", has_truth)) if has]
    raise ParameterError(f"`{name}` {needs[name]}, got {in_a_row(got, ' and ') or 'neither'}.")


def _method(method: str | None, head: Head, *, by_hand: bool) -> str:
    if method is None:
        of_scores = head.multi_label or head.learnt.probe is not None or len(head.labelset) < 2
        return "probability" if of_scores or by_hand else "mcm"
    if not isinstance(method, str):
        raise ParameterTypeError(f"`method` must be a text, got {brief(method)}.")
    if method not in METHODS:
        raise ParameterError(
            f"`method` must be one of {in_a_row(list(METHODS))}, got {brief(method)}. "
            f"{did_you_mean(method, METHODS)}"
        )
    if head.multi_label and method not in SEVERAL:
        raise ParameterError(
            f"`method` must be one of {in_a_row(list(SEVERAL))} where a picture can have several "
            f"labels, got {method!r}, which is low where two of them are right."
        )
    if method in ("margin", "mcm") and len(head.labelset) < 2:
        raise ParameterError(
            f"`method` {method!r} compares labels with each other, and there is one. Take "
            "'probability', or leave it out."
        )
    return method


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ParameterTypeError(f"`{name}` must be a number, got {brief(value)}.")
    if not math.isfinite(number := float(value)):
        raise ParameterError(f"`{name}` must be a finite number, got {number}.")
    return number
