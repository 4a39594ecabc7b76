from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from report_pages import data_of, failure, picture

from zsclip import Reading, ZeroShotClassifier
from zsclip.cli.listing import Listing
from zsclip.errors import ParameterError
from zsclip.outputs import FORMATS, Plan, choose_format, open_output
from zsclip.testing import FakeEncoder


def test_a_page_shows_the_labels_that_were_chosen(tmp_path: Path) -> None:
    clf = ZeroShotClassifier(["cat", "dog"], templates=["a {}."], encoder=FakeEncoder())
    result = clf.classify(np.zeros((4, 4, 3), np.uint8))
    target = tmp_path / "out.html"
    plan = Plan(form="html", classifier=clf, chosen=Listing("top", 1))
    with open_output(plan, target) as writer:
        writer.write("folder/a.png", result)
        writer.write("folder/b.png", failure())
        assert not target.exists()
    rows, _ = data_of(target)
    assert [row["source"] for row in rows] == ["folder/a.png", "folder/b.png"]
    assert len(rows[0]["best"]) == 1
    assert FORMATS["html"].is_ours(target)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_of_several_labels_a_page_counts_those_above_the_threshold_that_was_given(
    tmp_path: Path, threshold: float
) -> None:
    clf = ZeroShotClassifier(
        ["cat", "dog"], templates=["a {}."], encoder=FakeEncoder(), multi_label=True
    )
    result = clf.classify(np.zeros((4, 4, 3), np.uint8))
    plan = Plan(form="html", classifier=clf, chosen=Listing("above", threshold))
    with open_output(plan, tmp_path / "out.html") as writer:
        writer.write("a.png", result)
    [row], _ = data_of(tmp_path / "out.html")
    assert len(row["labels"]) == len(row["best"]) == (2 if threshold == 0 else 0)


def test_a_page_is_a_file_and_its_name_tells_it() -> None:
    assert choose_format(None, "report.html") == "html"
    with pytest.raises(ParameterError, match=r"-o results\.html"):
        choose_format("html", None)


def test_pictures_are_read_again_as_the_classifier_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture(size=(40, 30)))
    for most, there in ((2000, True), (100, False)):
        reading = Reading(max_pixels=most)
        clf = ZeroShotClassifier(["cat", "dog"], encoder=FakeEncoder(), reading=reading)
        result = clf.classify(np.zeros((4, 4, 3), np.uint8))
        plan = Plan(form="html", classifier=clf, chosen=Listing("top", 1))
        target = tmp_path / f"{most}.html"
        with open_output(plan, target) as writer:
            writer.write(str(file), dataclasses.replace(result, source=str(file)))
        assert ("thumb" in data_of(target)[0][0]) == there
        assert clf.reading == reading
