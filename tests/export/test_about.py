"""What a file says of itself."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

from zsclip import ZeroShotClassifier
from zsclip.clip import Preprocessing
from zsclip.export.about import preprocessing_in_words


def test_the_metadata_are_the_labels_the_facts_and_what_save_writes(
    tiny: ZeroShotClassifier, about: Callable[[Path], dict[str, str]], tmp_path: Path
) -> None:
    tiny.export(tmp_path / "a.onnx", precision="int8", with_resize=True)
    tiny.save(tmp_path / "a.zsclip")
    told = about(tmp_path / "a.onnx")
    assert told.keys() == {"zsclip.labels", "zsclip.about", "zsclip.classifier"}
    assert json.loads(told["zsclip.labels"]) == ["frog", "fish", "octopus", "tiger"]
    assert base64.b64decode(told["zsclip.classifier"]) == (tmp_path / "a.zsclip").read_bytes()
    facts = json.loads(told["zsclip.about"])
    assert facts["format"] == 1
    assert (facts["precision"], facts["with_resize"]) == ("int8", True)
    assert facts["model"]["name"] == "tiny-cartoon"
    assert facts["model"]["weights_sha256"] == tiny.encoder.weights_sha256
    assert facts["templates"] == list(tiny.templates)
    assert (facts["scores"], facts["learnt"], facts["rejection"]) == ("softmax", [], None)


def test_the_provenance_of_a_label_set_is_told(
    about: Callable[[Path], dict[str, str]], tmp_path: Path
) -> None:
    clf = ZeroShotClassifier("cartoon-animals", model="tiny-cartoon", precision="fp32")
    clf.export(tmp_path / "a.onnx")
    facts = json.loads(about(tmp_path / "a.onnx")["zsclip.about"])
    assert facts["license"] == "CC0-1.0"
    assert facts["provenance"][0]["distribution"] == "zsclip-labels-cartoon-animals"


@pytest.mark.parametrize("by_path", [False, True])
def test_nothing_of_this_machine_is_in_a_file(
    by_path: bool,
    tiny: ZeroShotClassifier,
    about: Callable[[Path], dict[str, str]],
    tmp_path: Path,
) -> None:
    if by_path:
        checkpoint = tmp_path / "own.safetensors"
        with as_file(files("zsclip.weights") / "data/tiny-cartoon.safetensors") as own:
            shutil.copy(own, checkpoint)
        tiny = ZeroShotClassifier(tiny.labelset, model=checkpoint, precision="fp32")
    tiny.export(tmp_path / "a.onnx")
    assert ZeroShotClassifier.load(tmp_path / "a.onnx").labelset == tiny.labelset
    content = (tmp_path / "a.onnx").read_bytes()
    content += base64.b64decode(about(tmp_path / "a.onnx")["zsclip.classifier"])
    for told in (str(Path.home()), str(Path(__file__).parents[2]), str(tmp_path), "site-packages"):
        assert told.encode() not in content


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (Preprocessing(), "short side is 64"),
        (Preprocessing(resize="squash"), "resized to 64 x 64 by Pillow's bicubic filter"),
        (Preprocessing(interpolation="bilinear"), "Pillow's bilinear filter"),
        (None, "in the model's own way"),
    ],
)
def test_how_pictures_become_square_is_told_in_words(how: Any, words: str) -> None:
    assert words in preprocessing_in_words(how, 64)
