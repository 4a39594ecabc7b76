"""Formats of results: how they are told, and files that are written whole or not at all."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from zsclip import Failure, Prediction, ZeroShotClassifier
from zsclip.cli.listing import Listing
from zsclip.errors import ImageError, ParameterError, WouldReplaceError
from zsclip.outputs import FORMATS, Plan, check_output, choose_format, open_output

LINES = ["table", "json", "jsonl", "csv"]


@pytest.fixture(scope="module")
def result(classifier: ZeroShotClassifier) -> Prediction:
    return classifier.classify(np.zeros((4, 4, 3), np.uint8))


def write(plan: Plan, target: Path, *results: tuple[str, Prediction | Failure]) -> None:
    with open_output(plan, target) as writer:
        for source, one in results:
            writer.write(source, one)


@pytest.mark.parametrize(
    ("form", "path", "chosen"),
    [
        (None, None, "table"),
        ("csv", None, "csv"),
        (None, "a.csv", "csv"),
        (None, "a.JSONL", "jsonl"),
        ("json", "a.jsonl", "json"),
        ("json", "a.json", "json"),
        ("jsonl", "a.json", "jsonl"),
        ("csv", "a.txt", "csv"),
        ("table", "a", "table"),
    ],
)
def test_a_format_is_told_by_an_option_or_a_name(
    form: str | None, path: str | None, chosen: str
) -> None:
    assert choose_format(form, path) == chosen


@pytest.mark.parametrize(
    ("form", "path", "told"),
    [
        ("csv", "a.jsonl", "ends in .jsonl, disagree"),
        ("json", "a.csv", "disagree"),
        ("table", "a.csv", "disagree"),
        (None, "a.json", "does not tell its format"),
        (None, "a", "does not tell its format"),
        ("xml", None, "must be one of table, json"),
        ("parquet", None, r"Name one: -o results\.parquet"),
    ],
)
def test_a_format_that_is_not_told_or_told_twice_is_an_error(
    form: str | None, path: str | None, told: str
) -> None:
    with pytest.raises(ParameterError, match=told):
        choose_format(form, path)


@pytest.mark.parametrize("form", LINES)
def test_a_file_is_there_whole_and_known_again(
    form: str, classifier: ZeroShotClassifier, result: Prediction, tmp_path: Path
) -> None:
    target = tmp_path / "out"
    plan = Plan(form=form, classifier=classifier, chosen=Listing())
    with open_output(plan, target) as writer:
        writer.write("a.png", result)
        assert not target.exists()
    assert FORMATS[form].is_ours(target)
    before = target.read_bytes()
    with pytest.raises(AttributeError):
        write(plan, target, ("b.png", result), ("c.png", None))  # type: ignore[arg-type]
    assert target.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    check_output(form, str(target))
    for strange in ("somebody's notes\n", "5", "[" * 100_000, '["source", "origin_id"]', "\0"):
        target.write_text(strange)
        with pytest.raises(WouldReplaceError, match=f"no {form} file of results"):
            check_output(form, str(target))
    assert check_output(form, str(target), overwrite=True) == target


def test_a_name_that_is_no_text_survives_in_lines(
    classifier: ZeroShotClassifier, result: Prediction, tmp_path: Path
) -> None:
    name = "caf\udce9.png"
    for form in ("csv", "jsonl"):
        plan = Plan(form=form, classifier=classifier, chosen=Listing("top", 1))
        write(plan, tmp_path / form, (name, result), (name, Failure(name, ImageError(name, "x"))))
    text = (tmp_path / "csv").read_text(errors="surrogateescape")
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows] == ["source", name, name]
    assert b"caf\xe9.png,1," in (tmp_path / "csv").read_bytes()
    for line in (tmp_path / "jsonl").read_text("ascii").splitlines():
        value = json.loads(line)
        assert (value["source"], value["source_bytes"]) == (r"caf\udce9.png", "Y2Fm6S5wbmc=")
