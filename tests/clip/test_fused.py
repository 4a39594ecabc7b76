"""The blocks for CPUs give what the plain ones give, whatever this build of PyTorch has."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention
from torch.utils._python_dispatch import TorchDispatchMode

from zsclip.clip.fused import FusedResNet, FusedTransformer, KeysAndValues
from zsclip.clip.model import CLIPConfig, ModifiedResNet
from zsclip.clip.recipe import Activation
from zsclip.clip.transformer import Transformer
from zsclip.encoders.native import NativeEncoder
from zsclip.encoders.rates import has_bf16
from zsclip.weights.checkpoints import Checkpoint

WIDTH, LAYERS = 128, 3


def _transformer(
    *, causal: bool, activation: Activation = "quickgelu", heads: int = 2, hidden: int = 512
) -> Transformer:
    torch.manual_seed(0)
    made = Transformer(
        WIDTH, LAYERS, heads=heads, hidden=hidden, activation=activation, causal=causal
    )
    for name, parameter in made.named_parameters():
        if name.endswith("bias"):
            parameter.data.normal_(std=0.1)
    return made.eval()


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("shape", [(3, 7), (1, 1), (40, 50)])
def test_a_fused_transformer_gives_what_the_plain_one_gives(
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


@pytest.mark.parametrize(("heads", "hidden"), [(2, 512), (1, 558), (8, 630)])
@pytest.mark.parametrize("activation", ["quickgelu", "gelu"])
def test_both_activations_with_any_heads_and_width_within(
    either_way: None, activation: Activation, heads: int, hidden: int
) -> None:
    """As ViT-g and ViT-bigG have them: an MLP 4.3637 times as wide as its block is one."""
    plain = _transformer(causal=True, activation=activation, heads=heads, hidden=hidden)
    x = 2 * torch.randn(3, 50, WIDTH)
    expected = plain(x)
    quick = FusedTransformer(copy.deepcopy(plain), torch.float32)
    torch.testing.assert_close(quick(x), expected, atol=1e-5, rtol=1e-5)
    rounded = FusedTransformer(copy.deepcopy(plain), torch.bfloat16)(x.bfloat16()).float()
    assert F.cosine_similarity(rounded, expected, dim=-1).min() > 0.999


def test_the_activations_are_not_alike(either_way: None) -> None:
    x = 2 * torch.randn(3, 7, WIDTH)
    one, other = (
        FusedTransformer(_transformer(causal=False, activation=activation), torch.float32)(x)
        for activation in ("quickgelu", "gelu")
    )
    assert (one - other).abs().max() > 1e-3


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


def test_a_fused_transformer_in_lower_precision_is_near(either_way: None) -> None:
    plain = _transformer(causal=False)
    x = torch.randn(4, 50, WIDTH)
    expected = plain(x)
    quick = FusedTransformer(copy.deepcopy(plain), torch.bfloat16)
    assert quick(x.bfloat16()).dtype == torch.bfloat16
    assert F.cosine_similarity(quick(x.bfloat16()).float(), expected, dim=-1).min() > 0.999


State = dict[str, Tensor]


SIZES = CLIPConfig(32, 64, (1, 2, 1, 1), 16, None, 77, 49_408, 64, 2)


@pytest.fixture
def checkpoint(
    make_state: Callable[[CLIPConfig], State], checkpoint_of: Callable[[State], Checkpoint]
) -> Checkpoint:
    return checkpoint_of(make_state(SIZES))


@pytest.mark.parametrize("count", [1, 5])
def test_a_fused_resnet_gives_what_the_plain_one_gives(
    either_way: None, checkpoint: Checkpoint, count: int
) -> None:
    plain, again = (checkpoint.load_image_tower().float() for _ in range(2))
    assert isinstance(again, ModifiedResNet)
    images = torch.randn(count, 3, SIZES.resolution, SIZES.resolution)
    expected = F.normalize(plain(images), dim=-1)
    quick = FusedResNet(again, torch.float32)
    left = {t.device.type for t in again.state_dict().values() if t.ndim == 4}
    assert left == {"meta"}  # no weights lie in memory twice
    torch.testing.assert_close(F.normalize(quick(images), dim=-1), expected, atol=1e-6, rtol=0)
    found = F.normalize(quick(images), dim=-1)  # no weights were overwritten
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


def test_a_fused_resnet_in_lower_precision_is_near(
    either_way: None, checkpoint: Checkpoint
) -> None:
    pixels = torch.randint(0, 256, (4, SIZES.resolution, SIZES.resolution, 3), dtype=torch.uint8)
    rows = [
        NativeEncoder(checkpoint, device="cpu", precision=precision).encode_pixels(pixels.numpy())
        for precision in ("fp32", "bf16")
    ]
    assert (rows[0] * rows[1]).sum(axis=1).min() > 0.999


@pytest.mark.skipif(not has_bf16(), reason="oneDNN has nothing for bf16 on this processor")
def test_no_weights_of_a_resnet_are_laid_out_anew_for_each_picture(
    capfd: pytest.CaptureFixture[str],
) -> None:
    sizes = CLIPConfig(64, 224, (1, 1, 1, 1), 64, None, 77, 100, 64, 1)
    quick = FusedResNet(sizes.image_tower().eval(), torch.bfloat16)  # type: ignore[arg-type]
    quick.bfloat16()
    images = torch.randn(2, 3, 224, 224, dtype=torch.bfloat16)
    with torch.inference_mode():
        quick(images)
        capfd.readouterr()
        verbose: Any = torch.backends.mkldnn.verbose
        with verbose(torch.backends.mkldnn.VERBOSE_ON):
            quick(images)
    told = [line.split(",") for line in capfd.readouterr().out.splitlines()]
    found = [line[5] for line in told if line[2:5] == ["primitive", "exec", "cpu"]]
    assert "convolution" in found
    assert "reorder" not in found


class _Calls(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def test_no_weights_of_the_pooling_are_copied_for_each_picture(checkpoint: Checkpoint) -> None:
    tower = checkpoint.load_image_tower().float()
    assert isinstance(tower, ModifiedResNet)
    with torch.no_grad(), _Calls() as calls:  # inference mode would show `linear` as a whole
        tower.attnpool(torch.randn(3, 512, 2, 2))
    assert calls.names.count("addmm") == 4
    assert "bmm" not in calls.names
