"""Sizes read off the shapes of a state dict, and what is said of shapes that are no CLIP's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from zsclip.clip.model import CLIPConfig
from zsclip.clip.recipe import Preprocessing, Recipe
from zsclip.errors import CheckpointError, ForeignModelError
from zsclip.weights.checkpoints import Checkpoint
from zsclip.weights.models import MODELS
from zsclip.weights.shapes import read_config

State = dict[str, Tensor]


# embed_dim, resolution, image layers, image width, patch, context, vocabulary, text width, layers
PUBLISHED = {
    "RN50": CLIPConfig(1024, 224, (3, 4, 6, 3), 64, None, 77, 49_408, 512, 12),
    "RN101": CLIPConfig(512, 224, (3, 4, 23, 3), 64, None, 77, 49_408, 512, 12),
    "RN50x4": CLIPConfig(640, 288, (4, 6, 10, 6), 80, None, 77, 49_408, 640, 12),
    "RN50x16": CLIPConfig(768, 384, (6, 8, 18, 8), 96, None, 77, 49_408, 768, 12),
    "RN50x64": CLIPConfig(1024, 448, (3, 15, 36, 10), 128, None, 77, 49_408, 1024, 12),
    "ViT-B/32": CLIPConfig(512, 224, 12, 768, 32, 77, 49_408, 512, 12),
    "ViT-B/16": CLIPConfig(512, 224, 12, 768, 16, 77, 49_408, 512, 12),
    "ViT-L/14": CLIPConfig(768, 224, 24, 1024, 14, 77, 49_408, 768, 12),
    "ViT-L/14@336px": CLIPConfig(768, 336, 24, 1024, 14, 77, 49_408, 768, 12),
}


def _shapes(config: CLIPConfig) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        image, text = config.image_tower(), config.text_tower()
    shapes = {f"visual.{key}": tuple(t.shape) for key, t in image.state_dict().items()}
    shapes |= {key: tuple(t.shape) for key, t in text.state_dict().items()}
    return {**shapes, "logit_scale": ()}


def test_all_published_models_are_here() -> None:
    assert list(PUBLISHED) == [spec.name for spec in MODELS if spec.url]


@pytest.mark.parametrize("spec", [s for s in MODELS if s.url], ids=lambda s: str(s.name))
def test_the_table_agrees_with_the_shapes(spec: object) -> None:
    [spec] = [s for s in MODELS if s is spec]
    expected = PUBLISHED[spec.name]
    config = read_config(_shapes(expected))
    assert config == expected
    assert config.parameters == spec.parameters
    assert config.resolution == spec.resolution
    assert config.embed_dim == spec.embed_dim
    assert config.context_length == spec.context_length
    assert config.vocab_size == spec.vocab_size


def test_the_sizes_of_small_models_are_read_back(clip_config: CLIPConfig, state: State) -> None:
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    assert read_config(shapes) == clip_config
    # running statistics are no parameters
    counted = (v for k, v in state.items() if "running_" not in k and "num_batches" not in k)
    assert clip_config.parameters == sum(v.numel() for v in counted)


# Width, head width and that of the MLP, as open_clip 3.3's model_configs have them.
OTHERS = {
    "ViT-H-14": (1280, 80, 5120),
    "ViT-g-14": (1408, 88, 6144),
    "ViT-bigG-14": (1664, 104, 8192),
    "ViT-B-16-plus-240": (896, 64, 3584),
    "ViT-S-16": (384, 64, 1536),
}


@pytest.mark.parametrize("name", OTHERS)
def test_heads_follow_from_the_width_and_the_mlp_from_its_tensors(name: str) -> None:
    width, head, hidden = OTHERS[name]
    made = CLIPConfig(
        64, 378, 1, width, 14, 32, 49_408, 128, 1,
        image_heads=width // head, image_hidden=hidden, text_hidden=500,
    )  # fmt: skip
    assert read_config(_shapes(made)) == made
    how = Preprocessing((0.5, 0.5, 0.5))
    told = read_config(_shapes(made), Recipe("gelu", width // 2, 32, how))
    assert (told.image_heads, told.text_heads) == (2, 4)
    assert told.activation == "gelu"
    assert told.preprocessing == how
    assert made.parameters == told.parameters


@pytest.mark.parametrize("recipe", [Recipe(image_head_width=60), Recipe(text_head_width=5000)])
def test_heads_that_are_no_whole_number(recipe: Recipe, vit_state: State) -> None:
    with pytest.raises(CheckpointError, match="fit no CLIP"):
        read_config({key: tuple(tensor.shape) for key, tensor in vit_state.items()}, recipe)


def test_tokens_of_another_tokenizer_are_told_by_name(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    """Such as NLLB's or XLM's, in models that are CLIP in all else."""
    state = {**vit_state, "token_embedding.weight": torch.zeros(250_100, 64)}
    with pytest.raises(ForeignModelError, match=r"token_embedding\.weight' is of 250,100 tokens"):
        checkpoint_of(state)


def test_names_of_hugging_face_are_told_as_such() -> None:
    shapes = {
        "logit_scale": (),
        "text_model.embeddings.token_embedding.weight": (49_408, 512),
        "vision_model.embeddings.class_embedding": (768,),
        "visual_projection.weight": (512, 768),
        "text_projection.weight": (512, 512),
    }
    with pytest.raises(CheckpointError, match=r"Hugging Face.*OpenAI's layout"):
        read_config(shapes)


def test_what_is_no_clip_is_told_as_such() -> None:
    for shapes in ({}, {"fc.weight": (10, 10)}):
        with pytest.raises(CheckpointError, match=r"No name begins with 'visual\.'"):
            read_config(shapes)


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
        read_config({**shapes, key: shape})


def test_a_block_that_is_missing_in_between(vit_state: State) -> None:
    for block in ("transformer.resblocks.0.", "visual.transformer.resblocks.0."):
        shapes = {k: tuple(v.shape) for k, v in vit_state.items() if not k.startswith(block)}
        with pytest.raises(CheckpointError, match="unexpected shapes"):
            read_config(shapes)


_SHAPE = st.lists(st.integers(0, 130), max_size=5).map(tuple)


@given(st.data())
def test_any_shapes_are_read_or_refused(data: st.DataObject) -> None:
    shapes = _shapes(
        CLIPConfig(32, 32, 1, 64, 8, 7, 49_408, 64, 1)
        if data.draw(st.booleans())
        else CLIPConfig(32, 64, (1, 1, 1, 1), 16, None, 7, 49_408, 64, 1)
    )
    for key in data.draw(st.lists(st.sampled_from(sorted(shapes)), max_size=4)):
        shapes[key] = data.draw(_SHAPE)
    try:
        config = read_config(shapes)
    except CheckpointError:
        return
    assert config.parameters > 0
    assert read_config(_shapes(config)) == config
