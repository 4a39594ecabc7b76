"""Which picture goes where: nothing is touched, and nothing has two places."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sorted_pictures import listing, make_files, said_of

from zsclip import LabelSet, Origin, Prediction, ZeroShotClassifier
from zsclip.errors import ParameterError, ParameterTypeError, SortingError
from zsclip.sorting import Step, carry_out, pictures_to_sort, plan_sorting
from zsclip.sorting.names import numbered
from zsclip.testing import FakeEncoder


def steps(plan: object) -> dict[str, str]:
    return {step.source: step.target for step in plan.steps}  # type: ignore[attr-defined]


def test_each_picture_goes_to_its_label_and_those_of_one_name_get_numbers(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "in", "a.png", "x/a.png", "x/A.PNG", "x/y/b.png")
    results = said_of(
        folder, {"a.png": "cat", "x/a.png": "cat", "x/A.PNG": "cat", "x/y/b.png": "dog"}
    )
    plan = plan_sorting(results, folder, tmp_path / "out")
    assert steps(plan) == {
        "a.png": "cat/a.png",
        "x/a.png": "cat/a-2.png",
        "x/A.PNG": "cat/A-3.PNG",
        "x/y/b.png": "dog/b.png",
    }
    assert plan.counts == {"cat": 3, "dog": 1}
    assert not (tmp_path / "out").exists()


def test_no_number_is_tried_for_all_of_many_pictures_of_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def counted(name: str, n: int) -> str:
        tried.append(n)
        return numbered(name, n)

    monkeypatch.setattr("zsclip.sorting.plan.numbered", counted)
    names = [f"{i}/cover.png" for i in range(300)]
    folder = make_files(tmp_path / "in", *names)
    for n_new in (300, 0):
        plan = plan_sorting(said_of(folder, dict.fromkeys(names, "cat")), folder, tmp_path / "out")
        assert len({step.target for step in (*plan.steps, *plan.there)}) == 300
        assert len(plan.steps) == n_new
        assert len(tried) <= 2 * 300
        tried.clear()
        carry_out(plan)


def test_the_failed_go_apart_and_stay_where_pictures_are_moved(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "in", "a.png")
    results = said_of(folder, {"a.png": None})
    assert steps(plan_sorting(results, folder, tmp_path / "out")) == {"a.png": "_failed/a.png"}
    moving = plan_sorting(results, folder, tmp_path / "out", how="move")
    assert not moving.steps
    assert str(moving.left[0]) == f"{folder}/a.png: it is damaged. It is not moved."


def test_the_rejected_go_apart(swatches: Path, tmp_path: Path) -> None:
    engine = FakeEncoder(logit_scale=1)
    clf = ZeroShotClassifier(["a", "b"], encoder=engine, cache=False).rejecting(threshold=0.99)
    plan = plan_sorting(clf.classify_many(swatches), swatches, tmp_path / "out")
    assert set(plan.counts) == {"_none-of-these"}


def test_a_picture_of_several_labels_goes_to_each_and_is_never_moved(
    swatches: Path, tmp_path: Path
) -> None:
    several = ZeroShotClassifier(
        ["red", "green"], encoder=FakeEncoder(), multi_label=True, cache=False
    )
    results = several.classify_many(swatches)
    everywhere = plan_sorting(results, swatches, tmp_path / "out", above=0.0)
    assert everywhere.counts == {"green": 3, "red": 3}
    nowhere = plan_sorting(results, swatches, tmp_path / "out", above=1.0)
    assert nowhere.counts == {"_none-of-these": 3}
    assert plan_sorting(results, swatches, tmp_path / "out").counts.keys() <= {
        *("red", "green", "_none-of-these")
    }
    with pytest.raises(ParameterError, match="cannot be moved"):
        plan_sorting(results, swatches, tmp_path / "out", how="move")


def test_a_group_that_is_sure_enough_has_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "animals.toml"
    file.write_text(
        'schema = 1\nname = "animals"\nlicense = "CC0-1.0"\nsource = "own work"\n'
        'groups = ["bird"]\nlabels = [{ name = "owl", parent = "bird" }, '
        '{ name = "robin", parent = "bird" }, "cat"]\n'
    )
    labelset = LabelSet.from_toml(file)
    folder = make_files(tmp_path / "in", "a.png", "b.png", "c.png")
    origin = Origin(FakeEncoder().model_info, None, "animals", (), ("{}",), "0")
    shares = {"a.png": [0.5, 0.4, 0.1], "b.png": [0.9, 0.05, 0.05], "c.png": [0.4, 0.1, 0.5]}
    results = [
        Prediction(str(folder / name), np.array(scores, np.float32), labelset, origin)
        for name, scores in shares.items()
    ]
    plan = plan_sorting(results, folder, tmp_path / "out", deepest=0.8)
    assert steps(plan) == {
        "a.png": "bird/a.png",
        "b.png": "owl/b.png",
        "c.png": "_none-of-these/c.png",
    }


def test_a_label_keeps_its_name_beside_a_group_that_has_it_too(tmp_path: Path) -> None:
    file = tmp_path / "animals.toml"
    file.write_text(
        'schema = 1\nname = "animals"\nlicense = "CC0-1.0"\nsource = "own work"\n'
        'groups = [{ id = "birds", name = "Bird" }]\n'
        'labels = [{ name = "bird", parent = "birds" }, { name = "owl", parent = "birds" }]\n'
    )
    folder = make_files(tmp_path / "in", "a.png", "b.png")
    labelset = LabelSet.from_toml(file)
    origin = Origin(FakeEncoder().model_info, None, "animals", (), ("{}",), "0")
    results = [
        Prediction(str(folder / name), np.array(scores, np.float32), labelset, origin)
        for name, scores in {"a.png": [0.9, 0.1], "b.png": [0.5, 0.5]}.items()
    ]
    plan = plan_sorting(results, folder, tmp_path / "out", deepest=0.8)
    assert steps(plan) == {"a.png": "bird/a.png", "b.png": "Bird-2/b.png"}
    assert plan_sorting(results, folder, tmp_path / "out").counts == {"bird": 2}


def test_what_is_there_is_not_done_twice_and_others_of_its_name_stay(tmp_path: Path) -> None:
    folder, out = make_files(tmp_path / "in", "a.png", "x/a.png"), tmp_path / "out"
    make_files(out, "cat/a.png")  # somebody else's
    results = said_of(folder, {"a.png": "cat", "x/a.png": "cat"})
    carry_out(plan_sorting(results, folder, out))
    before = listing(out)
    assert set(before) == {"cat/a.png", "cat/a-2.png", "cat/a-3.png"}
    again = plan_sorting(results, folder, out)
    assert not again.steps
    assert [step.target for step in again.there] == ["cat/a-2.png", "cat/a-3.png"]
    assert again.counts == {"cat": 2}
    assert carry_out(again).undo_file is None
    assert listing(out) == before


def test_the_folder_sorted_into_is_not_sorted_again(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "in", "a.png", "sorted/cat/b.png", "z/c.png")
    (tmp_path / "in" / "link").symlink_to(folder / "sorted")
    found = [
        path.relative_to(folder).as_posix() for path in pictures_to_sort(folder, folder / "sorted")
    ]
    assert found == ["a.png", "z/c.png"]


def test_a_folder_in_the_one_sorted_into_is_sorted_unless_a_label_has_its_name(
    tmp_path: Path,
) -> None:
    inbox = make_files(tmp_path / "out" / "inbox", "b.png")
    assert [path.name for path in pictures_to_sort(inbox, tmp_path / "out")] == ["b.png"]
    with pytest.raises(ParameterError, match="would go into the folder that is sorted"):
        plan_sorting(said_of(inbox, {"b.png": "inbox"}, ("inbox", "cat")), inbox, tmp_path / "out")


def test_a_folder_is_not_sorted_into_itself(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "in", "a.png")
    (tmp_path / "same").symlink_to(folder)
    for into in (folder, tmp_path / "same"):
        with pytest.raises(ParameterError, match="must be another one"):
            pictures_to_sort(folder, into)
        with pytest.raises(ParameterError, match="must be another one"):
            plan_sorting([], folder, into)


def test_what_cannot_be_asked_for(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "in", "a.png")
    with pytest.raises(ParameterError, match="`how` must be"):
        plan_sorting([], folder, tmp_path / "out", how="burn")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="is no folder"):
        plan_sorting([], folder, folder / "a.png")
    with pytest.raises(ParameterError, match="does not lie in `folder`"):
        plan_sorting(said_of(tmp_path, {"b.png": "cat"}), folder, tmp_path / "out")
    with pytest.raises(ParameterTypeError):
        pictures_to_sort(folder, 3)  # type: ignore[arg-type]
    left = plan_sorting(said_of(folder, {"notes.txt": "cat"}), folder, tmp_path / "out").left
    assert left[0].reason == "it does not have the name of a picture."


def test_no_link_is_written_through(tmp_path: Path) -> None:
    folder, elsewhere = make_files(tmp_path / "in", "a.png"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "cat").symlink_to(elsewhere)
    with pytest.raises(SortingError, match="is a link or no folder"):
        plan_sorting(said_of(folder, {"a.png": "cat"}), folder, tmp_path / "out")


def test_what_is_reached_by_a_link_is_copied_and_not_moved(tmp_path: Path) -> None:
    folder = make_files(tmp_path / "in", "a.png")
    make_files(tmp_path / "else", "b.png")
    (folder / "b.png").symlink_to(tmp_path / "else" / "b.png")
    (folder / "far").symlink_to(tmp_path / "else")
    results = said_of(folder, {"a.png": "cat", "b.png": "cat", "far/b.png": "cat"})
    moving = plan_sorting(results, folder, tmp_path / "out", how="move")
    assert moving.steps == (Step("a.png", "cat/a.png"),)
    assert {os.path.relpath(left.path, folder) for left in moving.left} == {"b.png", "far/b.png"}
    carry_out(plan_sorting(results, folder, tmp_path / "out"))
    assert listing(tmp_path / "out")["cat/b.png"] == b"what is in b.png" * 100
    assert not (tmp_path / "out" / "cat" / "b.png").is_symlink()
