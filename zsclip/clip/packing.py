"""Many prompts through the text tower with no token computed twice.

The tower is causal and is read at the end-of-text token. What stands behind that token never
counts, and prompts that begin alike have the same keys and values up to where they part. So the
token ids of many prompts are laid out as a tree: prompts in order, each of them only from where it
parts from the one before. Beginnings that many share, such as "a bad photo of the" over a thousand
labels, go through the tower once (`Family.context`); the rest is packed into rows of equal length,
and a mask lets each token see its own prompt's tokens alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zsclip.clip.fused import KeysAndValues
from zsclip.clip.model import TextTower
from zsclip.clip.tokenizer import pad

__all__ = ["Family", "Pack", "encode_packed", "find_families"]

SLOTS = 48  # tokens of a row: more leave fewer empty, and make attention within it dearer
WORTH = 32  # prompts that share a beginning, from which on it goes through the tower on its own
LIMIT = 1024  # slots that go through the tower together: their activations stay in the caches
FAMILIES = 64  # whose contexts are computed together and kept until their texts are through


def encode_packed(tower: TextTower, ids: Sequence[Sequence[int]]) -> tuple[Tensor, int]:
    """Embed texts; what they begin with in common goes through the tower once.

    Args:
        tower: The text tower, on the CPU, with a `FusedTransformer`.
        ids: The token ids of each text, from start to end token.

    Returns:
        (n, embed_dim), not normalized, to rounding what the tower gives for each alone; and how
        many tokens went through the tower for it, those that only fill rows included.
    """
    out = tower.text_projection.new_empty(len(ids), tower.text_projection.shape[1])
    computed = 0
    families = find_families(ids)
    for start in range(0, len(families), FAMILIES):
        group = families[start : start + FAMILIES]
        contexts, tokens = _contexts(tower, group)
        computed += tokens
        for family, context in zip(group, contexts, strict=True):
            for pack in family.packs(ids, LIMIT):
                out[torch.from_numpy(pack.texts)] = _encode(tower, pack, context)
                computed += pack.tokens.size
    return out, computed


def _contexts(
    tower: TextTower, families: Sequence[Family]
) -> tuple[list[list[KeysAndValues]], int]:
    """The keys and values of each family's context in every layer, and the tokens computed."""
    contexts: list[list[KeysAndValues]] = [[] for _ in families]
    shared = [i for i, family in enumerate(families) if family.context]
    if not shared:
        return contexts, 0
    tokens = torch.from_numpy(pad([families[i].context for i in shared]))
    kept: list[KeysAndValues] = []
    places = torch.arange(tokens.shape[1])
    nothing = torch.empty(0, dtype=torch.int64)  # of the last block, only keys and values are used
    tower.transformer(tower.embed(tokens, places), read=nothing, kept=kept)
    for row, i in enumerate(shared):
        of_row = (slice(row, row + 1), slice(None), slice(len(families[i].context)))
        contexts[i] = [(k[of_row], v[of_row]) for k, v in kept]
    return contexts, tokens.numel()


def _encode(tower: TextTower, pack: Pack, context: list[KeysAndValues]) -> Tensor:
    x = tower.embed(torch.from_numpy(pack.tokens), torch.from_numpy(pack.places))
    hidden = torch.from_numpy(~pack.mask[:, None])
    mask = torch.zeros(hidden.shape, dtype=x.dtype).masked_fill_(hidden, float("-inf"))
    ends = torch.from_numpy(pack.ends)
    return tower.project(tower.transformer(x, read=ends, mask=mask, context=context))


# ------------------------------------------------------------------------------------------ layout


