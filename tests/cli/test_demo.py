"""`zsclip demo`: real drawings, the real model, and counts that are true."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

import zsclip.labels.installed
from zsclip import LabelSet, ZeroShotClassifier, load_image
from zsclip.demo import Outcome, load_drawings, load_labels, run_demo
from zsclip.errors import ParameterError

Run = Callable[..., Result]

LICENSE = "LICENSE-APACHE-2.0.txt"


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run_demo(device="cpu")


def test_there_are_a_dozen_drawings_of_animals_that_can_be_named() -> None:
    drawings, labels = load_drawings(), load_labels()
    assert 12 <= len(drawings) <= 14
    assert {drawing.animal for drawing in drawings} <= set(labels.names)
    assert len(labels) >= 3 * len(drawings)
    for drawing in drawings:
        picture = load_image(drawing.data)
        assert isinstance(picture, Image.Image)
        assert picture.convert("L").getextrema() != (255, 255)


def test_the_drawings_are_copied_and_nothing_is_replaced(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "drawings"
    made = run("demo", "--copy", folder)
    assert made.exit_code == 0
    assert made.stdout.startswith(f"{folder}/: 15 files, of which rat.png is the first.\n")
    for drawing in load_drawings():
        assert (folder / drawing.file).read_bytes() == drawing.data
    assert "Apache License" in (folder / "LICENSE-APACHE-2.0.txt").read_text("utf-8")
    (folder / "frog.png").unlink()
    (folder / "mine.txt").write_text("mine")
    assert json.loads(run("demo", "--copy", folder, "--format", "json").stdout) == {
        "folder": str(folder),
        "files": [*(drawing.file for drawing in load_drawings()), "SOURCES.md", LICENSE],
    }
    (folder / "fish.png").write_text("mine, too")
    (folder / "rat.png").unlink()
    refused = run("demo", "--copy", folder)
    assert refused.exit_code == 2
    assert f"{str(folder / 'fish.png')!r} is there already and is something else" in refused.stderr
    assert (folder / "fish.png").read_text() == "mine, too"
    assert not (folder / "rat.png").exists()  # nothing is written then
    assert run("demo", "--copy", folder, "--labels", "cat,dog").exit_code == 2


def test_an_empty_folder_to_copy_to_is_refused(run: Run) -> None:
    result = run("demo", "--copy", "")
    assert result.exit_code == 2
    assert "--copy must name a folder" in result.stderr


def test_the_outcome_is_what_the_classifier_says(outcome: Outcome) -> None:
    classifier = ZeroShotClassifier(load_labels(), model="tiny-cartoon", device="cpu")
    for answer, drawing in zip(outcome.answers, load_drawings(), strict=True):
        assert answer.drawing == drawing
        assert answer.truth.name == drawing.animal
        prediction = classifier.classify(drawing.data)
        assert [s.id for s in answer.prediction.top(3)] == [s.id for s in prediction.top(3)]
        assert (prediction.label == drawing.animal) == (answer.rank == 1)
    n = len(outcome.answers)
    assert outcome.hits(len(outcome.labelset)) == n
    assert n >= outcome.hits(3) >= outcome.hits(1) >= n // 3  # chance would give none


def test_the_table_marks_each_answer_in_words_and_counts_them(run: Run, outcome: Outcome) -> None:
    result = run("demo", "--device", "cpu")
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines() if line}
    for answer in outcome.answers:
        row = rows[answer.drawing.file]
        first, second, third = answer.prediction.top(3)
        verdict = "right" if answer.rank == 1 else "close" if answer.rank <= 3 else "wrong"
        assert row.split()[1] == answer.drawing.animal
        assert row.endswith(verdict)
        place = 0
        for guess in (first, second, third):
            place = row.index(f" {guess.label} {guess.score:.0%}", place)
    n = len(outcome.answers)
    assert f"{outcome.hits(1)} of {n} right at the first guess" in result.stdout
    assert f"{outcome.hits(3)} of {n} among the first three" in result.stdout
    assert "not photographs" in result.stdout
    assert "zsclip classify FOLDER" in result.stdout


def test_json_holds_the_same(run: Run, outcome: Outcome) -> None:
    values = json.loads(run("demo", "--device", "cpu", "--format", "json").stdout)
    assert values["model"] == "tiny-cartoon"
    assert values["n_labels"] == len(load_labels())
    assert values["n_right"] == outcome.hits(1)
    assert values["n_right_among_3"] == outcome.hits(3)
    assert values["n_drawings"] == len(values["drawings"]) == len(outcome.answers)
    for value, answer in zip(values["drawings"], outcome.answers, strict=True):
        assert (value["file"], value["shows"]) == (answer.drawing.file, answer.drawing.animal)
        assert value["rank"] == answer.rank
        assert value["right"] == (value["scores"][0]["label"] == value["shows"])


def test_no_label_set_needs_to_be_installed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("asked for what is installed")

    monkeypatch.setattr(zsclip.labels.installed, "find_declared", refuse)
    assert run("demo", "--device", "cpu").exit_code == 0


def test_a_truth_may_be_an_alias(run: Run, install: Callable[..., None]) -> None:
    animals = sorted({drawing.animal for drawing in load_drawings()} - {"dog"})
    names = ", ".join(f'"{animal}"' for animal in animals)
    toml = (
        'schema = 1\nname = "garden"\nlicense = "CC0-1.0"\nsource = "own work"\n'
        f'labels = [{names}, {{ name = "poodle", aliases = ["Dog"] }}]\n'
    )
    install(toml=toml)
    values = json.loads(run("demo", "--labels", "garden", "--format", "json").stdout)
    assert values["labelset"] == "garden"
    assert "poodle" in {drawing["shows"] for drawing in values["drawings"]}


def test_labels_that_lack_a_drawn_animal_are_an_error(run: Run) -> None:
    with pytest.raises(ParameterError, match="lacks rat, tiger"):
        run_demo(LabelSet.from_names(["cat", "dog"]))
    result = run("demo", "--labels", "cat,dog")
    assert result.exit_code == 2
    assert "lacks rat, tiger" in result.stderr
