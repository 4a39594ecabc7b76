"""Sizes read off the shapes of a state dict, and what is said of shapes that are no CLIP's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from zsclip.clip.architecture import Architecture
from zsclip.errors import CheckpointError
from zsclip.weights.checkpoints import Checkpoint
from zsclip.weights.models import MODELS

State = dict[str, Tensor]

# embed_dim, resolution, image layers, image width, patch, context, vocabulary, text width, layers
PUBLISHED = {
    "RN50": Architecture(1024, 224, (3, 4, 6, 3), 64, None, 77, 49_408, 512, 12),
    "RN101": Architecture(512, 224, (3, 4, 23, 3), 64, None, 77, 49_408, 512, 12),
    "RN50x4": Architecture(640, 288, (4, 6, 10, 6), 80, None, 77, 49_408, 640, 12),
    "RN50x16": Architecture(768, 384, (6, 8, 18, 8), 96, None, 77, 49_408, 768, 12),
    "RN50x64": Architecture(1024, 448, (3, 15, 36, 10), 128, None, 77, 49_408, 1024, 12),
    "ViT-B/32": Architecture(512, 224, 12, 768, 32, 77, 49_408, 512, 12),
    "ViT-B/16": Architecture(512, 224, 12, 768, 16, 77, 49_408, 512, 12),
    "ViT-L/14": Architecture(768, 224, 24, 1024, 14, 77, 49_408, 768, 12),
    "ViT-L/14@336px": Architecture(768, 336, 24, 1024, 14, 77, 49_408, 768, 12),
}


def _shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        image, text = architecture.image_tower(), architecture.text_tower()
    shapes = {f"visual.{key}": tuple(t.shape) for key, t in image.state_dict().items()}
    shapes |= {key: tuple(t.shape) for key, t in text.state_dict().items()}
    return {**shapes, "logit_scale": ()}


def test_all_published_models_are_here() -> None:
    assert list(PUBLISHED) == [spec.name for spec in MODELS if not spec.bundled]


@pytest.mark.parametrize("spec", [s for s in MODELS if not s.bundled], ids=lambda s: str(s.name))
def test_published_sizes(spec: object) -> None:
    [spec] = [s for s in MODELS if s is spec]
    expected = PUBLISHED[spec.name]
    architecture = Architecture.read(_shapes(expected))
    assert architecture == expected
    assert architecture.parameters == spec.parameters
    assert architecture.resolution == spec.resolution
    assert architecture.embed_dim == spec.embed_dim
    assert architecture.context_length == spec.context_length
    assert architecture.vocab_size == spec.vocab_size


def test_small_sizes(architecture: Architecture, state: State) -> None:
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    assert Architecture.read(shapes) == architecture
    # running statistics are no parameters
    counted = (v for k, v in state.items() if "running_" not in k and "num_batches" not in k)
    assert architecture.parameters == sum(v.numel() for v in counted)


def _load(checkpoint: Checkpoint) -> None:
    checkpoint.load_image_tower()
    checkpoint.load_text_tower()


def test_the_whole_state_dict_loads(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    checkpoint = checkpoint_of(state)
    image, text = checkpoint.load_image_tower(), checkpoint.load_text_tower()
    for tower, prefix in ((image, "visual."), (text, "")):
        assert not tower.training
        assert not any(p.requires_grad for p in tower.parameters())
        for key, tensor in tower.state_dict().items():
            if not key.endswith("num_batches_tracked"):
                assert torch.equal(tensor, state[prefix + key])
    assert checkpoint.logit_scale == pytest.approx(50)


def test_counters_and_masks_need_not_be_there(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    state = {key: t for key, t in state.items() if not key.endswith("num_batches_tracked")}
    state["transformer.resblocks.0.attn_mask"] = torch.zeros(77, 77)
    _load(checkpoint_of(state))


def test_each_missing_tensor_is_named(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    for key in state:
        if key.endswith("num_batches_tracked"):
            continue
        rest = {k: v for k, v in state.items() if k != key}
        with pytest.raises(CheckpointError) as caught:
            _load(checkpoint_of(rest))
        message = str(caught.value)
        assert "'small.pt'" in message
        # without its one projection a vision transformer reads as a ResNet
        named = "visual.layer1.0.conv1.weight" if key == "visual.proj" else key
        assert named in message or f"{key}: expected" in message, key


def test_each_tensor_with_another_shape_is_refused(
    state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    for key, tensor in state.items():
        if key.endswith("num_batches_tracked"):
            continue
        wrong = {**state, key: torch.stack([tensor, tensor])}
        with pytest.raises(CheckpointError) as caught:
            _load(checkpoint_of(wrong))
        assert "'small.pt'" in str(caught.value)


@pytest.mark.parametrize("key", ["visual.head.weight", "logit_bias", "visual.ln_post.scale"])
def test_a_tensor_too_many_is_named(
    key: str, state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    with pytest.raises(CheckpointError, match=rf"{key}: expected nothing, found \(3,\)"):
        _load(checkpoint_of({**state, key: torch.zeros(3)}))


def test_many_differences_are_cut_short(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    extra = {f"visual.extra.{i}": torch.zeros(1) for i in range(9)}
    with pytest.raises(CheckpointError, match=r"visual\.extra\.4.* and 4 more\."):
        checkpoint_of({**vit_state, **extra}).load_image_tower()


def test_hugging_face_names() -> None:
    shapes = {
        "logit_scale": (),
        "text_model.embeddings.token_embedding.weight": (49_408, 512),
        "vision_model.embeddings.class_embedding": (768,),
        "visual_projection.weight": (512, 768),
        "text_projection.weight": (512, 512),
    }
    with pytest.raises(CheckpointError, match=r"Hugging Face.*OpenAI's layout"):
        Architecture.read(shapes)


def test_something_else_altogether() -> None:
    for shapes in ({}, {"fc.weight": (10, 10)}):
        with pytest.raises(CheckpointError, match=r"No name begins with 'visual\.'"):
            Architecture.read(shapes)


@pytest.mark.parametrize(
    ("key", "shape"),
    [
        ("visual.positional_embedding", (16, 64)),  # 4 x 4 patches and no class token
        ("visual.positional_embedding", (1, 64)),
        ("visual.positional_embedding", (0, 64)),
        ("visual.conv1.weight", (64, 3, 8)),
        ("visual.conv1.weight", (0, 3, 8, 8)),
        ("visual.conv1.weight", (64, 3, 8, 0)),
        ("visual.conv1.weight", (96, 3, 8, 8)),  # no whole number of heads
        ("text_projection", (64,)),
        ("text_projection", (64, 0)),
        ("positional_embedding", ()),
        ("positional_embedding", (0, 64)),
        ("token_embedding.weight", (0, 64)),
        ("token_embedding.weight", (49_408, 0)),
        ("token_embedding.weight", (49_408, 100)),
    ],
)
def test_shapes_that_fit_no_clip(key: str, shape: tuple[int, ...], vit_state: State) -> None:
    shapes = {k: tuple(v.shape) for k, v in vit_state.items()}
    with pytest.raises(CheckpointError):
        Architecture.read({**shapes, key: shape})


def test_a_block_that_is_missing_in_between(vit_state: State) -> None:
    for block in ("transformer.resblocks.0.", "visual.transformer.resblocks.0."):
        shapes = {k: tuple(v.shape) for k, v in vit_state.items() if not k.startswith(block)}
        with pytest.raises(CheckpointError, match="unexpected shapes"):
            Architecture.read(shapes)


_SHAPE = st.lists(st.integers(0, 130), max_size=5).map(tuple)


@given(st.data())
def test_any_shapes_are_read_or_refused(data: st.DataObject) -> None:
    shapes = _shapes(
        Architecture(32, 32, 1, 64, 8, 7, 30, 64, 1)
        if data.draw(st.booleans())
        else Architecture(32, 64, (1, 1, 1, 1), 16, None, 7, 30, 64, 1)
    )
    for key in data.draw(st.lists(st.sampled_from(sorted(shapes)), max_size=4)):
        shapes[key] = data.draw(_SHAPE)
    try:
        architecture = Architecture.read(shapes)
    except CheckpointError:
        return
    assert architecture.parameters > 0
    assert Architecture.read(_shapes(architecture)) == architecture


@pytest.mark.parametrize("value", [[1.0, 2.0], [], float("nan"), float("inf"), 1000.0])
def test_a_scale_that_is_none(
    value: object, vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    with pytest.raises(CheckpointError, match="'logit_scale'"):
        checkpoint_of({**vit_state, "logit_scale": torch.tensor(value)})


def test_a_scale_in_a_list_of_one(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    state = {**vit_state, "logit_scale": torch.tensor([0.0])}
    assert checkpoint_of(state).logit_scale == 1


def test_weights_that_are_whole_numbers(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    for key in ("visual.proj", "text_projection"):
        quantized = {**vit_state, key: vit_state[key].to(torch.int8)}
        with pytest.raises(CheckpointError, match=rf"{key}.*int8"):
            _load(checkpoint_of(quantized))
