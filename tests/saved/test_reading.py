"""What cannot be loaded: each fault is told by its name, with the file and a way out."""

from __future__ import annotations

import importlib.resources
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from deadlines import run_program
from growth import run_limited
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from zsclip import ZeroShotClassifier, __version__
from zsclip.errors import SavedClassifierError, SavedClassifierFileError, SavedClassifierModelError
from zsclip.saved import read_classifier
from zsclip.saved.format import KEY, TENSOR

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

Refused = Callable[..., str]
Spoil = Callable[..., None]
WEIGHTS = Path(
    str(importlib.resources.files("zsclip.weights") / "data" / "tiny-cartoon.safetensors")
)
UNIT = np.eye(8, dtype=np.float32)


def test_what_is_no_file_is_not_loaded(refused: Refused, tmp_path: Path) -> None:
    message = refused(tmp_path / "none.zsclip", SavedClassifierFileError)
    assert "there is no such file. Give the path of a file that `ZeroShotClassifier" in message
    assert "it is a folder" in refused(tmp_path, SavedClassifierFileError)
    assert "it is no file" in refused("/dev/null", SavedClassifierFileError)
    with pytest.raises(OSError, match="there is no such file"):  # an `except` of old
        ZeroShotClassifier.load(tmp_path / "none.zsclip")


@pytest.mark.parametrize("name", ["x" * 300, "x\0y"])
def test_a_name_that_no_file_can_have_is_not_loaded(name: str) -> None:
    with pytest.raises(SavedClassifierFileError, match="Cannot load the classifier"):
        ZeroShotClassifier.load(name)


def test_a_file_that_the_system_does_not_open(
    refused: Refused, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied. Give the path" in refused(saved, SavedClassifierFileError)


def test_an_empty_file(refused: Refused, saved: Path) -> None:
    saved.write_bytes(b"")
    assert "it is empty (0 bytes)" in refused(saved)


@pytest.mark.parametrize(
    "data",
    [b"x", b"animals", b"PK\3\4 and so on", pickle.dumps({"a": 1}), b"\x89PNG\r\n\x1a\n" * 9],
)
def test_something_else(refused: Refused, saved: Path, data: bytes) -> None:
    saved.write_bytes(data)
    assert "it is no saved classifier, which is a safetensors file" in refused(saved)


def test_the_weights_of_a_model(refused: Refused) -> None:
    message = refused(WEIGHTS)
    assert "a safetensors file of something else, with 237 tensors" in message
    assert "For a model's weights use ZeroShotClassifier(labels, model=...)" in message


def test_any_cut(saved: Path, tmp_path: Path, refused: Refused) -> None:
    whole = saved.read_bytes()
    for length in range(1, len(whole)):
        saved.write_bytes(whole[:length])
        message = refused(saved)
        assert ("is damaged or cut short" if length > 8 else "is no saved classifier") in message
    saved.write_bytes(whole + b"\0")
    assert "is damaged or cut short" in refused(saved)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_bit(saved: Path, tmp_path: Path, data: Any) -> None:
    whole = bytearray(saved.read_bytes())
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= 1 << data.draw(st.integers(0, 7))
    spoiled = tmp_path / "spoiled.zsclip"
    spoiled.write_bytes(whole)
    with pytest.raises(SavedClassifierError):
        read_classifier(spoiled)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"format": 1'])
def test_damaged_json(refused: Refused, saved: Path, spoil: Spoil, text: str) -> None:
    spoil(text=text)
    assert "it is damaged: " in refused(saved)


@pytest.mark.parametrize("depth", [10, 300, 700, 800, 850, 900, 950, 980, 1000, 5000])
def test_json_of_any_depth(refused: Refused, saved: Path, spoil: Spoil, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    spoil(text=f'{{"format": 1, "zsclip": "1", "templates": {deep}, "sha256": "0"}}')
    assert "it is damaged: " in refused(saved)


def test_a_forged_chain_of_groups_is_gone_up_once(
    saved: Path, spoil: Spoil, tmp_path: Path
) -> None:
    parents = [*(f"g{i}" for i in range(1, 60_000)), None]
    groups = [{"id": f"g{i}", "name": f"g{i}", "parent": p} for i, p in enumerate(parents)]
    spoil(lambda said: said["labelset"].update(groups=groups))
    program = """
from zsclip.saved import read_classifier
print(len(read_classifier("colors.zsclip").head.labelset.groups))
"""
    assert run_limited(program, folder=tmp_path) == "60000\n"


@pytest.mark.parametrize("number", [4, 10**30])
def test_a_newer_format(refused: Refused, saved: Path, spoil: Spoil, number: int) -> None:
    text = json.dumps({"format": number, "zsclip": "9.1.0", "another": "world"})
    spoil(text=text, name="other_tensor")
    message = refused(saved)
    assert f"it has format {number}, and this is zsclip {__version__}, which reads" in message
    assert "It was written by zsclip '9.1.0': install that or a newer one, or save the" in message


def at(said: Any, *place: Any, value: Any) -> None:
    for key in place[:-1]:
        said = said[key]
    said[place[-1]] = value


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("format",), 0, "there is no format 0"),
        (("format",), "1", "`format` must be a whole number, and is '1'"),
        (("format",), True, "`format` must be a whole number, and is True"),
        (("zsclip",), None, "`zsclip` must be a text, and is None"),
        (("templates",), "a {}", "`templates` must be a list of texts, and is 'a {}'"),
        (("templates",), [1], "`templates` must be a list of texts, and is [1]"),
        (("labelset",), [], "`labelset` must be an object, and is []"),
        (("labelset", "labels"), {}, "`labelset.labels` must be a list of objects, and is {}"),
        (("labelset", "labels"), [], "one label or more, got none"),
        (("labelset", "labels", 1, "name"), 5, "`labelset.labels[1].name` must be a text"),
        (("labelset", "labels", 1, "name"), "red", "'red'"),  # which is that of another label
        (("labelset", "labels", 0, "parent"), "nobody", "'nobody'"),
        (("model", "embedding_dim"), -1, "`model.embedding_dim` must be a whole number, and is -1"),
        (("model", "embedding_dim"), 7, "must have the shape (3, 7), labels by width, and has (3,"),
        (("model", "logit_scale"), "x" * 99, "`model.logit_scale` must be a number, and is 'xxxx"),
        (("model", "logit_scale"), 10**400, "must be a finite number, and is 1000"),
        (("model", "logit_bias"), float("nan"), "must be a finite number, and is nan"),
    ],
)  # fmt: skip
def test_a_wrong_value(
    saved: Path, spoil: Spoil, refused: Refused, place: tuple[Any, ...], value: Any, told: str
) -> None:
    spoil(lambda said: at(said, *place, value=value))
    message = refused(saved)
    assert "it is damaged: " in message
    assert told in message


