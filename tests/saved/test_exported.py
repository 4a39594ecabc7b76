"""A classifier out of an exported file: it is what was saved, over the model in the file."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import some_parts
from onnx_files import exported_colors, saved_bytes
from PIL import Image

from zsclip import Prediction, ZeroShotClassifier
from zsclip.errors import CheckpointError, SavedClassifierFileError, WouldReplaceError
from zsclip.saved import exported

Solid = Callable[[str], Image.Image]
Texts = dict[str, str]


@pytest.fixture
def file(colors: ZeroShotClassifier, tmp_path: Path) -> Path:
    """`colors` as an exported file."""
    return exported_colors(colors, tmp_path / "colors.onnx")


def _scores(clf: ZeroShotClassifier, pictures: list[Image.Image]) -> Any:
    return np.stack([prediction.scores for prediction in clf.classify_many(pictures)])


@pytest.mark.parametrize("name", ["colors.onnx", "colors", "colors.zsclip"])
def test_what_was_exported_is_loaded_under_any_name(
    colors: ZeroShotClassifier, tmp_path: Path, solid: Solid, name: str
) -> None:
    clf = ZeroShotClassifier.load(exported_colors(colors, tmp_path / name), cache=False)
    pictures = [solid(color) for color in ("red", "green", "blue", "white")]
    np.testing.assert_allclose(_scores(clf, pictures), _scores(colors, pictures), atol=1e-6)
    assert clf.labelset == colors.labelset
    assert clf.templates == colors.templates
    assert clf.model_info.encoder == "onnx"
    assert repr(clf) == "<ZeroShotClassifier 3 labels, 1 template, colors on cpu in fp32>"


def test_what_was_saved_under_the_name_of_an_exported_file_is_loaded(
    colors: ZeroShotClassifier, fake: Any, tmp_path: Path
) -> None:
    colors.save(tmp_path / "colors.onnx")
    clf = ZeroShotClassifier.load(tmp_path / "colors.onnx", encoder=fake, cache=False)
    assert clf.labelset == colors.labelset
    assert clf.model_info == colors.model_info


def test_a_classifier_is_never_saved_over_its_own_model(file: Path) -> None:
    clf, before = ZeroShotClassifier.load(file, cache=False), file.read_bytes()
    link = file.with_name("link.zsclip")
    link.symlink_to(file)
    for place in (file, link):
        with pytest.raises(WouldReplaceError, match="holds the model of this classifier"):
            clf.save(place, overwrite=True)
    assert file.read_bytes() == before
    clf.save(file.with_name("saved.zsclip"), overwrite=True)


def test_labels_and_model_are_never_of_two_files(
    colors: ZeroShotClassifier, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is replaced between the two readings of it."""
    other = exported_colors(colors.with_labels(["white", "black"]), file.with_name("other.onnx"))
    real = exported.over_exported

    def replaced(*given: Any) -> Any:
        other.replace(file)
        return real(*given)

    monkeypatch.setattr(exported, "over_exported", replaced)
    with pytest.raises(CheckpointError, match="was changed since it was opened"):
        ZeroShotClassifier.load(file, cache=False)
    monkeypatch.undo()
    assert ZeroShotClassifier.load(file, cache=False).labelset.names == ("white", "black")


@pytest.mark.parametrize("several", [False, True])
def test_what_was_learnt_goes_on_over_the_exported_model(
    fake: Any, tmp_path: Path, solid: Solid, several: bool
) -> None:
    given: dict[str, Any] = {"multi_label": several, "encoder": fake, "cache": False}
    plain = ZeroShotClassifier(["red", "green", "blue"], templates=["a {} thing."], **given)
    names = ("standardization", "thresholds") if several else ("calibration", "rejection")
    parts = some_parts(3, 8)
    clf = plain._learning(**{name: parts[name] for name in names})
    loaded = ZeroShotClassifier.load(exported_colors(clf, tmp_path / "a.onnx"), cache=False)
    pictures = [solid(color) for color in ("red", "green", "blue", "white")]
    for mine, there in zip(
        loaded.classify_many(pictures), clf.classify_many(pictures), strict=True
    ):
        np.testing.assert_allclose(mine.scores, there.scores, atol=1e-5)
        assert isinstance(mine, Prediction)
        assert mine.accepted == there.accepted
    tie = loaded.learnt.tie
    assert tie is not None
    assert tie.engine == "onnx"
    assert tie.weights_sha256 == loaded.encoder.weights_sha256
    assert loaded.with_learnt(loaded.learnt).learnt.id == clf.learnt.id
    assert not loaded.zero_shot().learnt


