"""The whole check of a label set, wherever it is, and what only a text tower can tell of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from zsclip.authoring import TokenCounter, check_labelset
from zsclip.authoring.distributions import Examined, examine_distribution
from zsclip.authoring.findings import Finding
from zsclip.authoring.trees import kind_of
from zsclip.encoders import Encoder
from zsclip.encoders.contract import require_embeddings
from zsclip.ensembles import prompt_sums
from zsclip.errors import LabelSetNotFoundError
from zsclip.labels import LabelSet, load_labelset
from zsclip.prompts import DEFAULT_TEMPLATES

__all__ = ["COINCIDE", "check_lengths_of", "examine", "find_near_ones", "is_distribution"]

COINCIDE = 0.99
"""The cosine from which on two labels all but coincide.

Their vectors are 8 degrees apart then. What a picture's two cosines can differ by is at most 0.14,
were it to point along the difference, and a tenth of that for common pictures: with CLIP's scale of
100, odds of about 4 to 1 at best and next to nothing as a rule.
"""


def examine(target: str | os.PathLike[str]) -> Examined:
    """Check whatever a label set may be in, by all rules that need no model.

    Args:
        target: The name of an installed set, or the path of a label-set file (``.toml``), of a
            wheel, of an sdist (``.tar.gz``), or of a folder with the sources of a distribution. As
            everywhere, a text with no slash, no dot before it and no such ending is a name.

    Raises:
        LabelSetError: There is none such, or it cannot be read at all.
    """
    if is_distribution(target):
        return examine_distribution(target)
    try:
        problems = check_labelset(target)
    except LabelSetNotFoundError as error:
        if kind_of(target) is not None:
            hint = f"For the folder write {os.path.join(os.fspath(target), '')!r}."  # noqa: PTH118
        elif os.path.isfile(target):  # noqa: PTH113 - false for what can be no path at all
            hint = (
                "Of files, those that end in .toml, .whl and .tar.gz are checked; "
                "`zsclip labelsets new NAME --from FILE` makes a label set of a list of names."
            )
        else:
            raise
        raise LabelSetNotFoundError(f"{error}\n{hint}") from None
    file = "" if _is_name(target) else os.fspath(target)
    examined = Examined([Finding.of_problem(problem, file) for problem in problems])
    if not problems:
        labelset = load_labelset(str(target)) if _is_name(target) else LabelSet.from_toml(target)
        examined.sets.append((file, labelset))
    return examined


def is_distribution(target: str | os.PathLike[str]) -> bool:
    """Whether a target of `examine` is a wheel, an sdist or a folder of sources."""
    return kind_of(target) is not None and not _is_name(target)


def _is_name(target: str | os.PathLike[str]) -> bool:
    endings = (".toml", ".whl", ".tar.gz", ".tgz")
    return (
        isinstance(target, str)
        and not target.endswith(endings)
        and not target.startswith(".")
        and not any(separator in target for separator in ("/", os.sep))
    )


def check_lengths_of(examined: Examined, encoder: TokenCounter) -> list[Finding]:
    """Rule R10 for every label set that was read."""
    return [
        Finding.of_problem(problem, file)
        for file, labelset in examined.sets
        for problem in check_labelset(labelset, encoder=encoder)
    ]


def find_near_ones(labelset: LabelSet, encoder: Encoder, *, file: str = "") -> list[Finding]:
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
    vectors, rows = _text_vectors(labelset, encoder)
    whole = np.zeros((len(labelset), vectors.shape[1]))
    np.add.at(whole, rows, vectors)
    findings = list(_coinciding(labelset, _unit(whole), encoder.model_info.name, file))
    first = [rows.index(i) for i in range(len(labelset))]
    findings += _misplaced(labelset, _unit(vectors), first, encoder.model_info.name, file)
    return findings


def _text_vectors(labelset: LabelSet, encoder: Encoder) -> tuple[NDArray[np.float64], list[int]]:
    """The summed embeddings of each text of each label, and which label each row is of."""
    templates = labelset.templates or DEFAULT_TEMPLATES
    texts: list[str] = []
    text_rows: list[int] = []
    rows: list[int] = []
    for i, label in enumerate(labelset):
        prompts = label.prompts_with(templates)
        # Prompts of its own are one text; otherwise name and aliases fill all templates in turn.
        size = len(prompts) if label.prompts else len(templates)
        for start in range(0, len(prompts), size):
            texts += prompts[start : start + size]
            text_rows += [len(rows)] * size
            rows.append(i)

    def encode(some: Sequence[str]) -> NDArray[np.float32]:
        return require_embeddings(
            encoder.encode_texts(some), len(some), encoder, lambda i: f"the text {some[i]!r}"
        )

    return prompt_sums(texts, text_rows, encode), rows


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float64] = vectors / np.maximum(lengths, np.finfo(np.float64).tiny)
    return unit


def _coinciding(
    labelset: LabelSet, unit: NDArray[np.float64], model: str, file: str
) -> Iterator[Finding]:
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1)
    told: set[frozenset[int]] = set()
    for i, label in enumerate(labelset):
        j = int(cosines[i].argmax())
        if cosines[i, j] < COINCIDE or frozenset((i, j)) in told:
            continue
        told.add(frozenset((i, j)))
        other = labelset[j]
        message = (
            f"all but coincides with labels[{j}] ({other.id!r}) for {model}: the cosine is "
            f"{cosines[i, j]:.4f}, from {COINCIDE} on. Merge the two, or tell them apart by other "
            "words."
        )
        yield Finding("M1", file, f"labels[{i}] ({label.id!r})", message)


def _misplaced(
    labelset: LabelSet, unit: NDArray[np.float64], first: list[int], model: str, file: str
) -> Iterator[Finding]:
    names = unit[first]
    for i, label in enumerate(labelset):
        if label.prompts:
            continue  # which stand in place of the aliases
        for k, alias in enumerate(label.aliases):
            cosines = names @ unit[first[i] + 1 + k]
            j = int(cosines.argmax())
            if cosines[j] > cosines[i]:
                message = (
                    f"{alias!r} is nearer to {labelset[j].name!r} (cosine {cosines[j]:.3f}) than "
                    f"to {label.name!r} ({cosines[i]:.3f}) for {model}. Remove it if it means "
                    "something else."
                )
                yield Finding("M2", file, f"labels[{i}].aliases[{k}]", message)
