"""Which labels `zsclip classify` prints, and what it tells of pictures that are none of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from zsclip import ZeroShotClassifier
from zsclip.cli.classifiers import METHODS
from zsclip.learnt import METHODS as KNOWN

Run = Callable[..., Result]

LABELS = "frog,fish,polar bear"
MODEL = ("--model", "tiny-cartoon", "--device", "cpu", "--precision", "fp32")
TINY = ("--labels", LABELS, *MODEL)


@pytest.fixture
def two(pictures: Path) -> Path:
    (pictures / "b.jpg").unlink()
    return pictures


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    path = tmp_path / "tree.toml"
    path.write_text(
        'schema = 1\nname = "tree"\nlicense = "CC0-1.0"\nsource = "own work"\n'
        'groups = ["water"]\n'
        'labels = [{ name = "frog", parent = "water" }, { name = "fish", parent = "water" }, '
        '"polar bear"]\n'
    )
    return path


def make(**options: object) -> ZeroShotClassifier:
    return ZeroShotClassifier(
        LABELS.split(","),
        model="tiny-cartoon",
        device="cpu",
        precision="fp32",
        **options,  # type: ignore[arg-type]
    )


def test_help_names_every_way_to_reject() -> None:
    assert METHODS == KNOWN


def test_several_labels_from_a_score_on_have_a_line_each(run: Run, two: Path) -> None:
    result = run("classify", two, *TINY, "--multi-label", "--above", 0.01)
    assert result.exit_code == 0, result.output
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["score", "label", "picture"]
    expected = [
        (f"{score.score:.3f}", score.label)
        for p in make(multi_label=True).classify_many(two)
        for score in p.above(0.01)
    ]
    assert [(line[:5], line[7 : head.index("picture")].strip()) for line in lines] == expected


def test_null_prompts_are_those_that_are_given(run: Run, two: Path) -> None:
    given = ("--null-prompt", "a drawing of something.", "--null-prompt", "something.")
    result = run("classify", two, *TINY, "--multi-label", *given, "--format", "json")
    clf = make(multi_label=True, null_prompts=["a drawing of something.", "something."])
    for line, prediction in zip(result.stdout.splitlines(), clf.classify_many(two), strict=True):
        assert json.loads(line)["score"] == pytest.approx(prediction.score, abs=1e-5)


def test_nothing_above_is_told_in_every_format(run: Run, two: Path) -> None:
    args = ("classify", two, *TINY, "--multi-label", "--above", 1)
    assert [line.split()[:2] for line in run(*args).stdout.splitlines()[1:]] == [["-", "-"]] * 2
    values = [json.loads(line) for line in run(*args, "--format", "json").stdout.splitlines()]
    assert [value["scores"] for value in values] == [[], []]
    assert {value["label"] for value in values} == {"fish", "frog"}  # the best guess stays
    rows = list(csv.DictReader(io.StringIO(run(*args, "--format", "csv").stdout)))
    assert [(row["rank"], row["label"], row["error"]) for row in rows] == [("", "", "")] * 2


def test_the_deepest_group_that_is_sure(run: Run, two: Path, tree: Path) -> None:
    args = ("classify", two, "--labels", tree, *MODEL)
    result = run(*args, "--deepest", 1, "--format", "csv")
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    predictions = ZeroShotClassifier(
        tree, model="tiny-cartoon", device="cpu", precision="fp32"
    ).classify_many(two)
    expected = [p.deepest(1.0) for p in predictions]
    assert [row["label"] for row in rows] == [node.name if node else "" for node in expected]
    sure = run(*args, "--deepest", 0.3, "--format", "json")
    assert [json.loads(line)["scores"][0]["label"] for line in sure.stdout.splitlines()] == [
        "fish",
        "frog",
    ]


def test_a_threshold_tells_what_is_accepted_in_every_format(run: Run, two: Path) -> None:
    clf = make()
    fish, frog = (p.score for p in clf.classify_many(two))
    between, order = (fish + frog) / 2, [fish > frog, frog > fish]
    args = ("classify", two, *TINY, "--threshold", between, "--reject-by", "probability")
    head, *lines = run(*args).stdout.splitlines()
    assert head.split()[:3] == ["accepted", "score", "label"]
    assert [line.split()[0] for line in lines] == ["yes" if yes else "no" for yes in order]
    assert all(label in line for label, line in zip(("fish", "frog"), lines, strict=True))
    values = [json.loads(line) for line in run(*args, "--format", "json").stdout.splitlines()]
    assert [value["accepted"] for value in values] == order
    assert [value["answer"] for value in values] == [
        name if yes else None for name, yes in zip(("fish", "frog"), order, strict=True)
    ]
    rows = list(csv.DictReader(io.StringIO(run(*args, "--format", "csv", "--top", 1).stdout)))
    assert [row["accepted"] for row in rows] == ["true" if yes else "false" for yes in order]
    assert [row["label"] for row in rows] == ["fish", "frog"]


def test_what_is_rejected_can_be_left_out_and_is_counted(run: Run, pictures: Path) -> None:
    args = ("classify", pictures, *TINY, "--threshold", 1, "--accepted-only")
    result = run(*args, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["source"], row["accepted"]) for row in rows] == [(str(pictures / "b.jpg"), "")]
    assert result.stderr.splitlines()[0] == "2 of 3 are none of the labels."
    assert result.exit_code == 1  # one could not be read


def test_only_what_may_be_printed_widens_a_table(run: Run, two: Path, tree: Path) -> None:
    tree.write_text(tree.read_text().replace('"water"', '"all that lives in water"'))
    given = ("classify", two, "--labels", tree, *MODEL)
    assert run(*given, "--top", 1).stdout.splitlines()[0] == "score  label       picture"
    deepest = run(*given, "--deepest", 0.9).stdout.splitlines()[0]
    assert deepest == f"score  {'label':<23}  picture"


def test_a_plain_classifier_prints_what_it_always_did(run: Run, two: Path) -> None:
    assert "accepted" not in run("classify", two, *TINY).stdout
    assert "accepted" not in run("classify", two, *TINY, "--format", "json").stdout
    header = run("classify", two, *TINY, "--format", "csv").stdout.splitlines()[0]
    assert header == "source,rank,label,label_id,score,error"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--top", "2", "--above", "0.5"], "--top, --above, --coverage and --deepest exclude"),
        (["--deepest", "0.5", "--coverage", "0.9"], "--deepest exclude each other"),
        (["--above", "2"], "2.0 is not in the range 0<=x<=1"),
        (["--above", "most"], "'most' is not a valid float"),
        (["--above", "nan"], "--above must be a number from 0 to 1, got nan"),
        (["--coverage", "nan"], "--coverage must be a number from 0 to 1, got nan"),
        (["--deepest", "nan"], "--deepest must be a number from 0 to 1, got nan"),
        (["--deepest", "0.5", "--multi-label"], "--deepest adds up the scores of a group"),
        (["--above", "fitted"], "--above fitted takes a classifier with a threshold for each"),
        (["--coverage", "0.9"], "--coverage takes a classifier that was calibrated on pictures"),
        (["--accepted-only"], "--accepted-only takes a classifier that can say none of these"),
        (["--reject-by", "mcm"], "--reject-by says what is compared with --threshold"),
        (["--null-prompt", "x"], "--null-prompt takes --multi-label, or --reject-by null"),
    ],
)
def test_what_listing_refuses(run: Run, two: Path, given: list[str], told: str) -> None:
    result = run("classify", two, *TINY, *given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())


@pytest.mark.parametrize("given", [["--multi-label"], ["--null-prompt", "x"]])
def test_a_saved_classifier_is_scored_as_it_was_saved(
    run: Run, two: Path, tmp_path: Path, given: list[str]
) -> None:
    make().save(tmp_path / "a.zsclip")
    result = run("classify", two, "-c", tmp_path / "a.zsclip", *given)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{given[0]} has no effect on --classifier" in result.stderr
