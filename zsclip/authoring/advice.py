"""What only a text tower can tell of a label set: which labels a model can hardly keep apart.

The one file of this room that knows embeddings; it loads NumPy when it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from zsclip.labels import DEFAULT_TEMPLATES, LabelSet, Problem
from zsclip.wording import brief

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from zsclip.encoders import Encoder

__all__ = ["COINCIDE", "find_near_labels"]

COINCIDE = 0.99
"""The cosine from which on two labels all but coincide.

Their vectors are 8 degrees apart then. What a picture's two cosines can differ by is at most 0.14,
were it to point along the difference, and a tenth of that for common pictures: with CLIP's scale of
100, odds of about 4 to 1 at best and next to nothing as a rule.
"""

MOST_PAIRS = 500_000_000
"""Pairs of a text and a label that are compared, which takes half a minute: 22,000 labels."""

AT_ONCE = 1024  # labels whose cosines with all others are in memory


def find_near_labels(labelset: LabelSet, encoder: Encoder, *, file: str = "") -> list[Problem]:
    """Find labels that a model can hardly tell apart, and aliases that belong elsewhere for it.

    Advice, and no breach of a rule: it holds for this model alone. One that has never seen a
    wallaby puts the word anywhere.

    Args:
        labelset: A label set whose prompts all fit the encoder.
        encoder: The model.
        file: What to call the set's file.

    Returns:
        ``M1`` for each label whose nearest other label has a cosine of `COINCIDE` or more, each
        pair once. ``M2`` for each alias that is nearer to another label's name than to its own
        label's. All vectors are means over the templates, as for classification.
    """
    import numpy as np

    texts = sum(1 if x.prompts else len(x.texts) for x in labelset)
    if texts * len(labelset) > MOST_PAIRS:
        message = (
            f"are {len(labelset):,} with {texts:,} texts, too many for advice: each text is "
            f"compared with each label, and {MOST_PAIRS:,} pairs are as many as are. Check parts "
            "of the set."
        )
        return [Problem("M1", "labels", message, file)]
    vectors, rows = _text_vectors(labelset, encoder)
    whole = np.zeros((len(labelset), vectors.shape[1]))
    np.add.at(whole, rows, vectors)
    advice = list(_coinciding(labelset, _unit(whole), encoder.model_info.name, file))
    first = np.searchsorted(rows, np.arange(len(labelset))).tolist()
    advice += _misplaced(labelset, _unit(vectors), first, encoder.model_info.name, file)
    return advice


def _text_vectors(labelset: LabelSet, encoder: Encoder) -> tuple[NDArray[np.float64], list[int]]:
    """The summed embeddings of each text of each label, and which label each row is of."""
    from zsclip.encoders.contract import require_embeddings
    from zsclip.ensembles import prompt_sums

    templates = labelset.templates or DEFAULT_TEMPLATES
    texts: list[str] = []
    text_rows: list[int] = []
    rows: list[int] = []
    for i, (label, prompts) in enumerate(
        zip(labelset, labelset.prompts_with(templates), strict=True)
    ):
        # Prompts of its own are one text; otherwise name and aliases fill all templates in turn.
        size = len(prompts) if label.prompts else len(templates)
        for start in range(0, len(prompts), size):
            texts += prompts[start : start + size]
            text_rows += [len(rows)] * size
            rows.append(i)

    def encode(some: Sequence[str]) -> NDArray[np.float32]:
        return require_embeddings(
            encoder.encode_texts(some), len(some), encoder, lambda i: f"the text {brief(some[i])}"
        )

    return prompt_sums(texts, text_rows, encode), rows


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float64] = vectors / np.maximum(lengths, np.finfo(np.float64).tiny)
    return unit


def _coinciding(
    labelset: LabelSet, unit: NDArray[np.float64], model: str, file: str
) -> Iterator[Problem]:
    told: set[frozenset[int]] = set()
    for i, label in enumerate(labelset):
        if i % AT_ONCE == 0:  # all at once would take gigabytes
            cosines = unit[i : i + AT_ONCE] @ unit.T
        row = cosines[i % AT_ONCE]
        row[i] = -1
        j = int(row.argmax())
        if row[j] < COINCIDE or frozenset((i, j)) in told:
            continue
        told.add(frozenset((i, j)))
        other = labelset[j]
        message = (
            f"all but coincides with labels[{j}] ({brief(other.id)}) for {model}: the cosine is "
            f"{row[j]:.4f}, from {COINCIDE} on. Merge the two, or tell them apart by other "
            "words."
        )
        yield Problem("M1", f"labels[{i}] ({brief(label.id)})", message, file)


def _misplaced(
    labelset: LabelSet, unit: NDArray[np.float64], first: list[int], model: str, file: str
) -> Iterator[Problem]:
    names = unit[first]
    for i, label in enumerate(labelset):
        if label.prompts:
            continue  # which stand in place of the aliases
        for k, alias in enumerate(label.aliases):
            cosines = names @ unit[first[i] + 1 + k]
            j = int(cosines.argmax())
            if cosines[j] > cosines[i]:
                message = (
                    f"{brief(alias)} is nearer to {brief(labelset[j].name)} (cosine "
                    f"{cosines[j]:.3f}) than to {brief(label.name)} ({cosines[i]:.3f}) for "
                    f"{model}. Remove it if it means something else."
                )
                yield Problem("M2", f"labels[{i}].aliases[{k}]", message, file)