@dataclass(frozen=True, slots=True)
class Pack:
    """Rows of tokens that go through the tower together.

    Attributes:
        tokens: int64 (rows, slots); zeros where a row is not full.
        places: int64 (rows, slots): the place of each token in its prompt.
        mask: bool (rows, slots, length of the context + slots): what each token sees.
        ends: int64 (texts,): where each text's end token stands among all rows' slots.
        texts: int64 (texts,): which texts these are.
    """

    tokens: NDArray[np.int64]
    places: NDArray[np.int64]
    mask: NDArray[np.bool_]
    ends: NDArray[np.int64]
    texts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Family:
    """Texts that begin alike.

    Attributes:
        context: The token ids that all of them begin with, which are worth a pass of their own;
            none for a small family, whose rows share what they can.
        members: Which texts these are, so that those beside each other have most in common.
    """

    context: tuple[int, ...]
    members: tuple[int, ...]

    def packs(self, ids: Sequence[Sequence[int]], limit: int) -> Iterator[Pack]:
        """The family's tokens behind its context, in rows.

        Args:
            ids: The token ids of all texts, those of other families included.
            limit: How many slots a pack may have; at least one row has to fit.
        """
        known = len(self.context)
        width = max(SLOTS, *(len(ids[i]) - known for i in self.members))
        rows = _rows(self.members, ids, known, width)
        at_once = max(1, limit // width)
        for start in range(0, len(rows), at_once):
            yield _pack(rows[start : start + at_once], ids, known)


def find_families(ids: Sequence[Sequence[int]]) -> list[Family]:
    """Sort texts into families by what they begin with.

    Args:
        ids: The token ids of each text. None is the beginning of another, as with an end token.
            Equal ones are all members of the same family.

    Returns:
        Families that have each text once.

    Examples:
        >>> find_families([[9, 1, 0], [9, 2, 0]])
        [Family(context=(), members=(0, 1))]
    """
    order = sorted(range(len(ids)), key=lambda text: list(ids[text]))
    alike = [_common(ids[a], ids[b]) for a, b in pairwise(order)]
    shared = np.array([0, *alike], np.int64)  # with the one before
    families = []
    todo = [(0, len(order))] if order else []
    while todo:
        start, stop = todo.pop()
        inner = shared[start + 1 : stop]
        # an end token is no context: equal texts would have nothing left to go through the tower
        depth = min(int(inner.min(initial=len(ids[order[start]]))), len(ids[order[start]]) - 1)
        parts = np.flatnonzero(inner == depth) + start + 1
        members: list[int] = []
        for begin, end in zip([start, *parts], [*parts, stop], strict=True):
            if end - begin >= WORTH and end - begin < stop - start:
                todo.append((int(begin), int(end)))
            else:
                members += order[begin:end]
        if members:
            context = ids[members[0]][:depth] if len(members) >= WORTH else ()
            families.append(Family(tuple(context), tuple(members)))
    return families


def _common(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two texts begin with alike."""
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n


# (text, how many of its tokens behind the context the row has already, the first of its own slots)
_Placed = tuple[int, int, int]


def _rows(
    members: Sequence[int], ids: Sequence[Sequence[int]], known: int, width: int
) -> list[list[_Placed]]:
    """Fill rows one after the other; a text needs slots only from where it parts from the last."""
    rows: list[list[_Placed]] = []
    used = width
    before: Sequence[int] = ()
    for text in members:
        tokens = ids[text]
        shared = max(_common(before, tokens) - known, 0)
        if used + len(tokens) - known - shared > width:
            rows.append([])
            used = shared = 0
        rows[-1].append((text, shared, used))
        used += len(tokens) - known - shared
        before = tokens
    return rows


def _pack(rows: Sequence[Sequence[_Placed]], ids: Sequence[Sequence[int]], known: int) -> Pack:
    lasts = [row[-1] for row in rows]
    width = max(first + len(ids[text]) - known - shared for text, shared, first in lasts)
    tokens = np.zeros((len(rows), width), np.int64)
    places = np.zeros((len(rows), width), np.int64)
    mask = np.zeros((len(rows), width, known + width), np.bool_)
    mask[:, np.arange(width), known + np.arange(width)] = True  # an empty slot sees itself
    mask[:, :, :known] = True
    triangle = np.tri(width, dtype=np.bool_)
    ends, texts = [], []
    for row, placed in enumerate(rows):
        path: list[int] = []  # the slots of the last text's tokens
        for text, shared, first in placed:
            own = ids[text][known + shared :]
            stop = first + len(own)
            tokens[row, first:stop] = own
            places[row, first:stop] = range(known + shared, known + shared + len(own))
            mask[row, first:stop, known + first : known + stop] = triangle[: len(own), : len(own)]
            del path[shared:]
            if path:
                mask[row, first:stop, [known + slot for slot in path]] = True
            path += range(first, stop)
            ends.append(row * width + path[-1])
            texts.append(text)
    return Pack(tokens, places, mask, np.array(ends, np.int64), np.array(texts, np.int64))
