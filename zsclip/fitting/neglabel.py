"""The negatives of NegLabel: words out of a list that are far from all labels."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import TooLong
from zsclip.errors import LabelError, ParameterTypeError
from zsclip.fitting.asked import Asked
from zsclip.head import Head
from zsclip.labels import Group, Label, LabelSet, blocks_of_prompts, fold
from zsclip.logs import logger_for
from zsclip.spelling import parse_labels
from zsclip.wording import brief

__all__ = ["WORDS", "Texts", "kinds_of", "mine", "negatives_of", "rows_apart", "words_of"]

log = logger_for("zsclip")

WORDS = "wordnet-words"
"""The label set that negatives are chosen from, if no other one is named."""

WORD_TEMPLATES = ("The nice {}.",)  # of the paper's, for nouns; the list's adjectives have prompts
SHARE = 0.15  # of the words, which become negatives
QUANTILE = 0.95  # of a word's cosines to the labels
SAMPLE = 256  # prompts that are timed before all are embedded
AT_ONCE = 1024  # words, so that a thousand labels by ten thousand words stay in bounds


class Texts(Protocol):
    """What embeds texts, such as `zsclip.ensembles.Ensembles`."""

    def keeps(self, head: Head, *, too_long: TooLong = "error") -> bool:
        """Whether a head's labels are embedded already."""

    def embedded(self, head: Head, *, too_long: TooLong = "error") -> Head:
        """The head with a unit vector for each label; kept for the next time."""

    def embed(
        self, groups: Sequence[Sequence[str]], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        """A unit vector for each group of prompts: float32 (len(groups), d)."""


def negatives_of(
    asked: Asked, head: Head, texts: Texts, *, too_long: TooLong = "error"
) -> tuple[NDArray[np.float32] | None, str]:
    """What a rejection compares with beside the labels.

    Args:
        asked: What is asked of it.
        head: The classifier's, with its embeddings.
        texts: What embeds texts.
        too_long: What becomes of prompts that are too long.

    Returns:
        float32 (m, d), L2-normalized, or None if it compares with nothing; and the name of the
        list of words that they were chosen from.
    """
    if asked.method == "null":
        return texts.embed([[prompt] for prompt in asked.null_prompts], too_long=too_long), ""
    if asked.method != "neglabel":
        return None, ""
    words = words_of(asked.words)
    rows = rows_apart(words, head.labelset)
    word_head = Head(words, words.templates or WORD_TEMPLATES)
    if not texts.keeps(word_head, too_long=too_long):
        _say_cost(word_head, texts, too_long)
    vectors = texts.embedded(word_head, too_long=too_long).class_matrix  # whatever the labels are
    assert vectors is not None
    assert head.class_matrix is not None
    kinds = kinds_of(words)
    chosen = mine(vectors[rows], [kinds[row] for row in rows], head.class_matrix)
    return vectors[rows[chosen]], words.name


def _say_cost(head: Head, texts: Texts, too_long: TooLong) -> None:
    """Log how many prompts are embedded, and how long it takes by the first of them."""
    prompts = [
        prompt
        for block in blocks_of_prompts(head.labelset.labels, head.templates)
        for group in block
        for prompt in group
    ]
    sample = [[prompt] for prompt in islice(prompts, SAMPLE)]
    texts.embed(sample[:1], too_long=too_long)  # the tower is loaded before the clock runs
    start = time.perf_counter()
    texts.embed(sample, too_long=too_long)
    seconds = (time.perf_counter() - start) / len(sample) * len(prompts)
    log.info(
        "Embedding %d prompts of the words of %s, once for this model: about %d s.",
        len(prompts),
        head.labelset.name,
        round(seconds) or 1,
    )


def words_of(words: str | LabelSet | None) -> LabelSet:
    """The list of words.

    Args:
        words: A label set, or how it is spelled (`parse_labels`); `WORDS` if None.

    Raises:
        LabelSetError: The list is not installed, or cannot be read.
        ParameterTypeError: `words` is neither.
    """
    given = WORDS if words is None else words
    if isinstance(given, str):
        given = parse_labels(given)
    if not isinstance(given, LabelSet):
        raise ParameterTypeError(
            f"`words` must be a LabelSet or the name of one, got {brief(words)}. Make one of words "
            "with `LabelSet.from_names`."
        )
    return given


def rows_apart(words: LabelSet, labelset: LabelSet) -> NDArray[np.intp]:
    """The positions of those words that read like no name and no alias of a label.

    Raises:
        LabelError: There is none.
    """
    taken = {fold(text) for label in labelset for text in label.texts}
    apart = [taken.isdisjoint(map(fold, word.texts)) for word in words]
    if not any(apart):
        raise LabelError(
            f"`words` must hold words that are no labels, and every one of {brief(words.name)} is "
            "a label. Leave `words` out for those of WordNet."
        )
    return np.flatnonzero(apart)


def kinds_of(words: LabelSet) -> list[str]:
    """The outermost group of each word, such as ``noun``; empty for one without."""
    nodes: list[Group | Label] = [*words.groups, *words.labels]
    above = {node.id: node.parent for node in nodes}
    kinds = []
    for word in words:
        kind = word.parent or ""
        while parent := above.get(kind):
            kind = parent
        kinds.append(kind)
    return kinds


def mine(
    vectors: NDArray[np.float32],
    kinds: list[str],
    class_matrix: NDArray[np.float32],
    *,
    seed: int = 0,
) -> NDArray[np.intp]:
    """Which words are negatives, in random order.

    NegMining (Jiang et al. 2024, §3.1): the distance of a word from the labels is minus the 95th
    percentile of its cosines to them, which unlike the highest is not that of one label alone; and
    the 15 % that are farthest are taken, of nouns and of adjectives each. In random order, those
    that follow each other are the random groups of `zsclip.scoring.confidence.neglabel`.

    Args:
        vectors: The embeddings of the words: float32 (words, d), L2-normalized.
        kinds: The kind of each; of every kind as large a part is taken, one word at least.
        class_matrix: The embeddings of the labels: float32 (labels, d), L2-normalized.
        seed: Of the order.

    Returns:
        intp (m,): rows of `vectors`, each at most once.
    """
    near = np.empty(len(vectors))
    for start in range(0, len(vectors), AT_ONCE):
        cosines = vectors[start : start + AT_ONCE] @ class_matrix.T
        near[start : start + AT_ONCE] = np.quantile(cosines, QUANTILE, axis=1)
    of_kind: dict[str, list[int]] = {}
    for row, kind in enumerate(kinds):
        of_kind.setdefault(kind, []).append(row)
    chosen = []
    for rows in map(np.array, of_kind.values()):
        count = max(1, int(SHARE * len(rows)))
        chosen.append(rows[np.argsort(near[rows], kind="stable")[:count]])
    found: NDArray[np.intp] = np.random.default_rng(seed).permutation(np.concatenate(chosen))
    return found
