"""`zsclip evaluate`: metrics by their names, in every format, and what could not be judged."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from report_pages import data_of

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings

Run = Callable[..., Result]

NAMES = ("frog", "fish", "rat", "tiger")
MODEL = ("--model", "tiny-cartoon", "--device", "cpu", "--precision", "fp32")
TINY = ("--labels", ",".join(NAMES), *MODEL)


@pytest.fixture
def known(tmp_path: Path) -> Path:
    folder = tmp_path / "known"
    for drawing in load_drawings():
        if drawing.animal in NAMES:
            (folder / drawing.animal).mkdir(parents=True)
            (folder / drawing.animal / drawing.file).write_bytes(drawing.data)
    return folder


@pytest.fixture
def table(known: Path) -> Path:
    path = known.parent / "known.csv"
    files = sorted(known.rglob("*.png"))
    path.write_text("\n".join(["image,label", *(f"{f},{f.parent.name}" for f in files)]))
    return path


@pytest.fixture
def clf() -> ZeroShotClassifier:
    return ZeroShotClassifier(list(NAMES), model="tiny-cartoon", device="cpu", precision="fp32")


@pytest.mark.parametrize("what", ["known", "known.csv"])
def test_a_folder_and_a_table_are_judged_as_by_the_library(
    run: Run, known: Path, table: Path, clf: ZeroShotClassifier, what: str
) -> None:
    result = run("evaluate", known.parent / what, *TINY)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == str(clf.evaluate_folder(known)).splitlines()
    assert result.stderr == ""


@pytest.mark.parametrize("what", ["known", "known.csv"])
def test_a_bar_counts_the_pictures_that_are_judged_where_one_is_wanted(
    run: Run, known: Path, table: Path, what: str
) -> None:
    plain = run("evaluate", known.parent / what, *TINY)
    shown = run("evaluate", known.parent / what, *TINY, "--progress")
    n = len(list(known.rglob("*.png")))
    assert f"{n}/{n} [" in shown.stderr
    assert (shown.stdout, shown.exit_code) == (plain.stdout, 0)


def test_json_and_csv_have_the_same_numbers(run: Run, known: Path, clf: ZeroShotClassifier) -> None:
    plain = json.loads(run("evaluate", known, *TINY, "--format", "json").stdout)
    evaluation = clf.evaluate_folder(known)
    assert plain["metrics"].keys() == evaluation.metrics().keys()
    assert plain["metrics"]["accuracy"]["value"] == evaluation.accuracy
    rows = list(
        csv.DictReader(io.StringIO(run("evaluate", known, *TINY, "--format", "csv").stdout))
    )
    found = {(row["metric"], row["label_id"]): row for row in rows}
    for name, values in plain["metrics"].items():
        row = found[name, ""]
        for key in ("value", "low", "high"):
            assert float(row[key]) == pytest.approx(values[key], rel=1e-5)
    for label in evaluation.per_class:
        assert label.recall is not None
        assert float(found["recall", label.id]["value"]) == pytest.approx(label.recall, rel=1e-5)


def test_what_could_not_be_judged_is_listed_and_is_the_status(
    run: Run, known: Path, table: Path
) -> None:
    bad = known / "frog" / "bad.png"
    bad.write_text("not a picture")
    (known / "cow").mkdir()
    shutil.copy(next((known / "fish").iterdir()), known / "cow" / "x.png")
    result = run("evaluate", known, *TINY)
    assert result.exit_code == 1
    first, *_, last = result.stderr.splitlines()
    assert first.startswith(f"Cannot read the picture {bad}: ")
    assert f"{known / 'cow' / 'x.png'}: cow is no label." in result.stderr
    assert last == "2 of 6 could not be judged."
    table.write_text(f"image,label\n{next((known / 'fish').iterdir())},\n{bad.parent / 'x'},fish")
    nothing = run("evaluate", table, *TINY)
    assert (nothing.exit_code, nothing.stdout) == (2, "")


def test_a_saved_classifier_is_judged_with_what_it_learnt(
    run: Run, known: Path, clf: ZeroShotClassifier, tmp_path: Path
) -> None:
    rejecting = clf.rejecting(threshold=0.9)
    rejecting.save(tmp_path / "a.zsclip")
    args = ("evaluate", known, "--format", "json")
    plain = json.loads(run(*args, "-c", tmp_path / "a.zsclip").stdout)
    expected = rejecting.evaluate_folder(known)
    assert plain["metrics"]["coverage"]["value"] == expected.coverage
    by_hand = json.loads(run(*args, *TINY, "--threshold", 0.9).stdout)
    assert by_hand["metrics"]["coverage"]["value"] == expected.coverage


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["none.csv", *TINY], "Cannot read the table 'none.csv'"),
        (["known"], "Give the classes with --labels, or with --classifier a file"),
        (["known", "--labels", "cow,sheep", *MODEL], "is a label of"),
    ],
)
def test_what_evaluate_refuses(
    run: Run, known: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], told: str
) -> None:
    monkeypatch.chdir(known.parent)
    result = run("evaluate", *given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())


def test_several_labels_of_a_picture_stand_in_one_cell(
    run: Run, known: Path, tmp_path: Path
) -> None:
    files = {name: next((known / name).iterdir()) for name in ("frog", "rat", "fish")}
    table = tmp_path / "several.csv"
    table.write_text(
        f"image,label\n{files['frog']},frog|fish\n{files['rat']},rat\n{files['fish']},"
    )
    result = run("evaluate", table, *TINY, "--multi-label", "--format", "json")
    assert result.exit_code == 0, result.output
    clf = ZeroShotClassifier(
        list(NAMES), model="tiny-cartoon", device="cpu", precision="fp32", multi_label=True
    )
    expected = clf.evaluate(list(files.values()), [["frog", "fish"], ["rat"], []])
    found = json.loads(result.stdout)["metrics"]
    assert {name: row["value"] for name, row in found.items()} == expected.metrics()


def test_a_name_with_line_breaks_is_told_in_one_line(run: Run, known: Path) -> None:
    (known / "a\nb").mkdir()
    shutil.copy(next((known / "frog").iterdir()), known / "a\nb" / "c\nd.png")
    said = run("evaluate", known, *TINY).stderr.splitlines()
    assert said[0].endswith(r"a\nb/c\nd.png: a\nb is no label.")
    assert len(said) == 2


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_file_holds_the_evaluation_that_would_be_printed(
    run: Run, known: Path, tmp_path: Path, form: str
) -> None:
    args = ("evaluate", known, *TINY, "--no-cache", "--format", form)
    printed, written = run(*args), run(*args, "-o", tmp_path / "out")
    assert (written.stdout, written.stderr) == ("", printed.stderr)
    assert (tmp_path / "out").read_text() == printed.stdout


def test_a_page_shows_right_and_wrong(run: Run, known: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("mine")
    assert run("evaluate", known, *TINY, "-o", page).exit_code == 2
    assert page.read_text() == "mine"
    result = run("evaluate", known, *TINY, "-o", page, "--force")
    assert (result.exit_code, result.stdout) == (0, "")
    rows, facts = data_of(page)
    assert facts["judged"]
    assert all("thumb" in row and "right" in row for row in rows)
    printed = run("evaluate", known, *TINY, "--format", "html")
    assert (printed.exit_code, printed.stdout) == (2, "")
