"""The text half of a classifier: prompts to one unit vector for each label, none computed twice."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache, make_key
from zsclip.encoders import Encoder, TokenEncoder, TooLong, engine_key, require_embeddings
from zsclip.forks import ForkLock
from zsclip.head import Head
from zsclip.labels import blocks_of_prompts
from zsclip.wording import brief

__all__ = ["Ensembles", "prompt_sums"]

CHUNK = 4096  # prompts at a time, so that a thousand labels by eighty templates stay in bounds
KEPT = 16  # class matrices in memory; one of a thousand labels takes 2 MB

Encode: TypeAlias = Callable[[Sequence[str]], NDArray[np.float32]]


class Ensembles:
    """The text embeddings of one encoder, kept in memory by label set and on disk by label.

    May be shared between threads, which wait for each other rather than encode twice.

    Args:
        encoder: What embeds the prompts.
        cache: Where vectors are kept on disk; None for nowhere.
    """

    def __init__(self, encoder: Encoder, *, cache: EmbeddingCache | None) -> None:
        self._encoder = encoder
        self._cache = cache
        self._kept: OrderedDict[object, NDArray[np.float32]] = OrderedDict()
        self._lock = ForkLock()

    def keeps(self, head: Head, *, too_long: TooLong = "error") -> bool:
        """Whether `embedded` has the vectors in memory."""
        return head.class_matrix is not None or _key(head, too_long) in self._kept

    def embedded(self, head: Head, *, too_long: TooLong = "error") -> Head:
        """The head with a unit vector for each label: float32 (labels, d), read-only.

        And one for each null prompt, where scores are made of these.

        These come from memory if they are there, label by label from the cache if they are, and
        else from the encoder. A head that has them stays as it is.

        Args:
            head: The labels and templates.
            too_long: What becomes of prompts that are too long.
        """
        info = self._encoder.model_info
        if head.class_matrix is None:

            def labels() -> NDArray[np.float32]:
                blocks = blocks_of_prompts(head.labelset.labels, head.templates)
                rows = [self.embed(block, too_long=too_long) for block in blocks]
                return rows[0] if len(rows) == 1 else np.concatenate(rows)

            matrix = self._keeping(_key(head, too_long), labels)
            head = head.embedded(matrix, info.precision)
        if head.null_matrix is None and head.compares_with_null(info):
            nulls = [(prompt,) for prompt in head.null_prompts]
            matrix = self._keeping(
                (tuple(nulls), too_long), lambda: self.embed(nulls, too_long=too_long)
            )
            head = head.beside_null(matrix)
        return head

    def _keeping(self, key: object, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return self._kept[key]

    def embed(
        self, groups: Sequence[Sequence[str]], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        """One vector for each group of prompts, the ensemble of their embeddings.

        As in CLIP (Radford et al. 2021, §3.1.4): each prompt's embedding is of unit length, a
        group's is their mean, made of unit length again.

        Args:
            groups: The prompts of each group, one or more.
            too_long: What becomes of prompts that are too long.

        Returns:
            float32 (len(groups), d), L2-normalized.
        """
        d = self._encoder.model_info.embedding_dim
        out = np.empty((len(groups), d), np.float32)
        keys = self._keys(groups, too_long=too_long)
        missing = list(range(len(groups)))
        if self._cache is not None and keys:
            found = self._cache.get(keys)
            missing = []
            for row, vector in enumerate(found):
                if vector is not None and vector.shape == (d,):
                    out[row] = vector
                else:
                    missing.append(row)
        if missing:
            out[missing] = self._compute([groups[row] for row in missing], too_long=too_long)
            if self._cache is not None and keys:
                kept = [row for row in missing if np.isfinite(out[row]).all()]
                self._cache.put([(keys[row], out[row]) for row in kept])
        return out

    def _compute(
        self, groups: Sequence[Sequence[str]], *, too_long: TooLong
    ) -> NDArray[np.float32]:
        def encode(some: Sequence[str]) -> NDArray[np.float32]:
            embeddings = self._encoder.encode_texts(some, too_long=too_long)
            return require_embeddings(
                embeddings, len(some), self._encoder, lambda row: f"the text {brief(some[row])}"
            )

        texts = [text for group in groups for text in group]
        rows = [row for row, group in enumerate(groups) for _ in group]
        total = prompt_sums(texts, rows, encode)
        with np.errstate(all="ignore"):  # prompts that cancel out; scores are checked for NaN
            unit = total / np.linalg.norm(total, axis=1, keepdims=True)
        vectors: NDArray[np.float32] = unit.astype(np.float32)
        return vectors

    def _keys(self, groups: Sequence[Sequence[str]], *, too_long: TooLong) -> list[bytes]:
        """What each group's vector is kept under; none if it cannot be kept."""
        if self._cache is None or not groups:
            return []
        weights = self._encoder.weights_sha256
        if weights is None:
            return []
        model = ("text", weights, *engine_key(self._encoder))
        if not hasattr(self._encoder, "tokenize"):
            how = f"cut to {self._encoder.context_length}" if too_long == "cut" else "whole"
            return [make_key(*model, how, *group) for group in groups]
        engine = cast(TokenEncoder, self._encoder)
        ids = _ids([text for group in groups for text in group], engine, too_long)
        return [make_key(*model, "ids", *(next(ids) for _ in group)) for group in groups]


def _key(head: Head, too_long: TooLong) -> object:
    return head.labelset, head.templates, too_long


def _ids(texts: Sequence[str], engine: TokenEncoder, too_long: TooLong) -> Iterator[bytes]:
    """The token ids of each text as bytes; as numbers of Python's they take ten times the room."""
    for start in range(0, len(texts), CHUNK):
        for ids in engine.tokenize(texts[start : start + CHUNK], too_long=too_long):
            yield array("I", ids).tobytes()


def prompt_sums(texts: Sequence[str], rows: Sequence[int], encode: Encode) -> NDArray[np.float64]:
    """The sum of the embeddings of each row's texts.

    Args:
        texts: All texts, one or more.
        rows: The row of each; each from 0 to the highest has one.
        encode: Texts to float32 (n, d), L2-normalized.

    Returns:
        float64 (rows, d).
    """
    # in order, so that those of one chunk begin alike: engines may compute that once
    order = sorted(range(len(texts)), key=texts.__getitem__) if len(texts) > CHUNK else None
    total: NDArray[np.float64] | None = None
    for start in range(0, len(texts), CHUNK):
        chosen = range(start, min(start + CHUNK, len(texts)))
        part = chosen if order is None else [order[i] for i in chosen]
        embedded = encode([texts[i] for i in part])
        if total is None:
            total = np.zeros((max(rows) + 1, embedded.shape[1]))
        np.add.at(total, [rows[i] for i in part], embedded)
    assert total is not None
    return total
