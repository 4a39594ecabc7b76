"""The names of transformers' `CLIPModel`, and what OpenAI's are made of."""

from __future__ import annotations

from model_folders import in_transformers_names
from torch import Tensor

from zsclip.formats.transformers_layout import Source, is_transformers, transformers_sources

LAYER = "text_model.encoder.layers.0.self_attn"


def test_every_name_of_a_clip_has_its_source(vit_state: dict[str, Tensor]) -> None:
    theirs = in_transformers_names(vit_state)
    sources = transformers_sources(theirs)
    assert sources.keys() == vit_state.keys()
    assert sorted(name for source in sources.values() for name in source.names) == sorted(theirs)
    assert {ours for ours, source in sources.items() if source.transposed} == {
        "visual.proj",
        "text_projection",
    }
    assert next(source.names for source in sources.values() if len(source.names) > 1) == tuple(
        f"vision_model.encoder.layers.0.self_attn.{part}_proj.weight" for part in "qkv"
    )


def test_both_spellings_of_a_norm_are_known() -> None:
    for spelling in ("pre_layrnorm", "pre_layernorm"):
        name = f"vision_model.{spelling}.weight"
        assert transformers_sources({name: ()}) == {"visual.ln_pre.weight": Source((name,))}
    both = {f"vision_model.{s}.weight": () for s in ("pre_layrnorm", "pre_layernorm")}
    assert transformers_sources(both).keys() == {
        "visual.ln_pre.weight",
        "vision_model.pre_layernorm.weight",
    }


def test_positions_that_count_up_are_left_out() -> None:
    assert transformers_sources({"text_model.embeddings.position_ids": (1, 77)}) == {}


def test_an_attention_of_which_a_part_is_missing_keeps_its_names() -> None:
    half = {f"{LAYER}.q_proj.weight": (), f"{LAYER}.v_proj.weight": ()}
    assert transformers_sources(half) == {name: Source((name,)) for name in half}


def test_what_belongs_to_another_model_keeps_its_name() -> None:
    names = ["text_model.head.weight", "vision_model.encoder.layers.0.gate.weight",
             "vision_model.encoder.layers.99999.mlp.fc1.weight"]  # fmt: skip
    assert list(transformers_sources(dict.fromkeys(names))) == names


def test_a_tower_alone_is_in_this_layout_too() -> None:
    assert is_transformers({"vision_model.post_layernorm.weight": ()})
    assert not is_transformers({"visual.conv1.weight": ()})
