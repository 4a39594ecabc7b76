"""A classifier on its way to another process: small, whole, and with its model found again."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from zsclip import EmbeddingCache, LabelSet, Reading, ZeroShotClassifier
from zsclip.errors import SavedClassifierModelError
from zsclip.testing import FakeEncoder

LABELS = ["frog", "fish", "octopus", "tiger"]


@pytest.fixture
def own_weights(tmp_path: Path, drawings: Path) -> Path:
    """A checkpoint that was never published: tiny-cartoon with another scale."""
    tensors = load_file(ZeroShotClassifier(LABELS, model="tiny-cartoon").model_info.source)
    tensors["logit_scale"] = np.array(3.1, tensors["logit_scale"].dtype)
    path = tmp_path / "own.safetensors"
    save_file(tensors, path)
    return path


def there_and_back(clf: ZeroShotClassifier) -> ZeroShotClassifier:
    again: ZeroShotClassifier = pickle.loads(pickle.dumps(clf))
    return again


def test_an_unpickled_classifier_answers_alike_and_loads_no_text_tower(
    tiny: ZeroShotClassifier, drawings: Path, loads: list[str]
) -> None:
    expected = tiny.classify(drawings / "frog.png")
    loads.clear()
    again = there_and_back(tiny)
    assert loads == []
    assert again.origin == tiny.origin
    uncached = there_and_back(ZeroShotClassifier(tiny.labelset, encoder=tiny.encoder, cache=False))
    assert uncached.classify(drawings / "frog.png").label == expected.label
    assert again.classify(drawings / "frog.png") == expected


def test_a_pickle_is_about_as_large_as_the_saved_form(
    tiny: ZeroShotClassifier, tmp_path: Path
) -> None:
    many = LabelSet.from_names([f"thing number {i}" for i in range(200)])
    clf = tiny.with_labels(many, templates=["a {}."])
    clf.save(tmp_path / "many.zsclip")
    saved, pickled = (tmp_path / "many.zsclip").stat().st_size, len(pickle.dumps(clf))
    assert 200 * 256 * 4 < pickled < 1.2 * saved


def test_what_is_set_travels_with_a_pickled_classifier(tmp_path: Path, drawings: Path) -> None:
    reading = Reading(background="red", max_pixels=123_456)
    clf = ZeroShotClassifier(
        ["red", "white"],
        templates=["a {} thing."],
        model="tiny-cartoon",
        precision="fp32",
        batch_size=7,
        workers=1,
        too_long="cut",
        reading=reading,
        cache=tmp_path / "kept",
    )
    again = there_and_back(clf)
    assert (again.labelset, again.templates) == (clf.labelset, clf.templates)
    assert again.model_info == clf.model_info
    assert again._model.pictures.reading == reading
    assert (again._model.pictures.batch_size, again._model.pictures.workers) == (7, 1)
    cache = again._model.pictures.cache
    assert isinstance(cache, EmbeddingCache)
    assert cache.path == tmp_path / "kept" / "embeddings.sqlite"
    assert again.encode_texts(["word " * 200]).shape == (1, 256)  # which is cut there, too


def test_the_precision_of_the_sender_is_that_of_the_receiver(drawings: Path) -> None:
    clf = ZeroShotClassifier(LABELS, model="tiny-cartoon", device="cpu", precision="bf16")
    assert there_and_back(clf).model_info.precision == "bf16"


def test_a_checkpoint_of_ones_own_is_found_and_compared_where_a_pickle_arrives(
    own_weights: Path,
) -> None:
    data = pickle.dumps(
        ZeroShotClassifier(LABELS, model=own_weights, activation="quickgelu", device="cpu")
    )
    assert pickle.loads(data).model_info.source == str(own_weights)
    tensors = load_file(own_weights)
    tensors["logit_scale"] = np.array(3.0, tensors["logit_scale"].dtype)
    save_file(tensors, own_weights)
    with pytest.raises(SavedClassifierModelError, match=r"the pickled classifier.*SHA-256"):
        pickle.loads(data)
    own_weights.unlink()
    with pytest.raises(SavedClassifierModelError, match=f"not at '{own_weights}'"):
        pickle.loads(data)


def test_the_activation_of_a_bare_file_travels(own_weights: Path) -> None:
    made = ZeroShotClassifier(LABELS, model=own_weights, activation="gelu", device="cpu")
    again = there_and_back(made)
    assert again.model_info.activation == "gelu"
    assert again.origin == made.origin
    assert again.origin.to_dict()["model"]["activation"] == "gelu"


def test_an_engine_that_was_handed_over_is_pickled_itself() -> None:
    clf = ZeroShotClassifier(["cat", "dog"], encoder=FakeEncoder(name="mine", embedding_dim=8))
    again = there_and_back(clf)
    picture = Image.new("RGB", (3, 3), "blue")
    assert again.classify(picture) == clf.classify(picture)


class Stubborn(FakeEncoder):
    def __getstate__(self) -> Any:
        raise TypeError("it holds a connection")


def test_an_engine_that_cannot_travel_is_named() -> None:
    clf = ZeroShotClassifier(["cat", "dog"], encoder=Stubborn())
    with pytest.raises(pickle.PicklingError) as caught:
        pickle.dumps(clf)
    assert "the Stubborn that was given as `encoder`" in str(caught.value)
    assert "it holds a connection" in str(caught.value)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_classifier_is_itself(tiny: ZeroShotClassifier, duplicate: Any) -> None:
    assert duplicate(tiny) is tiny
    assert duplicate([tiny])[0] is tiny
