"""Folders of models: configurations, indexes of shards, and all files of a folder together."""

from __future__ import annotations

import copy
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from safetensors.torch import save

from tests.fuzz.catalogue import Target
from tests.fuzz.mutations import Seed
from tests.fuzz.targets.checkpoints import make_state
from zsclip.errors import ModelError, NonFiniteError
from zsclip.weights import load_checkpoint

sys.path.append(str(Path(__file__).parents[2] / "support"))  # as pytest has it

from model_folders import (
    OPEN_CLIP_CONFIG,
    PREPROCESSOR,
    TRANSFORMERS_CONFIG,
    in_transformers_names,
)

__all__ = ["FOLDERS", "INDEXES", "OPEN_CLIP", "PROCESSORS", "TRANSFORMERS"]

_INDEX = "model.safetensors.index.json"
_SHARD = "model-0000{}-of-00002.safetensors"
_PIECES = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"false", b"NaN", b"-Infinity",
    b"1e999", b"1e-300", b"-1", b"0", b"0.5", b"18446744073709551616", b"\\u0000", b"\\ud800",
    b"9" * 5000, b"[" * 3000, b'{"a":' * 3000,
)  # fmt: skip


def _configs() -> dict[str, Any]:
    """The configurations of the small model that the target for checkpoints reads."""
    ours, theirs = copy.deepcopy(OPEN_CLIP_CONFIG), copy.deepcopy(TRANSFORMERS_CONFIG)
    ours["model_cfg"]["embed_dim"] = theirs["projection_dim"] = 8
    ours["model_cfg"]["vision_cfg"] |= {"layers": 1, "patch_size": 32}
    ours["model_cfg"]["text_cfg"] |= {"context_length": 8, "vocab_size": 16, "layers": 1}
    theirs["vision_config"] |= {"num_hidden_layers": 1, "patch_size": 32}
    theirs["text_config"] |= {
        "num_hidden_layers": 1, "vocab_size": 16, "max_position_embeddings": 8,
    }  # fmt: skip
    return {
        "open_clip_config.json": ours,
        "config.json": theirs,
        "preprocessor_config.json": PREPROCESSOR,
    }


@cache
def _files(layout: str) -> Mapping[str, bytes]:
    """A folder in a layout, by the names of its files."""
    state = make_state()
    configs = {name: json.dumps(config).encode() for name, config in _configs().items()}
    if layout == "open_clip":
        name = "open_clip_config.json"
        return {name: configs[name], "open_clip_model.safetensors": save(state)}
    del configs["open_clip_config.json"]
    tensors = in_transformers_names(state)
    if layout == "transformers":
        return {**configs, "model.safetensors": save(tensors)}
    shards = {_SHARD.format(i + 1): list(tensors)[i::2] for i in range(2)}
    told = {key: shard for shard, keys in shards.items() for key in keys}
    parts = {shard: save({k: tensors[k] for k in keys}) for shard, keys in shards.items()}
    return {**configs, _INDEX: json.dumps({"weight_map": told}).encode(), **parts}


def _load(files: Mapping[str, bytes]) -> str:
    folder = Path("model")
    folder.mkdir()
    try:
        for name, content in files.items():
            (folder / name).write_bytes(content)
        checkpoint = load_checkpoint(folder)
        checkpoint.load_image_tower()
        checkpoint.load_text_tower()
        assert len(checkpoint.sha256) == 64
    finally:
        shutil.rmtree(folder)
    return "read"


def _load_with(layout: str, name: str, data: bytes) -> str:
    """The folder with one file as the example has it."""
    return _load({**_files(layout), name: data})


def _seeds(layout: str, name: str) -> list[Seed]:
    whole = _files(layout)[name]
    return [
        Seed("whole", whole, "json"),
        Seed("indented", json.dumps(json.loads(whole), indent=2).encode(), "json"),
        *(Seed(kind, partial(bytes, made)) for kind, made in _harmful()),
    ]


def _harmful() -> Iterator[tuple[str, bytes]]:
    yield "deep", b'{"model_cfg":' + b'{"vision_cfg":' * 60_000
    yield "deep lists", b'{"weight_map":' + b"[" * 100_000
    yield "long number", b'{"model_type":' + b"9" * 900_000 + b"}"
    yield "many keys", json.dumps({"model_cfg": {str(i): i for i in range(50_000)}}).encode()
    yield "long key", json.dumps({"model_cfg": {"vision_cfg": {"x" * 900_000: 1}}}).encode()


def _index_seeds() -> Iterator[Seed]:
    yield from _seeds("sharded", _INDEX)
    told = json.loads(_files("sharded")[_INDEX])["weight_map"]
    for name in ("../secret.safetensors", "/etc/passwd", "model", "a/b.safetensors", "\0"):
        changed = {**told, "logit_scale": name}
        yield Seed(f"names {name!r}", json.dumps({"weight_map": changed}).encode(), "json")
    many = {f"t{i}": f"{i}.safetensors" for i in range(100_000)}
    yield Seed("many", lambda: json.dumps({"weight_map": many}).encode())


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _folder_seeds() -> Iterator[Seed]:
    for layout in ("open_clip", "transformers", "sharded"):
        yield Seed(layout, _zipped(_files(layout)), "zip")
    both = {**_files("open_clip"), **_files("transformers")}
    yield Seed("both", _zipped(both), "zip")
    yield Seed("adapter", _zipped({"adapter_model.safetensors": b"", "config.json": b"{}"}), "zip")
    yield Seed("nothing", _zipped({}), "zip")


def _load_zipped(data: bytes) -> str:
    """The files of a zip as a folder, those that can be files."""
    files = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist()[:20]:
                name = entry.filename
                is_plain = name not in ("", ".", "..") and not set(name) & set("/\0")
                if is_plain and len(name.encode("utf-8", "replace")) < 200:
                    with archive.open(entry) as content:
                        files[name] = content.read(1 << 22)
    except Exception:
        return "no zip"
    return _load(files)


_PROMISE = (ModelError, NonFiniteError)


def _of(layout: str, name: str, *words: bytes) -> Target:
    return Target(
        lambda: _seeds(layout, name), partial(_load_with, layout, name), _PROMISE, _PIECES + words
    )


OPEN_CLIP = _of(
    "open_clip", "open_clip_config.json",
    b'"quick_gelu": true,', b'"timm_model_name": "x",', b'"layers": [1, 1, 1, 1]',
    b'"mlp_ratio": 1e308,', b'"head_width": 1,', b'"image_size": [32, 32]', b'"std": 0',
)  # fmt: skip
TRANSFORMERS = _of(
    "transformers", "config.json",
    b'"model_type": "siglip",', b'"text_config_dict": {},', b'"hidden_act": "quick_gelu",',
    b'"quantization_config": {},', b'"auto_map": {},', b'"num_attention_heads": 64,',
)  # fmt: skip
PROCESSORS = _of(
    "transformers", "preprocessor_config.json",
    b'"size": {"height": 32, "width": 32}', b'"do_pad": true,', b'"do_normalize": false,',
)  # fmt: skip
INDEXES = Target(
    lambda: list(_index_seeds()), partial(_load_with, "sharded", _INDEX), _PROMISE,
    (*_PIECES, b"../", b"/", b"model-00001-of-00002.safetensors", b".safetensors", b"logit_scale"),
)  # fmt: skip
FOLDERS = Target(
    lambda: list(_folder_seeds()), _load_zipped, _PROMISE,
    (*_PIECES, b"open_clip_model.safetensors", b"model.safetensors", b"config.json",
     b"pytorch_model.bin", b"processor_config.json", b"adapter_config.json"),
)  # fmt: skip
