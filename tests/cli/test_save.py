"""`zsclip save`, and `zsclip classify --classifier`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from zsclip import ZeroShotClassifier
from zsclip.weights.models import get_model_spec
from zsclip.weights.sources import bundled_path

Run = Callable[..., Result]

LABELS = ("--labels", "frog,fish,polar bear")
TINY = (*LABELS, "--model", "tiny-cartoon", "--device", "cpu", "--precision", "fp32")


@pytest.fixture
def saved(run: Run, tmp_path: Path) -> Path:
    path = tmp_path / "animals.zsclip"
    result = run("save", path, *TINY)
    assert result.exit_code == 0, result.output
    size = path.stat().st_size / 1e3
    assert result.stdout == f"{path}: 3 labels, tiny-cartoon in fp32, {size:,.0f} kB\n"
    assert result.stderr == ""
    return path


def test_it_classifies_as_it_did(run: Run, saved: Path, pictures: Path, loads: list[str]) -> None:
    options = ("--format", "json", "--no-cache", *TINY[4:])
    expected = run("classify", pictures, *TINY, "--format", "json")
    loads.clear()
    result = run("classify", pictures, "--classifier", saved, *options)
    assert loads == ["load_image_tower"]
    assert (result.exit_code, result.stdout) == (expected.exit_code, expected.stdout)
    assert result.exit_code == 1  # one of them is no picture


def test_it_is_what_the_library_saves(run: Run, saved: Path, tmp_path: Path) -> None:
    names = ["frog", "fish", "polar bear"]
    clf = ZeroShotClassifier(names, model="tiny-cartoon", device="cpu", precision="fp32")
    clf.save(tmp_path / "same.zsclip")
    assert (tmp_path / "same.zsclip").read_bytes() == saved.read_bytes()
    run("save", saved, *TINY, "--template", "a drawn {}", "--template", "a {}", "--no-progress")
    assert ZeroShotClassifier.load(saved).templates == ("a drawn {}", "a {}")


def test_the_model_may_lie_elsewhere(run: Run, saved: Path, pictures: Path) -> None:
    (pictures / "b.jpg").unlink()
    weights = bundled_path(get_model_spec("tiny-cartoon"))
    result = run("classify", pictures, "-c", saved, "--model", weights, "--format", "json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[0])["label"] == "fish"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "Give the classes with --labels, or with --classifier a file that `zsclip save` or"),
        ([*LABELS, "-c", "x.zsclip"], "--labels and --classifier exclude each other"),
        (["-t", "a {}", "-c", "x.zsclip"], "--template has no effect on --classifier"),
        (["-c", "x.zsclip"], "Cannot load the classifier 'x.zsclip': there is no such file"),
    ],
)
def test_what_classify_refuses(run: Run, pictures: Path, given: list[str], told: str) -> None:
    result = run("classify", pictures, *given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())


def test_an_engine_that_is_not_here(run: Run, saved: Path, pictures: Path) -> None:
    result = run("classify", pictures, "-c", saved, "--encoder", "none")
    assert result.exit_code == 2
    assert "got 'none'" in result.stderr


@pytest.mark.parametrize("what", ["its own checkpoint", "a picture", "names"])
def test_save_replaces_nothing_of_the_users_unless_forced(
    run: Run, pictures: Path, tmp_path: Path, what: str
) -> None:
    weights = bundled_path(get_model_spec("tiny-cartoon"))
    path = {"its own checkpoint": tmp_path / "my.safetensors", "a picture": pictures / "a fish.png"}
    mine = path.get(what, tmp_path / "names.txt")
    if what == "its own checkpoint":
        mine.write_bytes(weights.read_bytes())
    elif what == "names":
        mine.write_text("fox\nwolf\n")
    before = mine.read_bytes()
    model = mine if what == "its own checkpoint" else "tiny-cartoon"
    args = ("save", mine, *LABELS, "--model", model, "--device", "cpu")
    refused = run(*args)
    assert mine.read_bytes() == before
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "is there already and is no saved classifier" in refused.stderr
    assert "--force" in refused.stderr
    forced = run(*args, "--force")
    if what == "its own checkpoint":  # without which it could not be loaded
        assert (forced.exit_code, mine.read_bytes()) == (2, before)
    else:
        assert forced.exit_code == 0
        assert mine.read_bytes() != before


def test_save_refuses_before_a_model_is_looked_for(run: Run, tmp_path: Path) -> None:
    result = run("save", tmp_path, *LABELS, "--model", "no such model")
    assert result.exit_code == 2
    assert "it is a folder. Add the name of a file." in result.stderr
    result = run("save", tmp_path / "x.zsclip", "--labels", "cat", "--model", "no such model")
    assert result.exit_code == 2
    assert "'cat'" in result.stderr
    assert run("save", tmp_path / "x.zsclip").exit_code == 2
    assert list(tmp_path.iterdir()) == []
