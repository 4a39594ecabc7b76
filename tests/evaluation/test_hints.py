"""Why a number may not be the published one, in sentences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluations import made

from zsclip import Label, LabelSet, Published, UnknownTruth
from zsclip.learnt import Learnt, Probe

FILE = """
schema = 1
name = "pets"
license = "CC0-1.0"
source = "own work"
templates = ["a photo of a {}.", "a drawing of a {}."]
labels = ["cat", "dog", "cow"]
expected = [
    { model = "ViT-B/32", metric = "mean per-class recall", value = 0.9, source = "a paper" },
    { model = "RN50", metric = "top-1", value = 0.5, source = "a paper" },
    { model = "RN50", metric = "mIoU", value = 0.4, source = "another" },
]
"""


@pytest.fixture
def pets(tmp_path: Path) -> LabelSet:
    file = tmp_path / "pets.toml"
    file.write_text(FILE)
    return LabelSet.from_toml(file)


def test_what_was_published_stands_beside_the_same_metric(pets: LabelSet) -> None:
    found = made([0] * 8 + [1, 0], ["cat"] * 8 + ["dog", "dog"], pets, model="ViT-B/32")
    assert found.published == (
        Published("mean_per_class_recall", 0.9, 0.75, "ViT-B/32", "a paper"),
    )
    assert found.published[0].difference == pytest.approx(-0.15)
    assert found.accuracy == 0.9  # which is not what was published


def test_nothing_is_hinted_at_where_all_is_as_it_was_published(pets: LabelSet) -> None:
    found = made([0, 1], ["cat", "dog"], pets, model="RN50", templates=pets.templates)
    assert [row.metric for row in found.published] == ["accuracy"]
    assert found.hints == ("The published 0.4 is 'mIoU', which is not known here.",)


def test_another_metric_is_hinted_at(pets: LabelSet) -> None:
    found = made([0, 1], ["cat", "dog"], pets, model="ViT-B/32", templates=pets.templates)
    [hint] = found.hints
    assert "0.9 is mean per-class recall: compare `mean_per_class_recall` with it" in hint


def test_another_model_is_hinted_at(pets: LabelSet) -> None:
    found = made([0, 1], ["cat", "dog"], pets, model="tiny", templates=pets.templates)
    assert found.published == ()
    assert found.hints == (
        "The label set publishes no figure for 'tiny'. Those that it has: 'ViT-B/32', 'RN50'.",
    )


def test_other_templates_are_hinted_at_though_the_set_was_given_them(pets: LabelSet) -> None:
    own = pets.with_templates(["a {}."])
    [hint] = made([0, 1], ["cat", "dog"], own, model="tiny", templates=own.templates).hints[1:]
    assert "published with 2 templates, and these numbers come of one, 'a {}.'." in hint


def test_other_labels_are_hinted_at(pets: LabelSet) -> None:
    part = pets.only("cat", "dog")
    found = made([0, 1], ["cat", "dog"], part, model="tiny", templates=pets.templates)
    assert found.hints[1].startswith("The figures were published over 3 labels, and here are 2")


def test_a_set_whose_file_changed_or_went_is_not_compared(pets: LabelSet) -> None:
    own = pets.with_templates(["a {}."])
    Path(pets.provenance[0].file).write_text(FILE.replace("a drawing", "a sketch"))
    assert len(made([0, 1], ["cat", "dog"], own, model="tiny").hints) == 1
    Path(pets.provenance[0].file).unlink()
    assert len(made([0, 1], ["cat", "dog"], own, model="tiny").hints) == 1


@pytest.mark.parametrize("names", [("n01440764", "n01443537"), ("golden_retriever", "tabby_cat")])
def test_names_that_are_no_words_are_hinted_at(names: tuple[str, str]) -> None:
    [hint] = made([0, 1], [0, 1], LabelSet.from_names(names)).hints
    assert f"2 labels have names that are no words, such as {names[0]!r}" in hint
    spoken = tuple(Label(name, name, prompts=(f"a photo of {name}.",)) for name in names)
    assert made([0, 1], [0, 1], LabelSet("spoken", spoken)).hints == ()


def test_bare_names_as_prompts_are_hinted_at() -> None:
    [hint] = made([0, 1], [0, 1], "ab", templates=("{}",)).hints
    assert "bare names" in hint


def test_positions_that_count_from_1_are_hinted_at_by_what_is_no_label() -> None:
    unknown = (UnknownTruth("z.png", 3),)
    [hint] = made([0, 1], [1, 2], "abc", unknown=unknown).hints
    assert "holds the position 3 and no 0" in hint
    assert made([0, 1], [0, 1], "abc", unknown=unknown).hints == ()
    assert made([0, 1], [1, 2], "abc", unknown=(UnknownTruth("z", "cow"),)).hints == ()


def test_another_order_is_hinted_at_first() -> None:
    truth = np.random.default_rng(0).integers(26, size=500)
    [hint] = made(truth, ((truth + 1) % 26).tolist()).hints
    assert hint.startswith("The truth fits far better if its numbers are counted from 1")


def test_a_sum_with_another_set_is_told_from_the_set_of_the_figures(pets: LabelSet) -> None:
    more = pets | LabelSet.from_names(["ant"])
    found = made([0, 1], [0, 1], more, model="tiny").hints
    assert found[1].startswith("The figures were published over 3 labels, and here are 4")
    assert len(found) == 2


def test_what_a_probe_did_not_see_is_not_hinted_at(pets: LabelSet) -> None:
    said = [0, 1, 1], ["cat", "dog", "dog"], pets
    bare = made(*said, model="RN50", templates=("{}",))
    assert "bare names" in bare.hints[0]
    assert "published with 2 templates" in bare.hints[-1]
    weights = np.zeros((0, 8), np.float32)
    for start, names in (("zero", 0), ("text", 1)):
        probe = Probe(pictures=9, c=1.0, start=start, weights=weights, bias=weights[:, 0])
        learnt = Learnt(probe=probe)
        found = made(*said, model="RN50", templates=("{}",), learnt=learnt).hints
        assert sum("bare names" in hint for hint in found) == names
        assert found[-1].startswith("Figures are published of zero shots")


def test_a_published_metric_that_is_not_of_several_labels_is_not_advised(pets: LabelSet) -> None:
    one = made([0, 1], ["cat", "dog"], pets, model="ViT-B/32", templates=pets.templates)
    assert "compare `mean_per_class_recall`" in one.hints[0]
    several = replace(one, truth=np.eye(3, dtype=bool)[:2])
    [hint] = several.hints
    assert hint.endswith(
        "of classifiers that give one label for each picture: no metric here is that."
    )
