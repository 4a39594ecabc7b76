"""Indexes of checkpoints in several files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from zsclip.errors import CheckpointError
from zsclip.formats.shards import check_shard, read_index

SHARD = "model-00001-of-00001.safetensors"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors.index.json"


def _write(index: Path, weight_map: Any) -> Path:
    index.write_text(json.dumps({"metadata": {"total_size": -1}, "weight_map": weight_map}))
    return index


def test_an_index_tells_where_each_tensor_lies(index: Path) -> None:
    told = {"a": SHARD, "b": "other.safetensors"}
    assert read_index(_write(index, told)) == told


@pytest.mark.parametrize(
    "name",
    ["../a.safetensors", "/etc/a.safetensors", "a/b.safetensors", "a\\b.safetensors",
     "C:a.safetensors", ".safetensors", "..safetensors", "", "a\0.safetensors",
     f"{'a' * 300}.safetensors", "model.bin", "model.safetensors.py", 7, None, ["a.safetensors"]],
    ids=lambda name: repr(name)[:20],
)  # fmt: skip
def test_no_file_elsewhere_and_no_other_kind_is_read(name: object, index: Path) -> None:
    with pytest.raises(CheckpointError, match=r"it has 'a' in .*which is no \.safetensors file"):
        read_index(_write(index, {"a": name}))


@pytest.mark.parametrize("weight_map", [None, {}, [], "a", 3])
def test_an_index_of_nothing(weight_map: object, index: Path) -> None:
    with pytest.raises(CheckpointError, match="it has no `weight_map`"):
        read_index(_write(index, weight_map))


def test_there_are_bounds(index: Path) -> None:
    with pytest.raises(CheckpointError, match="more than 1,000 characters"):
        read_index(_write(index, {"a" * 1001: SHARD}))
    many = {str(i): f"{i}.safetensors" for i in range(1001)}
    with pytest.raises(CheckpointError, match="names 1,001 files, more than 1,000"):
        read_index(_write(index, many))
    index.write_bytes(b" " * (1 << 22) + b"{}")
    with pytest.raises(CheckpointError, match="more than 4,194,304 bytes"):
        read_index(index)


def test_a_tensor_that_is_listed_twice(index: Path) -> None:
    index.write_text(f'{{"weight_map": {{"a": "{SHARD}", "a": "{SHARD}"}}}}')
    with pytest.raises(CheckpointError, match="'a' is described twice"):
        read_index(index)


def test_a_file_holds_what_its_index_says_and_nothing_else(index: Path) -> None:
    told = {"a": SHARD, "b": "other.safetensors"}
    check_shard(index, told, SHARD, {"a": ()})
    for found, said in (
        ({}, f"it has 'a' in '{SHARD}', which does not hold it"),
        ({"a": (), "b": ()}, f"it has 'b' in 'other.safetensors', and '{SHARD}' holds it"),
        ({"a": (), "c": ()}, f"it has 'c' nowhere, and '{SHARD}' holds it"),
    ):
        with pytest.raises(CheckpointError) as caught:
            check_shard(index, told, SHARD, found)
        assert said in str(caught.value)
