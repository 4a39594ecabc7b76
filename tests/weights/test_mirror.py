"""What a web server in the hub's place may hold, and what is not taken from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub import LocalHub
from model_folders import write_open_clip, write_transformers
from torch import Tensor

from zsclip.downloads.http import RetryPolicy
from zsclip.errors import CheckpointError, DownloadError, ForeignModelError
from zsclip.formats.layouts import open_model
from zsclip.weights.mirror import fetch_mirrored, find_mirrored

State = dict[str, Tensor]
Fetch = Callable[[], Path]

NAME = "org/name"
HURRY = RetryPolicy(attempts=2, base_delay=0.001, max_delay=0.002)
PICTURES = {
    "do_resize": True, "size": {"shortest_edge": 32}, "do_center_crop": True, "crop_size": 32,
    "do_normalize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    "do_rescale": True, "resample": 3,
}  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "server") as server:
        yield server


@pytest.fixture
def fetch(server: LocalHub, tmp_path: Path) -> Fetch:
    return lambda: fetch_mirrored(server.endpoint, NAME, tmp_path / "here", False, HURRY, 5.0)


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("part", ["a page", "half a file"])
def test_a_page_or_half_a_file_is_thrown_away(
    server: LocalHub, fetch: Fetch, tmp_path: Path, vit_state: State, part: str
) -> None:
    files = _files(write_open_clip(tmp_path / "oc", vit_state))
    server.add(NAME, files)
    if part == "a page":
        server.then("/resolve/main/open_clip_config.json", body=b"<html>log in</html>")
    else:
        server.then("/cdn/", body=files["open_clip_model.safetensors"][:100_000])
    with pytest.raises(CheckpointError):
        fetch()
    assert find_mirrored(NAME, tmp_path / "here") is None
    assert _files(fetch())["open_clip_config.json"] == files["open_clip_config.json"]


def test_another_kind_of_model_is_told_before_its_weights_come(
    server: LocalHub, fetch: Fetch
) -> None:
    config = json.dumps({"model_type": "siglip"}).encode()
    server.add(NAME, {"config.json": config, "model.safetensors": b"much"})
    with pytest.raises(ForeignModelError):
        fetch()
    assert server.requests("model.safetensors") == []


@pytest.mark.parametrize("name", ["preprocessor_config.json", "processor_config.json"])
def test_how_pictures_are_prepared_is_not_left_out(
    server: LocalHub, fetch: Fetch, tmp_path: Path, vit_state: State, name: str
) -> None:
    said = PICTURES if name.startswith("pre") else {"image_processor": PICTURES}
    files = _files(write_transformers(tmp_path / "tr", vit_state))
    files.pop("preprocessor_config.json", None)
    server.add(NAME, {**files, name: json.dumps(said).encode()})
    server.then(f"/{name}", status=503, times=2)
    with pytest.raises(DownloadError, match="503"):
        fetch()
    _, recipe = open_model(fetch())
    assert recipe.preprocessing is not None
    assert recipe.preprocessing.mean == (0.5, 0.5, 0.5)


def test_where_nobody_answers_no_more_is_asked(server: LocalHub, fetch: Fetch) -> None:
    server.then("", status=503, times=99)
    with pytest.raises(DownloadError):
        fetch()
    assert len(server.requests()) == HURRY.attempts


def test_two_files_are_never_pieced_together(
    server: LocalHub, fetch: Fetch, tmp_path: Path, vit_state: State
) -> None:
    files = _files(write_open_clip(tmp_path / "oc", vit_state))
    weights = files["open_clip_model.safetensors"]
    server.add(NAME, files)
    server.then("/cdn/", cut=len(weights) // 2, headers={"ETag": ""}, times=2)
    with pytest.raises(DownloadError):
        fetch()
    other = weights[:-4000] + bytes(4000)
    server.add(NAME, {**files, "open_clip_model.safetensors": other})
    assert (fetch() / "open_clip_model.safetensors").read_bytes() == other