def test_one_learns_with_it_as_with_any_other(file: Path, solid: Solid) -> None:
    clf = ZeroShotClassifier.load(file, cache=False)
    pictures = [solid(color) for color in ("red", "green", "blue")] * 20
    truth = ["red", "green", "blue"] * 20
    rejecting = clf.rejecting(pictures, coverage=0.9)
    assert rejecting.classify(solid("red")).accepted is not None
    assert clf.evaluate(pictures, truth).accuracy == 1


def test_embeddings_of_one_file_are_not_those_of_another(
    colors: ZeroShotClassifier, tmp_path: Path, solid: Solid
) -> None:
    def turned(model: Any) -> None:
        for one in model.graph.initializer:
            if one.name == "basis":
                one.raw_data = (-np.frombuffer(one.raw_data, "<f4")).tobytes()

    first = exported_colors(colors, tmp_path / "a.onnx")
    second = exported_colors(colors, tmp_path / "b.onnx", change=turned)
    rows = [
        ZeroShotClassifier.load(path, cache=tmp_path / "kept").encode_images([solid("red")])
        for path in (first, second, first)
    ]
    assert (rows[0] == rows[2]).all()
    assert np.abs(rows[0] - rows[1]).max() > 0.1


# --------------------------------------------------------------------------- what strangers wrote


def _without(key: str) -> Callable[[Texts], object]:
    return lambda texts: texts.pop(f"zsclip.{key}")


def _classifier(data: bytes) -> Callable[[Texts], object]:
    return lambda texts: texts.update({"zsclip.classifier": base64.b64encode(data).decode()})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without("about"), "it is an ONNX file of something else. Give a file"),
        (_without("classifier"), "it is an ONNX file of something else. Give a file"),
        (lambda texts: texts.clear(), "it is an ONNX file of something else. Give a file"),
        (lambda texts: texts.update({"zsclip.classifier": "*"}), "its classifier is no base64"),
        (lambda texts: texts.update({"zsclip.classifier": "ä"}), "its classifier is no base64"),
        (_classifier(b""), "header"),
        (_classifier(b"\xff" * 8 + b"{"), "the header of its classifier takes 18,446,744"),
        (_classifier(b"\x02\0\0\0\0\0\0\0{}"), "the classifier in it is something else"),
        (lambda texts: texts.update({"zsclip.about": "no JSON"}), "its description is damaged"),
        (lambda texts: texts.update({"zsclip.about": "[" * 100_000}), "description is damaged"),
        (lambda texts: texts.update({"zsclip.about": "[]"}), "its description is damaged"),
        (lambda texts: texts.update({"zsclip.about": "{}"}), "its description is damaged"),
    ],
)
def test_metadata_that_are_broken_are_refused(
    colors: ZeroShotClassifier,
    tmp_path: Path,
    refused: Callable[..., str],
    change: Callable[[Texts], object],
    said: str,
) -> None:
    message = refused(exported_colors(colors, tmp_path / "a.onnx", metadata=change))
    assert said in message
    assert "`ZeroShotClassifier.export` wrote" in message


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("format", 2, "it has format 2, and this is zsclip"),
        ("format", "x" * 5000, "its description is damaged"),
        ("format", 0, "its description is damaged"),
        ("format", True, "its description is damaged"),
        ("precision", "fp8", "there is no precision 'fp8'"),
        ("precision", ["fp32"], "`precision` is ['fp32']"),
        ("with_resize", 1, "`with_resize` is 1"),
        ("square", None, "its pictures become square in a way that its own engine alone has"),
        ("square", {"resize": "x", "interpolation": "bicubic"}, "which is not known here"),
        ("square", {"resize": ["x"], "interpolation": {}}, "which is not known here"),
        ("model", None, "its description is damaged"),
        ("model.embedding_dim", 0, "`embedding_dim` is 0"),
        ("model.embedding_dim", -1, "`embedding_dim` is -1"),
        ("model.input_resolution", 10**9, "`input_resolution` is 1000000000"),
        ("model.logit_scale", float("nan"), "`logit_scale` is nan"),
        ("model.name", None, "`name` is None"),
        ("model.recipe", 5, "`recipe` is 5"),
        ("model.parameters", 1.5, "`parameters` is 1.5"),
    ],
)
def test_a_description_that_cannot_be_is_refused(
    colors: ZeroShotClassifier,
    tmp_path: Path,
    refused: Callable[..., str],
    key: str,
    value: Any,
    said: str,
) -> None:
    def change(told: dict[str, Any]) -> None:
        *tables, last = key.split(".")
        for table in tables:
            told = told[table]
        told[last] = value

    assert said in refused(exported_colors(colors, tmp_path / "a.onnx", about=change))


@pytest.mark.parametrize("name", ["embedding_dim", "logit_scale", "input_resolution"])
def test_a_description_of_another_model_than_the_classifiers_is_refused(
    colors: ZeroShotClassifier, tmp_path: Path, name: str
) -> None:
    def change(told: dict[str, Any]) -> None:
        told["model"][name] += 1

    path = exported_colors(colors, tmp_path / "a.onnx", about=change)
    with pytest.raises(Exception, match=f"it was made with another model than 'colors': {name}"):
        ZeroShotClassifier.load(path)


