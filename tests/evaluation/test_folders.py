"""Class folders as truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsclip import Label, LabelSet, UnknownTruth
from zsclip.errors import ImageError, LabelNotFoundError, ParameterError, ParameterTypeError
from zsclip.evaluation import find_truth

PETS = LabelSet(
    "pets",
    (Label("n01", "tabby cat", ("kitten",)), Label("n02", "dog"), Label("n03", "black-footed fox")),
)


def place(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def test_folders_are_labels_by_id_name_alias_or_in_words(tmp_path: Path) -> None:
    place(tmp_path, "n02/1.png", "Tabby_Cat/2.png", "kitten/3.png", "black-footed_fox/a/4.png")
    found = find_truth(tmp_path, PETS)
    said = {image.name: position for image, position in zip(found.images, found.truth, strict=True)}
    assert said == {"1.png": 1, "2.png": 0, "3.png": 0, "4.png": 2}
    assert found.unknown == ()


def test_pictures_in_no_folder_of_a_label_are_listed(tmp_path: Path) -> None:
    place(tmp_path, "dog/1.png", "loose.png", "notes.txt", "cow/2.png", "cow/b/3.png", ".git/4.png")
    found = find_truth(tmp_path, PETS)
    assert [image.name for image in found.images] == ["1.png"]
    assert found.unknown == (
        UnknownTruth(str(tmp_path / "cow/2.png"), "cow"),
        UnknownTruth(str(tmp_path / "cow/b/3.png"), "cow"),
        UnknownTruth(str(tmp_path / "loose.png"), None),
    )


def test_a_folder_of_other_folders_is_told_with_them(tmp_path: Path) -> None:
    place(tmp_path, "train/dog/1.png", "tset/dog/2.png")
    with pytest.raises(LabelNotFoundError, match=r"(?s)No folder.*class folders.*'train'.*'tset'"):
        find_truth(tmp_path, PETS)
    with pytest.raises(LabelNotFoundError, match="it holds none"):
        find_truth(tmp_path / "train" / "dog", PETS)


def test_folders_without_pictures_are_told(tmp_path: Path) -> None:
    (tmp_path / "dog").mkdir()
    place(tmp_path, "loose.png")
    with pytest.raises(ParameterError, match="hold no pictures; 1 lie"):
        find_truth(tmp_path, PETS)


def test_a_link_that_leads_nowhere_is_no_fault(tmp_path: Path) -> None:
    place(tmp_path, "dog/1.png")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "dog" / "circle").symlink_to("circle")
    (tmp_path / "gone").symlink_to("nowhere")
    assert find_truth(tmp_path, PETS).truth == (1,)
    assert LabelSet.from_folder(tmp_path).names == ("dog",)


def test_a_name_that_is_an_id_too_is_suggested_once(tmp_path: Path) -> None:
    place(tmp_path, "sparrow/1.png")
    with pytest.raises(LabelNotFoundError, match=r"Known: 'fish', 'frog'\.$"):
        find_truth(tmp_path, LabelSet.from_names(["fish", "frog"]))


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    place(tmp_path, "a.png")
    for path in (tmp_path / "none", tmp_path / "a.png", "a\0b"):
        with pytest.raises(ImageError, match="no folder that can be opened"):
            find_truth(path, PETS)
    with pytest.raises(ParameterTypeError):
        find_truth(3, PETS)  # type: ignore[arg-type]


def test_a_folder_that_means_two_labels_is_told(tmp_path: Path) -> None:
    place(tmp_path, "SS/1.png")
    labels = LabelSet("letters", (Label("ß", "sharp s"), Label("ss", "double s")))
    with pytest.raises(ParameterError, match="`folder SS` must mean one label"):
        find_truth(tmp_path, labels)
