"""`zsclip save` with what is to be learnt first, and that `classify` uses it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings

Run = Callable[..., Result]

pytestmark = pytest.mark.filterwarnings("ignore::zsclip.errors.CalibrationWarning")

NAMES = ("frog", "fish", "rat")
MODEL = ("--model", "tiny-cartoon", "--device", "cpu", "--precision", "fp32")
TINY = ("--labels", ",".join(NAMES), *MODEL)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A folder of class folders: each of three drawings, turned in seven ways."""
    folder = tmp_path / "known"
    for drawing in load_drawings():
        if drawing.animal in NAMES:
            picture = Image.open(io.BytesIO(drawing.data)).convert("RGBA")
            (folder / drawing.animal).mkdir(parents=True, exist_ok=True)
            for angle in range(-90, 91, 30):
                picture.rotate(angle).save(folder / drawing.animal / f"{angle}.png")
    return folder


@pytest.fixture
def table(known: Path) -> Path:
    path = known.parent / "known.csv"
    rows = [(file, file.parent.name) for file in sorted(known.rglob("*.png"))]
    path.write_text("\n".join(["image,label", *(f"{file},{label}" for file, label in rows)]))
    return path


def library(known: Path, **options: Any) -> tuple[ZeroShotClassifier, list[Path], list[Any]]:
    """The classifier of the command, and what it learns from."""
    clf = ZeroShotClassifier(
        list(NAMES), model="tiny-cartoon", device="cpu", precision="fp32", **options
    )
    files = sorted(known.rglob("*.png"), key=lambda file: (file.parent.name, str(file)))
    return clf, files, [file.parent.name for file in files]


@pytest.mark.parametrize("what", ["known", "known.csv"])
def test_a_temperature_is_that_of_the_library(
    run: Run, known: Path, table: Path, tmp_path: Path, what: str
) -> None:
    path = tmp_path / "a.zsclip"
    result = run("save", path, *TINY, "--calibrate", tmp_path / what)
    assert result.exit_code == 0, result.output
    loaded = ZeroShotClassifier.load(path)
    assert loaded.calibration is not None
    assert loaded.calibration.pictures == 21
    _, line = result.stdout.splitlines()
    assert line.startswith(
        f"calibrated: 21 pictures, temperature {loaded.calibration.temperature:.3g}, ECE "
    )
    clf, files, truth = library(known)
    made = clf.calibrated(files, truth).calibration
    assert made is not None
    if what == "known.csv":  # in this order; which half a picture is in goes by that
        assert loaded.calibration.temperature == pytest.approx(made.temperature, rel=1e-3)
    listed = run("classify", known / "frog", "-c", path, "--coverage", 0.5, "--format", "csv")
    assert listed.exit_code == 0, listed.output
    rows = list(csv.DictReader(io.StringIO(listed.stdout)))
    expected = [
        s.label for p in loaded.classify_many(known / "frog") for s in p.prediction_set(0.5)
    ]
    assert [row["label"] for row in rows] == expected


