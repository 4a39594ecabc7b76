"""Models that are told by the names of their tensors not to be a CLIP, or not all of one."""

from __future__ import annotations

import pytest

from zsclip.errors import CheckpointError, ForeignModelError
from zsclip.formats.foreign import foreign_model, refuse_foreign, refuse_half

PLAIN = ["logit_scale", "token_embedding.weight", "visual.conv1.weight"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("visual.trunk.blocks.0.norm1.weight", "timm's"),
        ("text.transformer.embeddings.word_embeddings.weight", "transformers'"),
        ("text_decoder.ln_final.bias", "a CoCa"),
        ("vision_model.head.probe", "a SigLIP"),
        ("logit_bias", "sigmoid"),
        ("image_encoder.model.patch_emb.0.block.conv.weight", "MobileCLIP"),
        ("visual.attn_pool.query", "pools by attention"),
    ],
)
def test_another_model_is_told_by_name_with_the_engine_that_may_run_it(
    name: str, kind: str
) -> None:
    with pytest.raises(ForeignModelError) as caught:
        refuse_foreign([*PLAIN, name], "'x.pt'")
    said = str(caught.value)
    assert kind in said
    assert repr(name) in said
    assert "'x.pt'" in said
    assert 'pip install "zsclip[open-clip]"' in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("base_model.model.text_model.encoder.layers.0.q_proj.lora_A.weight", "adapter.*Merge"),
        ("visual.transformer.resblocks.0.mlp.c_fc.weight.absmax", "quantized.*as it was before"),
        ("text_model.encoder.layers.0.mlp.fc1.SCB", "quantized"),
    ],
)
def test_what_no_engine_runs_is_no_foreign_model(name: str, said: str) -> None:
    with pytest.raises(CheckpointError, match=said) as caught:
        refuse_foreign([*PLAIN, name], "'x.pt'")
    assert not isinstance(caught.value, ForeignModelError)


def test_a_plain_clip_passes() -> None:
    refuse_foreign(PLAIN, "'x.pt'")
    refuse_half(PLAIN, "'x.pt'")
    refuse_half(["a", "b"], "'x.pt'")


@pytest.mark.parametrize(("start", "there"), [("visual.proj", "image"), (PLAIN[1], "text")])
def test_one_tower_alone_is_told(start: str, there: str) -> None:
    with pytest.raises(CheckpointError, match=rf"the {there} tower of a CLIP and no"):
        refuse_half([start, "logit_scale"], "'x.pt'")


def test_values_of_strangers_are_cut_in_messages() -> None:
    said = str(foreign_model("'x.json'", "one", "vision_cfg.timm_model_name", "y\n" * 5000))
    assert len(said) < 700
    assert "\n" not in said