def test_every_byte_of_the_classifier_is_checked(
    colors: ZeroShotClassifier, tmp_path: Path, refused: Callable[..., str]
) -> None:
    data = bytearray(saved_bytes(colors))
    data[-3] ^= 1  # of a number
    message = refused(
        exported_colors(colors, tmp_path / "a.onnx", metadata=_classifier(bytes(data)))
    )
    assert "its SHA-256 says that it is not what was saved" in message


def test_a_file_that_is_not_there_or_a_folder_is_named_as_such(
    tmp_path: Path, refused: Callable[..., str]
) -> None:
    (tmp_path / "folder.onnx").mkdir()
    assert "it is a folder" in refused(tmp_path / "folder.onnx", SavedClassifierFileError)
    assert "there is no such file" in refused(tmp_path / "no.onnx", SavedClassifierFileError)


def test_tensors_in_memory_are_those_of_a_file(colors: ZeroShotClassifier) -> None:
    held = exported.HeldTensors(saved_bytes(colors))
    assert held.keys() == ["class_matrix"]
    assert held.get_slice("class_matrix").get_dtype() == "F32"
    assert held.get_tensor("class_matrix").shape == (3, 8)
    assert list(held.metadata()) == ["zsclip_classifier"]


# ------------------------------------------------------------------------------------ no torch

WITHOUT = """
import sys


class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "onnx", "onnxscript"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Nowhere())
"""
"""Has torch, and what makes ONNX files, not be there."""

USES = """
import io, os, pickle
import numpy as np
from pathlib import Path
from PIL import Image
from zsclip import ZeroShotClassifier

file, folder = map(Path, sys.argv[1:])
red = Image.new("RGB", (9, 7), "red")
png = io.BytesIO()
red.save(png, "png")
jpeg = io.BytesIO()
Image.new("RGB", (900, 700), "red").save(jpeg, "jpeg")
(folder / "red.png").write_bytes(png.getvalue())
clf = ZeroShotClassifier.load(file)
for source in (
    str(folder / "red.png"), folder / "red.png", png.getvalue(), io.BytesIO(png.getvalue()), red,
    np.array(red), np.array(red) / np.float32(255), jpeg.getvalue(),
):
    for _ in range(2):
        assert clf.classify(source).label == "red", source
assert [p.label for p in clf.stream(folder)] == ["red"]
assert len(clf.classify_many([red, b"no picture"], on_error="record")) == 2
assert clf.predict([red])[0] == "red"
rows = clf.encode_images([red] * 70)
assert [p.label for p in clf.classify_embeddings(rows)] == ["red"] * 70
truth = ["red", "green", "red"]
print(clf.evaluate([red] * 3, truth))
clf.classify(red).to_dict()
clf._repr_html_(), clf.classify(red)._repr_html_()
from zsclip.report import write_report
write_report([clf.classify(folder / "red.png")], folder / "page.html")
clf.save(folder / "saved.zsclip")
assert ZeroShotClassifier.load(folder / "saved.zsclip").classify(red).label == "red"
assert pickle.loads(pickle.dumps(clf)).classify(red).label == "red"
assert "torch" not in sys.modules
"""


def _run(program: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT + program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def test_nothing_on_the_way_of_an_exported_classifier_needs_torch(
    file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    run = _run(USES, file, folder)
    assert (run.returncode, run.stderr) == (0, "")
    assert "accuracy (top-1)" in run.stdout


COMMAND = """
from zsclip.__main__ import main
sys.argv = ["zsclip", *sys.argv[1:]]
try:
    main()
finally:
    assert "torch" not in sys.modules
"""


def test_the_command_line_classifies_without_torch(file: Path, swatches: Path) -> None:
    run = _run(
        COMMAND, "classify", "--classifier", file, swatches, "--format", "jsonl",
        "--no-progress", cwd=swatches,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    assert [row["label"] for row in rows] == ["red", "green", "blue"]


def test_what_does_need_torch_says_so_without_it(file: Path) -> None:
    run = _run("import zsclip; zsclip.ZeroShotClassifier(['a', 'b'], model='tiny-cartoon')")
    assert run.returncode == 1
    assert "No module named 'torch'. Install torch, or load a file that was exported" in run.stderr


def test_an_export_without_torch_says_what_it_needs(file: Path, tmp_path: Path) -> None:
    run = _run(COMMAND, "export", tmp_path / "again.onnx", "--classifier", file)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        "Error: An export needs PyTorch, ONNX and ONNX Runtime, and torch is not installed: "
        'pip install "zsclip[onnx]".\n'
    )