def test_pictures_that_are_wanted_give_a_threshold(run: Run, known: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zsclip"
    result = run("save", path, *TINY, "--reject-like", known, "--coverage", 0.9)
    assert result.exit_code == 0, result.output
    rejection = ZeroShotClassifier.load(path).rejection
    assert rejection is not None
    assert (rejection.method, rejection.pictures, rejection.coverage) == ("mcm", 21, 0.9)
    assert result.stdout.splitlines()[1] == (
        f"rejecting: below {rejection.threshold:.4g} by mcm, from 21 pictures for a coverage of 0.9"
    )
    told = run("classify", known, "-c", path, "--format", "csv", "--top", 1)
    accepted = [row["accepted"] for row in csv.DictReader(io.StringIO(told.stdout))]
    assert accepted.count("true") >= 18


def test_folders_that_are_no_label_are_foreign_or_an_error(
    run: Run, known: Path, tmp_path: Path
) -> None:
    labels = ("--labels", "frog,fish", *MODEL)
    path = tmp_path / "a.zsclip"
    result = run("save", path, *labels, "--reject-on", known, "--max-error", 0.3)
    assert result.exit_code == 0, result.output
    assert "lie in folders that are no label: 'rat'. They count as none" in result.stderr
    rejection = ZeroShotClassifier.load(path).rejection
    assert rejection is not None
    assert (rejection.pictures, rejection.max_error) == (21, 0.3)
    result = run("save", tmp_path / "b.zsclip", *labels, "--calibrate", known)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "7 pictures in" in result.stderr
    assert "Name the folders by labels, or move the others away." in result.stderr
    assert not (tmp_path / "b.zsclip").exists()


def test_a_threshold_by_hand_is_kept(run: Run, known: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.zsclip"
    given = ("--threshold", 0.7, "--reject-by", "null", "--null-prompt", "a drawing.")
    result = run("save", path, *TINY, *given)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1] == "rejecting: below 0.7 by null, by hand"
    rejection = ZeroShotClassifier.load(path).rejection
    assert rejection is not None
    assert rejection.null_prompts == ("a drawing.",)


@pytest.mark.parametrize(
    "given",
    [("--calibrate",), ("--coverage", 0.9, "--reject-like"), ("--max-error", 0.3, "--reject-on")],
)
def test_a_probe_is_not_judged_on_the_pictures_that_it_knows_by_heart(
    run: Run, known: Path, tmp_path: Path, given: tuple[Any, ...]
) -> None:
    path = tmp_path / "a.zsclip"
    result = run("save", path, *TINY, "--probe", known, *given, f"{known}/../{known.name}")
    assert result.exit_code == 2
    assert f"--probe and {given[-1]} take different pictures" in result.stderr
    assert not path.exists()


def test_a_probe_is_saved_and_calibrated_and_rejects(
    run: Run, known: Path, table: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.zsclip"
    result = run("save", path, *TINY, "--probe", table, "--calibrate", known, "--threshold", 0.5)
    assert result.exit_code == 0, result.output
    loaded = ZeroShotClassifier.load(path)
    assert list(loaded.learnt.parts()) == ["probe", "calibration", "rejection"]
    assert [line.split(":")[0] for line in result.stdout.splitlines()[1:]] == [
        "linear probe",
        "calibrated",
        "rejecting",
    ]
    assert list(loaded.predict(known)) == [file.parent.name for file in library(known)[1]]


def test_several_labels_are_standardized_and_have_thresholds(
    run: Run, known: Path, table: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.zsclip"
    given = ("--multi-label", "--standardize", known, "--calibrate", table)
    result = run("save", path, *TINY, *given, "--label-precision", 0.8)
    assert result.exit_code == 0, result.output
    loaded = ZeroShotClassifier.load(path)
    assert list(loaded.learnt.parts()) == ["standardization", "thresholds"]
    assert result.stdout.splitlines()[1:] == [
        "standardized: 21 pictures",
        "thresholds: 21 pictures, for precision 0.8",
    ]
    listed = run("classify", known, "-c", path, "--above", "fitted", "--format", "csv")
    rows = [row["label"] for row in csv.DictReader(io.StringIO(listed.stdout)) if row["label"]]
    assert rows == [s.label for p in loaded.classify_many(known) for s in p.above()]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--coverage", "0.9"], "--coverage and --reject-like belong together"),
        (["--reject-like", "x"], "--coverage and --reject-like belong together"),
        (["--max-error", "0.1"], "--max-error and --reject-on belong together"),
        (["--reject-on", "x"], "--max-error and --reject-on belong together"),
        (["--label-precision", "0.9"], "--label-precision is what --calibrate aims at"),
        (["--reject-by", "mcm"], "--reject-by takes --reject-like, --reject-on or --threshold"),
        (["--null-prompt", "x"], "--null-prompt takes --multi-label, or --reject-by null"),
        (
            ["--threshold", "0.5", "--reject-like", "x", "--coverage", "0.9"],
            "--reject-like, --reject-on and --threshold exclude each other",
        ),
        (["--calibrate", "none.csv"], "Cannot read the table 'none.csv'"),
    ],
)
def test_what_is_learnt_is_asked_for_whole(
    run: Run, tmp_path: Path, given: list[str], told: str
) -> None:
    result = run("save", tmp_path / "a.zsclip", *TINY, *given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())
    assert not (tmp_path / "a.zsclip").exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--calibrate", "none.csv"], "Cannot read the table 'none.csv'"),
        (["--calibrate", "other.csv"], "'wolf'"),
        (["--reject-on", "none.csv", "--max-error", "0.5"], "Cannot read the table 'none.csv'"),
        (["--reject-like", "none", "--coverage", "0.5"], "there is no such folder"),
    ],
)
def test_what_is_not_there_is_told_before_a_probe_is_fitted(
    run: Run,
    known: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: list[str],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.csv").write_text("image,label\na.png,wolf\n")
    monkeypatch.setattr(ZeroShotClassifier, "linear_probe", lambda *_: pytest.fail("fitted"))
    result = run("save", "a.zsclip", *TINY, "--probe", known, *given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_a_saved_classifier_that_learnt_is_refused_in_another_precision(
    run: Run, known: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.zsclip"
    run("save", path, *TINY, "--threshold", 0.5)
    result = run("classify", known, "-c", path, "--precision", "bf16")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the precision ('fp32', and here 'bf16')" in " ".join(result.stderr.split())
