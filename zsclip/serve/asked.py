"""`Asked`: what a request asks for, once it is known to be within the limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.serve.limits import Limits
from zsclip.serve.refusals import Refusal
from zsclip.wording import brief

__all__ = ["Asked", "Upload", "Words", "asked_for"]

Words: TypeAlias = tuple[str, ...] | tuple[tuple[str, tuple[str, ...]], ...]
"""Names of labels, or names with phrases for each."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that was sent.

    Attributes:
        source: Its bytes, or the URL to fetch it from.
        name: What answers call it.
    """

    source: bytes | str
    name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for.

    Attributes:
        pictures: The pictures.
        texts: The texts to be embedded; None where pictures are meant.
        embeddings: Embeddings in place of pictures, float32 (n, width); None where there are none.
        labels: The labels; None for those of the service.
        templates: The templates; None for those of the labels.
        multi_label: Whether each label is scored by itself; None as the service does.
        top: How many labels an answer is to list, best first; None where nothing is said.
    """

    pictures: tuple[Upload, ...]
    texts: tuple[str, ...] | None = None
    labels: Words | None = None
    templates: tuple[str, ...] | None = None
    multi_label: bool | None = None
    top: int | None = None
    embeddings: NDArray[np.float32] | None = None

    @property
    def listed(self) -> int:
        """How many labels an answer lists."""
        return self.top or 5


_KNOWN = ("texts", "embeddings", "labels", "templates", "multi_label", "top")


def asked_for(pictures: list[Upload], fields: dict[str, Any], limits: Limits) -> Asked:
    """What a request asks for, by its pictures and the other parts of its body.

    Raises:
        Refusal: A part is unknown, malformed, or beyond the limits.
    """
    for name in fields:
        if name not in _KNOWN:
            known = ", ".join(_KNOWN)
            raise Refusal(
                422,
                f"There is no field {brief(name)}. Pictures are `images` in JSON, and parts "
                f"`image` in a form. Known beside them: {known}.",
            )
    if len(pictures) > limits.pictures:
        raise Refusal(
            413,
            f"A request may hold {limits.pictures} pictures, got {len(pictures)}. Send them in "
            "several.",
        )
    given = {name: value for name, value in fields.items() if value is not None}
    asked = Asked(
        pictures=tuple(pictures),
        texts=_texts("texts", given["texts"], limits.texts, limits) if "texts" in given else None,
        labels=_labels(given["labels"], limits) if "labels" in given else None,
        templates=(
            _texts("templates", given["templates"], limits.templates, limits)
            if "templates" in given
            else None
        ),
        multi_label=given.get("multi_label"),
        top=given.get("top"),
        embeddings=_rows(given["embeddings"], limits) if "embeddings" in given else None,
    )
    if not (asked.multi_label is None or isinstance(asked.multi_label, bool)):
        raise Refusal(422, f"`multi_label` must be true or false, got {brief(asked.multi_label)}.")
    if asked.top is not None and (type(asked.top) is not int or asked.top < 1):
        raise Refusal(422, f"`top` must be a whole number of 1 or more, got {brief(asked.top)}.")
    return asked


def _rows(given: Any, limits: Limits) -> NDArray[np.float32]:
    """Embeddings of pictures; whether they are some of this model is for the classifier to say."""
    if not isinstance(given, list) or not given or not all(isinstance(row, list) for row in given):
        raise Refusal(422, f"`embeddings` must be a list of lists of numbers, got {brief(given)}.")
    if len(given) > limits.pictures:
        raise _too_many("embeddings", len(given), limits.pictures, "rows")
    for row in given:
        if len(row) != len(given[0]) or not all(type(value) in (int, float) for value in row):
            raise Refusal(422, f"`embeddings` must hold rows of as many numbers, got {brief(row)}.")
    try:
        with np.errstate(over="ignore"):  # what is too large is infinite, and refused as that
            return np.array(given, np.float32)
    except OverflowError:
        raise Refusal(422, "`embeddings` holds a number that is too large.") from None


def _labels(given: Any, limits: Limits) -> Words:
    if isinstance(given, dict):
        if len(given) > limits.labels:
            raise _too_many("labels", len(given), limits.labels)
        most = limits.prompts
        pairs = tuple(
            (_text("labels", name, limits), _texts(f"labels[{brief(name)}]", some, most, limits))
            for name, some in given.items()
        )
        if (count := sum(len(phrases) for _, phrases in pairs)) > most:
            raise _too_many("labels", count, most, "phrases")
        return pairs
    return _texts("labels", given, limits.labels, limits)


def _texts(name: str, given: Any, most: int, limits: Limits) -> tuple[str, ...]:
    if not isinstance(given, list) or not given:
        raise Refusal(422, f"`{name}` must be a list of texts, got {brief(given)}.")
    if len(given) > most:
        raise _too_many(name, len(given), most)
    return tuple(_text(name, text, limits) for text in given)


def _text(name: str, text: Any, limits: Limits) -> str:
    if not isinstance(text, str):
        raise Refusal(422, f"`{name}` must hold texts, got {brief(text)}.")
    if len(text) > limits.text_length:
        raise Refusal(
            422,
            f"`{name}` holds {brief(text)} of {len(text):,} characters, and a text may have "
            f"{limits.text_length:,}. Shorten it.",
        )
    return text


def _too_many(name: str, count: int, most: int, what: str = "texts") -> Refusal:
    return Refusal(422, f"`{name}` holds {count:,} {what}, and may hold {most:,}. Give fewer.")
