"""Which files of a folder or repository a model is read from."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from zsclip.errors import CheckpointError
from zsclip.formats import folders
from zsclip.formats.folders import list_names, wanted_files, why_none

SHARDS = [f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)]
INDEX = "model.safetensors.index.json"
FOLDERS = {
    "openai on the hub": (
        ["config.json", "flax_model.msgpack", "merges.txt", "preprocessor_config.json",
         "pytorch_model.bin", "model.safetensors", "tf_model.h5", "tokenizer.json"],
        ["config.json", "preprocessor_config.json", "model.safetensors"],
    ),
    "laion": (
        ["config.json", "model.safetensors", "open_clip_config.json",
         "open_clip_model.safetensors", "open_clip_pytorch_model.bin", "preprocessor_config.json",
         "pytorch_model.bin", "tokenizer.json"],
        ["open_clip_config.json", "config.json", "preprocessor_config.json",
         "open_clip_model.safetensors"],
    ),
    "timm, whose model.safetensors has the image tower alone": (
        ["config.json", "model.safetensors", "open_clip_config.json",
         "open_clip_pytorch_model.bin", "pytorch_model.bin"],
        ["open_clip_config.json", "config.json", "open_clip_pytorch_model.bin"],
    ),
    "an older one": (["open_clip_pytorch_model.bin", "README.md"], ["open_clip_pytorch_model.bin"]),
    "sharded": (
        ["config.json", INDEX, *SHARDS, "pytorch_model.bin"], ["config.json", INDEX, *SHARDS]
    ),
    "one file before shards": (
        ["config.json", INDEX, *SHARDS, "model.safetensors"], ["config.json", "model.safetensors"]
    ),
    "shards that are not all there": (
        ["config.json", INDEX, *SHARDS[:2], "pytorch_model.bin"],
        ["config.json", "pytorch_model.bin"],
    ),
    "pickles in shards": (
        ["pytorch_model.bin.index.json", "pytorch_model-00001-of-00001.bin", "config.json"],
        ["config.json", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00001.bin"],
    ),
    "one file of another name": (
        ["RemoteCLIP.pt", "optimizer.pt", "README.md", "deep/model.safetensors"],
        ["RemoteCLIP.pt"],
    ),
    "a training's folder": (
        ["model.safetensors", "config.json", "optimizer.pt", "training_args.bin"],
        ["config.json", "model.safetensors"],
    ),
    "an adapter beside its model": (
        ["adapter_model.safetensors", "adapter_config.json", "model.safetensors"],
        ["model.safetensors"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS)
def test_which_files_are_taken(folder: str) -> None:
    names, wanted = FOLDERS[folder]
    for seed in range(5):
        shuffled = random.Random(seed).sample(names, len(names))
        assert wanted_files(iter(shuffled)) == wanted


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "holds no weights"),
        (["config.json", "unet/model.safetensors"], "holds no weights"),
        (["adapter_config.json", "adapter_model.safetensors"], r"adapter \(LoRA.*Merge it"),
        (["a.pt", "b.pt", "open_clip_config.json"], r"2 files of weights.*'a\.pt', 'b\.pt'"),
        ([INDEX, *SHARDS[1:]], r"parts of a checkpoint.*Get the folder again"),
        (SHARDS, "no index"),
        (["model-q4.gguf"], r"'model-q4\.gguf'\. GGUF holds quantized"),
        (
            ["model.onnx"],
            r"'model\.onnx'\. ONNX holds a computation.*goes to `ZeroShotClassifier\.load`",
        ),
        (["flax_model.msgpack"], "Flax"),
    ],
)
def test_where_there_is_nothing_to_take_it_is_said_why(names: list[str], said: str) -> None:
    assert wanted_files(names) == []
    assert re.search(said, why_none(names))


def test_files_of_a_folder_are_listed_and_links_to_files_are_files(tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(b"")
    (tmp_path / "folder" / "within").mkdir(parents=True)
    (tmp_path / "folder" / "a.pt").symlink_to(tmp_path / "blob")  # as in the hub's own cache
    assert list_names(tmp_path / "folder") == ["a.pt"]
    with pytest.raises(CheckpointError, match="Cannot read the folder"):
        list_names(tmp_path / "gone")


def test_a_folder_of_very_many_files_is_no_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_MOST_FILES", 3)
    for i in range(4):
        (tmp_path / str(i)).touch()
    with pytest.raises(CheckpointError, match="more than 3 files, and is no model's"):
        list_names(tmp_path)
