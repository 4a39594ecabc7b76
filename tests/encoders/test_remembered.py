"""An engine known from the last start: recalled while nothing changed, and never believed after."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import zsclip
from zsclip import EmbeddingCache, search_pictures
from zsclip.encoders import ChangedError, create_encoder, engine_key, recall_encoder
from zsclip.encoders import remembered as module
from zsclip.encoders.native import NativeEncoder
from zsclip.encoders.remembered import RememberedEncoder, remember_encoder
from zsclip.testing import FakeEncoder

OPTIONS: dict[str, Any] = {
    "device": "cpu",
    "precision": "fp32",
    "download_root": None,
    "progress": False,
}
LATER = 2**62


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A copy of the embedded model's weights, which may be changed."""
    own = Path(zsclip.__file__).parent / "weights" / "data" / "tiny-cartoon.safetensors"
    return Path(shutil.copy(own, tmp_path / "model.safetensors"))


@pytest.fixture
def recall(weights: Path) -> Callable[..., Any]:
    """Recalls the engine of `weights`, once it was remembered."""

    def recall(**changed: Any) -> Any:
        return recall_encoder(None, weights, **{**OPTIONS, "activation": "quickgelu", **changed})

    made = recall()
    assert isinstance(made, NativeEncoder)
    remember_encoder(made, weights, since=LATER, **OPTIONS, activation="quickgelu")
    return recall


@pytest.fixture
def notes(cache_folder: Path) -> Path:
    return cache_folder / "models.json"


def test_it_is_what_it_was_and_computes_the_same(recall: Callable[..., Any]) -> None:
    found, made = recall(), create_encoder("clip", "tiny-cartoon", **OPTIONS)
    assert isinstance(found, RememberedEncoder)
    assert found.weights_sha256 == made.weights_sha256
    assert engine_key(found) == engine_key(made)
    assert found.context_length == made.context_length
    image = Image.new("RGB", (70, 80), "red")
    pixels = np.stack([found.prepare(image)])
    assert np.array_equal(found.encode_pixels(pixels), made.encode_images([image]))
    assert np.array_equal(found.encode_images([image]), made.encode_images([image]))
    assert np.array_equal(found.encode_texts(["a fox"]), made.encode_texts(["a fox"]))
    assert found.count_tokens(["a fox"]) == made.count_tokens(["a fox"])
    assert found.tokenize(["a fox"]) == [[49406, 320, 3240, 49407]]


def test_it_is_recalled_by_the_same_words_alone(
    recall: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: Path
) -> None:
    assert isinstance(recall(progress=True), RememberedEncoder)
    assert isinstance(recall(precision="bf16"), NativeEncoder)
    assert isinstance(recall_encoder(None, "tiny-cartoon", **OPTIONS), NativeEncoder)
    assert isinstance(recall(anew=True), NativeEncoder)
    with monkeypatch.context() as patch:
        patch.setenv("ZSCLIP_PRECISION", "bf16")
        assert isinstance(recall(), NativeEncoder)
    with monkeypatch.context() as patch:
        patch.setattr(module, "__version__", "99")
        assert isinstance(recall(), NativeEncoder)
    monkeypatch.chdir(tmp_path.parent)  # where another file may have this name
    assert isinstance(recall(), NativeEncoder)


def test_another_file_of_weights_is_loaded(recall: Callable[..., Any], weights: Path) -> None:
    os.utime(weights, ns=(1, 1))
    assert isinstance(recall(), NativeEncoder)


def test_a_note_that_is_wrong_is_found_out_when_it_computes(
    recall: Callable[..., Any], notes: Path, weights: Path
) -> None:
    known = json.loads(notes.read_text())
    for note in known.values():
        note["sha256"] = "0" * 64
    notes.write_text(json.dumps(known))
    found = recall()
    assert found.weights_sha256 == "0" * 64
    with pytest.raises(ChangedError, match="not what it was the last time"):
        found.encode_texts(["a fox"])


def test_a_search_asks_again_where_the_model_has_changed(
    cache_folder: Path, drawings: Path, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"model": "tiny-cartoon", "precision": "fp32", "k": 1}
    before = search_pictures(drawings, "a frog", **options)
    known = json.loads(notes.read_text())
    for note in known.values():
        note["preprocessing"] = "other"
    notes.write_text(json.dumps(known))
    again = search_pictures(drawings, "a frog", **options)
    assert again.matches == before.matches
    mended = json.loads(notes.read_text())
    assert {note["preprocessing"] for note in mended.values()} == {"clip 64"}


@pytest.mark.parametrize(
    "change",
    [
        {"weights": None},
        {"weights": ["/nowhere", "1 1 1 1"]},
        {"weights": [1, 2]},
        {"sha256": 1},
        {"preprocessing": None},
        {"info": {}},
        {"info": {"name": "x", "parameters": "many"}},
        {"info": {"name": "x", "colour": "red"}},
        {"info": {"name": True}},
        {"info": []},
    ],
)
def test_a_damaged_note_is_none(
    recall: Callable[..., Any], notes: Path, change: dict[str, Any]
) -> None:
    known = json.loads(notes.read_text())
    for note in known.values():
        note.update(change)
    notes.write_text(json.dumps(known))
    assert isinstance(recall(), NativeEncoder)
    notes.write_text(json.dumps(dict.fromkeys(known, 3)))
    assert isinstance(recall(), NativeEncoder)


def test_notes_that_others_could_write_are_not_believed(
    recall: Callable[..., Any], notes: Path
) -> None:
    notes.chmod(0o666)
    assert isinstance(recall(), NativeEncoder)


def test_what_cannot_be_told_again_is_not_noted(
    notes: Path, weights: Path, recall: Callable[..., Any]
) -> None:
    before = notes.read_text()
    made = recall(anew=True)
    remember_encoder(made, weights, since=time.time_ns(), **OPTIONS)  # just written
    remember_encoder(FakeEncoder(), None, since=LATER, **OPTIONS)
    remember_encoder(recall(), weights, since=LATER, **OPTIONS)
    handed_over = NativeEncoder(made._checkpoint, device="cpu")
    remember_encoder(handed_over, weights, since=LATER, **OPTIONS)
    assert notes.read_text() == before


def test_the_newest_notes_are_kept(
    notes: Path, weights: Path, recall: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 2)
    made = recall(anew=True)
    clock = iter(range(2**31, 2**31 + 9))
    monkeypatch.setattr(time, "time", lambda: next(clock))
    for name in ("a", "b", "c"):
        remember_encoder(made, name, since=LATER, **OPTIONS)
    assert len(json.loads(notes.read_text())) == 2


def test_without_a_cache_nothing_is_noted_or_recalled(notes: Path, drawings: Path) -> None:
    search_pictures([], "a frog", model="tiny-cartoon", cache=False)
    assert not notes.exists()
    assert EmbeddingCache().info().entries == 0
