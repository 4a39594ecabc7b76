"""The transformer for CPUs gives what the plain one gives, whatever this build of PyTorch has."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

from zsclip.clip.fused import FusedTransformer, KeysAndValues
from zsclip.clip.transformer import Transformer

WIDTH, LAYERS = 128, 3


def _transformer(*, causal: bool) -> Transformer:
    torch.manual_seed(0)
    made = Transformer(WIDTH, LAYERS, causal=causal)
    for name, parameter in made.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(std=0.1)
    return made.eval()


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("shape", [(3, 7), (1, 1), (40, 50)])
def test_it_gives_what_the_plain_one_gives(
    either_way: None, shape: tuple[int, int], causal: bool
) -> None:
    plain = _transformer(causal=causal)
    x = torch.randn(*shape, WIDTH)
    read = torch.arange(shape[0]) * shape[1]
    whole, places = plain(x), plain(x, read=read)
    torch.testing.assert_close(whole.flatten(0, 1)[read], places, atol=1e-5, rtol=1e-5)
    quick = FusedTransformer(copy.deepcopy(plain), torch.float32)
    torch.testing.assert_close(quick(x), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(quick(x, read=read), places, atol=1e-5, rtol=1e-5)


def test_context_stands_for_the_tokens_before(either_way: None) -> None:
    quick = FusedTransformer(_transformer(causal=True), torch.float32)
    x = torch.randn(1, 9, WIDTH)
    whole = quick(x)
    kept: list[KeysAndValues] = []
    quick(x[:, :5], read=torch.empty(0, dtype=torch.int64), kept=kept)
    assert len(kept) == LAYERS
    mask = torch.zeros(1, 1, 4, 9).masked_fill_(~torch.ones(4, 9).tril(5).bool(), float("-inf"))
    torch.testing.assert_close(
        quick(x[:, 5:], mask=mask, context=kept), whole[:, 5:], atol=1e-5, rtol=1e-5
    )


def test_lower_precision_is_near(either_way: None) -> None:
    plain = _transformer(causal=False)
    x = torch.randn(4, 50, WIDTH)
    expected = plain(x)
    quick = FusedTransformer(copy.deepcopy(plain), torch.bfloat16)
    assert quick(x.bfloat16()).dtype == torch.bfloat16
    assert F.cosine_similarity(quick(x.bfloat16()).float(), expected, dim=-1).min() > 0.999
