"""`zsclip export`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from click.testing import Result

from zsclip import ZeroShotClassifier

Run = Callable[..., Result]

LABELS = ("--labels", "frog,fish,polar bear")
TINY = ("--model", "tiny-cartoon", "--device", "cpu")


def metadata_in(file: Path) -> dict[str, str]:
    return {entry.key: entry.value for entry in onnx.load(str(file)).metadata_props}


def test_it_exports_what_the_library_does(run: Run, tmp_path: Path) -> None:
    made, due = tmp_path / "made.onnx", tmp_path / "due.onnx"
    names = ["frog", "fish", "polar bear"]
    clf = ZeroShotClassifier(names, model="tiny-cartoon", device="cpu", precision="fp32")
    clf.export(due, precision="fp16", with_resize=True)
    clf.save(tmp_path / "saved.zsclip")
    options = ("--precision", "fp16", "--with-resize")
    result = run("export", made, *LABELS, *TINY, *options)
    assert result.exit_code == 0, result.output
    size = made.stat().st_size / 1e6
    assert result.stdout == f"{made}: 3 labels, tiny-cartoon in fp16, {size:.1f} MB\n"
    assert result.stderr == ""
    assert made.read_bytes() == due.read_bytes()
    result = run("export", made, "--classifier", tmp_path / "saved.zsclip", *options)
    assert result.exit_code == 0, result.output
    assert made.read_bytes() == due.read_bytes()
    assert json.loads(metadata_in(made)["zsclip.labels"]) == names


def test_nothing_of_others_is_replaced_by_an_export(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "notes.onnx"
    file.write_text("mine")
    result = run("export", file, *LABELS, "--model", "no-such-model")
    assert result.exit_code == 2
    assert "is no classifier that zsclip exported" in result.stderr
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "Give the classes with --labels"),
        ((*LABELS, "--classifier", "x"), "exclude each other"),
        (("--classifier", "x", "--template", "a {}"), "--template has no effect"),
        ((*LABELS, "--precision", "int4"), "'int4' is not one of"),
    ],
)
def test_what_cannot_be_exported_is_told(
    given: tuple[str, ...], told: str, run: Run, tmp_path: Path
) -> None:
    result = run("export", tmp_path / "x.onnx", *given)
    assert result.exit_code == 2
    assert told in result.stderr
