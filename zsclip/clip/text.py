"""Many prompts through the text tower with no token computed twice."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from zsclip.clip.architecture import TextTower
from zsclip.clip.fused import KeysAndValues
from zsclip.clip.packing import Family, Pack, find_families
from zsclip.clip.tokenizer import pad

__all__ = ["encode_packed"]

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
