"""Folders and files of open_clip's and transformers', and what is read beside the weights."""

from __future__ import annotations

import copy
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoint_fixtures import SMALL
from model_folders import (
    OPEN_CLIP_CONFIG,
    PREPROCESSOR,
    TRANSFORMERS_CONFIG,
    in_transformers_names,
    write_folder,
    write_open_clip,
    write_sharded,
    write_transformers,
)
from safetensors.torch import save_file
from torch import Tensor

from zsclip.clip import Preprocessing, Recipe
from zsclip.errors import CheckpointError, ForeignModelError, ModelNotFoundError
from zsclip.formats import layouts
from zsclip.formats.layouts import open_model
from zsclip.weights.checkpoints import Checkpoint

State = dict[str, Tensor]
INDEX = "model.safetensors.index.json"


def _custom_text(state: State) -> State:
    """As open_clip's CustomTextCLIP has it."""
    return {
        name if name.startswith("visual.") or name == "logit_scale" else f"text.{name}": tensor
        for name, tensor in state.items()
    }


def _write_training(folder: Path, state: State) -> Path:
    """As open_clip's training saves it."""
    weights = {f"module.{name}": tensor for name, tensor in state.items()}
    optimizer = {"state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.zeros(2)}}}
    saved = {"epoch": 3, "name": "run-1", "state_dict": weights, "optimizer": optimizer}
    folder.mkdir()
    torch.save(saved, folder / "epoch_3.pt")
    return folder


def _write_prefixed(folder: Path, state: State) -> Path:
    folder.mkdir()
    named = {f"clip.{name}": tensor for name, tensor in in_transformers_names(state).items()}
    positions = {"clip.vision_model.embeddings.position_ids": torch.arange(17)[None]}
    save_file({**named, **positions}, folder / "model.safetensors")
    return folder


WAYS: dict[str, Callable[[Path, State], Path]] = {
    "open_clip": write_open_clip,
    "open_clip, pickled": lambda folder, state: write_open_clip(folder, state, pickled=True),
    "open_clip, a text tower of its own": lambda folder, state: write_open_clip(
        folder, _custom_text(state)
    ),
    "open_clip's training": _write_training,
    "transformers": write_transformers,
    "transformers, pickled": lambda folder, state: write_transformers(folder, state, pickled=True),
    "transformers, sharded": write_sharded,
    "transformers, pickled shards": lambda folder, state: write_sharded(
        folder, state, pickled=True
    ),
    "transformers, behind a prefix": _write_prefixed,
}


def _identity(path: Path) -> str:
    tensors, _ = open_model(path)
    return Checkpoint("small", path, tensors, recipe=Recipe(activation="quickgelu")).sha256


@pytest.mark.parametrize("way", WAYS)
def test_the_same_numbers_are_the_same_model_in_each_layout(
    way: str,
    tmp_path: Path,
    vit_state: State,
    save_archive: Callable[[State, Path], None],
) -> None:
    save_archive(vit_state, tmp_path / "archive.pt")
    folder = WAYS[way](tmp_path / "folder", vit_state)
    assert _identity(folder) == _identity(tmp_path / "archive.pt")
    tensors, _ = open_model(folder)
    assert tensors.shapes == {name: tuple(tensor.shape) for name, tensor in vit_state.items()}
    for name, tensor in vit_state.items():
        assert torch.equal(tensors.read(name), tensor)
        assert tensors.read(name).is_contiguous()


def test_a_resnet_is_read_from_an_open_clip_folder(
    tmp_path: Path, make_state: Callable[[Any], State]
) -> None:
    config = copy.deepcopy(OPEN_CLIP_CONFIG)
    config["model_cfg"]["vision_cfg"] = {
        "image_size": 64, "layers": [1, 2, 1, 1], "width": 16, "patch_size": None,
    }  # fmt: skip
    folder = write_open_clip(tmp_path, make_state(SMALL["resnet"]), config)
    tensors, recipe = open_model(folder)
    assert recipe.activation == "gelu"
    Checkpoint("small", folder, tensors, recipe=recipe).load_image_tower()


@pytest.mark.parametrize("write", [write_open_clip, write_transformers])
def test_the_configuration_is_read_beside_a_file_of_a_layouts_own_name(
    write: Callable[[Path, State], Path], tmp_path: Path, vit_state: State
) -> None:
    [weights] = write(tmp_path, vit_state).glob("*.safetensors")
    assert open_model(weights)[1] == open_model(tmp_path)[1]
    assert open_model(weights)[1].activation == "gelu"
    other = weights.rename(tmp_path / "fox.safetensors")
    assert open_model(other)[1] == Recipe()


def test_an_index_is_opened_as_the_folder_is(tmp_path: Path, vit_state: State) -> None:
    write_sharded(tmp_path, vit_state)
    assert open_model(tmp_path / INDEX)[1] == open_model(tmp_path)[1]


def test_the_configuration_follows_the_weights_where_there_are_two(
    tmp_path: Path, vit_state: State
) -> None:
    config = copy.deepcopy(OPEN_CLIP_CONFIG)
    config["model_cfg"]["quick_gelu"] = True
    write_transformers(write_open_clip(tmp_path, vit_state, config), vit_state)
    assert open_model(tmp_path)[1].source == "open_clip_config.json"
    assert open_model(tmp_path)[1].activation == "quickgelu"
    assert open_model(tmp_path / "model.safetensors")[1].activation == "gelu"


def test_timms_weights_beside_open_clips_are_not_taken(tmp_path: Path, vit_state: State) -> None:
    write_open_clip(tmp_path, vit_state, pickled=True)
    write_folder(tmp_path, {"config.json": {"architecture": "vit_base_patch32_clip_224"}})
    save_file({"blocks.0.attn.qkv.weight": torch.zeros(2)}, tmp_path / "model.safetensors")
    assert open_model(tmp_path)[1].source == "open_clip_config.json"
    (tmp_path / "open_clip_config.json").unlink()
    assert open_model(tmp_path)[1] == Recipe()
    (tmp_path / "open_clip_pytorch_model.bin").unlink()
    with pytest.raises(CheckpointError, match=r"has no `model_type`. timm has such files"):
        open_model(tmp_path)


def test_each_shard_is_opened_once(
    tmp_path: Path, vit_state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    real = layouts.open_tensors

    def count(path: Path) -> layouts.Tensors:
        opened.append(path.name)
        return real(path)

    monkeypatch.setattr(layouts, "open_tensors", count)
    tensors, _ = open_model(write_sharded(tmp_path, vit_state))
    for name in tensors.shapes:
        tensors.read(name)
    assert len(opened) == len(set(opened)) == 3


def test_tensors_are_read_when_they_are_asked_for(tmp_path: Path, vit_state: State) -> None:
    """A file that is gone by then is told of the tensor, and not before."""
    write_transformers(tmp_path, vit_state)
    tensors, _ = open_model(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    assert tensors.shapes["transformer.resblocks.0.attn.in_proj_weight"] == (192, 64)
    with pytest.raises(CheckpointError, match="Cannot read the checkpoint"):
        tensors.read("transformer.resblocks.0.attn.in_proj_weight")


def test_tensors_are_read_where_they_were_when_the_process_has_changed_its_folder(
    tmp_path: Path, vit_state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_transformers(tmp_path / "model", vit_state)
    monkeypatch.chdir(folder.parent)
    tensors, _ = open_model(Path("model"))
    monkeypatch.chdir(folder)
    assert torch.equal(tensors.read("visual.class_embedding"), vit_state["visual.class_embedding"])


def test_what_transformers_5_says_of_pictures_goes_before_what_older_versions_said(
    tmp_path: Path, vit_state: State
) -> None:
    """As there, where a folder of an older version was saved into once more."""
    folder = write_transformers(tmp_path, vit_state)
    both = {"image_processor": {**PREPROCESSOR, "image_mean": [0.5] * 3}}
    (folder / "processor_config.json").write_text(json.dumps(both), encoding="utf-8")
    _, recipe = open_model(folder)
    assert recipe.preprocessing == Preprocessing(mean=(0.5, 0.5, 0.5))
    (folder / "processor_config.json").write_text('{"processor_class": "CLIPProcessor"}')
    assert open_model(folder)[1].preprocessing == Preprocessing()


SIZES = [
    ("embed_dim", 64), ("vision_cfg.image_size", 64), ("vision_cfg.layers", 3),
    ("vision_cfg.width", 128), ("vision_cfg.patch_size", 4), ("vision_cfg.mlp_ratio", 3.5),
    ("text_cfg.context_length", 32), ("text_cfg.vocab_size", 1000), ("text_cfg.width", 128),
    ("text_cfg.mlp_ratio", 2), ("text_cfg.layers", 1),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), SIZES)
def test_weights_of_another_size_than_open_clips_configuration_says(
    key: str, value: float, tmp_path: Path, vit_state: State
) -> None:
    config = copy.deepcopy(OPEN_CLIP_CONFIG)
    part = config["model_cfg"]
    *parents, last = key.split(".")
    for parent in parents:
        part = part[parent]
    part[last] = value
    folder = write_open_clip(tmp_path, vit_state, config)
    with pytest.raises(CheckpointError) as caught:
        open_model(folder)
    said = str(caught.value)
    assert "open_clip_config.json" in said
    assert "open_clip_model.safetensors" in said
    assert key in said
    assert "would" in said


@pytest.mark.parametrize(
    ("key", "value"),
    [("projection_dim", 16), ("vision_config.hidden_size", 128), ("vision_config.image_size", 64),
     ("text_config.num_hidden_layers", 12), ("text_config.max_position_embeddings", 20)],
)  # fmt: skip
def test_weights_of_another_size_than_transformers_configuration_says(
    key: str, value: int, tmp_path: Path, vit_state: State
) -> None:
    config = copy.deepcopy(TRANSFORMERS_CONFIG)
    first, _, second = key.partition(".")
    if second:
        config[first][second] = value
    else:
        config[first] = value
    write_transformers(tmp_path, vit_state, config)
    (tmp_path / "preprocessor_config.json").unlink()  # which goes by image_size as well
    with pytest.raises(CheckpointError, match=rf"not of one model: by .*{key} {value}"):
        open_model(tmp_path)


def test_a_folder_of_nothing_and_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"No model is read from .*It holds no weights"):
        open_model(tmp_path)
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        open_model(tmp_path / "gone")


@pytest.mark.parametrize("name", ["model.gguf", "model.onnx", "flax_model.msgpack"])
def test_a_file_in_a_format_of_others_is_told_by_its_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"GGUF\x03\0\0\0")
    with pytest.raises(CheckpointError, match="take a copy of the model in one of them"):
        open_model(tmp_path / name)
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        open_model(tmp_path / f"gone-{name}")


def test_a_path_that_is_too_long_is_none(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        open_model(tmp_path / ("x" * 5000) / "model.safetensors")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path, vit_state: State) -> None:
    write_open_clip(tmp_path, vit_state)
    (tmp_path / "open_clip_config.json").unlink()
    os.mkfifo(tmp_path / "open_clip_config.json")
    assert open_model(tmp_path)[1] == Recipe()
    assert open_model(tmp_path / "open_clip_model.safetensors")[1] == Recipe()


def test_a_foreign_model_is_told_before_its_weights_are_opened(tmp_path: Path) -> None:
    config = {"model_type": "siglip", "architectures": ["SiglipModel"]}
    write_folder(tmp_path, {"config.json": config})
    (tmp_path / "model.safetensors").write_bytes(b"not looked at")
    with pytest.raises(ForeignModelError, match=r"a SigLIP \(model_type is 'siglip'\).*open-clip"):
        open_model(tmp_path)


def test_shards_that_differ_from_their_index(tmp_path: Path, vit_state: State) -> None:
    write_sharded(tmp_path, vit_state)
    index = json.loads((tmp_path / INDEX).read_text())
    name = "text_projection.weight"
    shard = index["weight_map"][name]

    def said(weight_map: dict[str, str]) -> str:
        (tmp_path / INDEX).write_text(json.dumps({"weight_map": weight_map}))
        with pytest.raises(CheckpointError) as caught:
            open_model(tmp_path)
        return str(caught.value)

    without = {key: file for key, file in index["weight_map"].items() if key != name}
    assert f"it has '{name}' nowhere, and '{shard}' holds it" in said(without)
    more = {**index["weight_map"], "fox": shard}
    assert f"it has 'fox' in '{shard}', which does not hold it" in said(more)
    moved = {**index["weight_map"], name: next(f for f in without.values() if f != shard)}
    assert "which does not hold it" in said(moved)
    gone = {**index["weight_map"], "fox": "model-00009-of-00003.safetensors"}
    assert "model-00009-of-00003.safetensors', which is not beside it" in said(gone)


def test_parts_of_an_attention_that_do_not_fit_together(tmp_path: Path, vit_state: State) -> None:
    tensors = in_transformers_names(vit_state)
    key = "text_model.encoder.layers.0.self_attn.k_proj.weight"
    for wrong, said in (
        (torch.zeros(3, 3), r"shapes \(64, 64\) and \[\(3, 3\)"),
        (torch.zeros(()), "of which transformer.resblocks.0.attn.in_proj_weight is not made"),
    ):
        save_file({**tensors, key: wrong}, tmp_path / "model.safetensors")
        with pytest.raises(CheckpointError, match=said):
            open_model(tmp_path)
    save_file({**tensors, key: torch.zeros(64, 64).half()}, tmp_path / "model.safetensors")
    opened, _ = open_model(tmp_path)
    with pytest.raises(CheckpointError, match=r"k_proj\.weight.*numbers of several types"):
        opened.read("transformer.resblocks.0.attn.in_proj_weight")
    save_file({**tensors, "visual_projection.weight": torch.zeros(3)}, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=r"in the shape \(3,\), which is no matrix"):
        open_model(tmp_path / "a.safetensors")


def test_a_scale_of_one_number_in_a_row_is_a_scale(tmp_path: Path, vit_state: State) -> None:
    state = {**vit_state, "logit_scale": torch.full((1,), math.log(50))}
    tensors, recipe = open_model(write_open_clip(tmp_path, state))
    assert Checkpoint("small", tmp_path, tensors, recipe=recipe).logit_scale == pytest.approx(50)