@pytest.mark.parametrize("key", ["name", "encoder", "path"])
def test_text_that_cannot_be_printed(saved: Path, spoil: Spoil, refused: Refused, key: str) -> None:
    spoil(lambda said: said["model"].update({"encoder": "clip", key: "\ud800"}))
    assert "\\ud800" in refused(saved, SavedClassifierModelError)


@pytest.mark.parametrize(
    "key", ["format", "zsclip", "labelset", "templates", "precision", "reading", "model"]
)
def test_a_missing_value(saved: Path, spoil: Spoil, refused: Refused, key: str) -> None:
    spoil(lambda said: said.pop(key))
    assert f"it is damaged: `{key}` is missing. Save" in refused(saved)


def test_a_value_that_is_not_known_is_passed_over(
    saved: Path, spoil: Spoil, fake: FakeEncoder
) -> None:
    """What need not be understood may be added without a new format."""
    spoil(lambda said: (said.update(added=1), said["model"].update(added=1)))
    assert len(ZeroShotClassifier.load(saved, encoder=fake).labelset) == 3


@pytest.mark.parametrize(
    ("matrix", "told"),
    [
        (UNIT[:2], "must have the shape (3, 8), labels by width, and has (2, 8)"),
        (UNIT[:3, :7], "must have the shape (3, 8), labels by width, and has (3, 7)"),
        (UNIT[0], "must have the shape (3, 8), labels by width, and has (8,)"),
        (UNIT[:3].astype(np.float16), "`class_matrix` must be F32, and is F16"),
        (UNIT[:3] * np.float32(np.nan), "holds NaN or infinity for the label 'red'"),
        (
            UNIT[:3] + np.array([[0], [0], [np.inf]], np.float32),
            "NaN or infinity for the label 'blue'",
        ),
    ],
)
def test_another_matrix(
    saved: Path, spoil: Spoil, refused: Refused, matrix: Any, told: str
) -> None:
    spoil(matrix=matrix)
    message = refused(saved)
    assert "it is damaged: " in message
    assert told in message


def test_other_tensors(
    saved: Path, spoil: Spoil, refused: Refused, about: Callable[[Path], Any]
) -> None:
    spoil(name="matrix")
    assert "it must hold one tensor, `class_matrix`, and holds ['matrix']" in refused(saved)
    two = {TENSOR: UNIT[:3], "more": UNIT}
    save_file(two, saved, {KEY: json.dumps(about(saved))})
    assert "it must hold one tensor" in refused(saved)


def test_rows_that_are_not_of_length_one(saved: Path, spoil: Spoil, refused: Refused) -> None:
    long = 2 * UNIT[:3]
    spoil(matrix=long)
    assert "the rows of `class_matrix` must be of length 1" in refused(saved)


PROGRAM = """
import resource, sys
from zsclip import ZeroShotClassifier
from zsclip.errors import SavedClassifierError
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
for path in sys.argv[1:]:
    try:
        ZeroShotClassifier.load(path)
    except SavedClassifierError as e:
        print("its header takes" in str(e))
"""


def test_a_large_description_takes_little_memory(tmp_path: Path) -> None:
    """Of a hundred million bytes, which were read once, Python would make gigabytes."""
    pytest.importorskip("resource")
    save_file({TENSOR: UNIT}, tmp_path / "most", {KEY: "[" + "[]," * 11_100_000 + "1]"})
    (tmp_path / "more").write_bytes((1 << 26).to_bytes(8, "little") + b"{" + bytes(1 << 26))
    assert run_program(["-c", PROGRAM, "most", "more"], folder=tmp_path) == "False\nTrue\n"


def test_nothing_that_a_file_names_is_imported(
    saved: Path, spoil: Spoil, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "planted.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("planted", "planted:make", "planted.make", "os:system", "zsclip.testing:x"):
        spoil(lambda said, name=name: said["model"].update(encoder=name))
        assert "none of this name is installed" in refused(saved, SavedClassifierModelError)
    assert "planted" not in sys.modules
