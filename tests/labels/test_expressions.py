"""Label sets as users spell them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.errors import (
    LabelError,
    LabelNotFoundError,
    LabelSetNotFoundError,
    LabelSetUnreadableError,
    ParameterError,
    ParameterTypeError,
    ZsclipError,
)
from zsclip.labels import LabelSet, load_labelset, parse_labels

PLACES = """
schema = 1
name = "places"
license = "MIT"
source = "own work"
templates = ["at the {}."]
groups = ["out", "in"]
labels = [
    { id = "/a/abbey", name = "abbey", parent = "in" },
    { id = "b+", name = "beach", parent = "out" },
    { id = "c", name = "canyon", parent = "out" },
]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Callable[..., Path]) -> None:
    """In a folder with files of every kind, and with two sets installed."""
    install("test-garden", sets={"garden": None, "places": PLACES})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def test_an_installed_set() -> None:
    assert parse_labels("garden") == load_labelset("garden")
    assert parse_labels("test-garden:garden") == load_labelset("garden")


def test_a_part_of_a_set() -> None:
    places = load_labelset("places")
    assert parse_labels("places/out") == places.only("out")
    assert parse_labels("test-garden:places/out") == places.only("out")


def test_several_sets_and_parts_that_are_a_single_label() -> None:
    garden, places = load_labelset("garden"), load_labelset("places")
    assert parse_labels("places+garden") == places | garden
    assert parse_labels("garden+places/out") == garden | places.only("out")
    both = parse_labels("places//a/abbey+garden/house sparrow")
    assert both.ids == ("/a/abbey", "house sparrow")
    assert both["house sparrow"].aliases == ("sparrow",)
    assert both["/a/abbey"].parent == "in"
    assert len(both.provenance) == 2


def test_what_a_part_or_several_sets_are_called_spells_them() -> None:
    places, garden = load_labelset("places"), load_labelset("garden")
    for labelset in (places.only("out"), places | garden, places.only("out") | garden):
        assert parse_labels(labelset.name) == labelset


def test_files_by_their_endings() -> None:
    Path("pets.toml").write_text(PLACES.replace("places", "other"))
    Path("pets.txt").write_text("cat\ndog\n")
    Path("pets.csv").write_text("name,parent\ncat,small\ndog,small\ncow,\n")

    assert parse_labels("pets.toml") == LabelSet.from_toml("pets.toml")
    assert parse_labels("pets.txt") == LabelSet.from_txt("pets.txt")
    assert parse_labels("./pets.csv").labels == LabelSet.from_csv("pets.csv").labels
    assert parse_labels("pets.csv/small").names == ("cat", "dog")
    assert parse_labels("pets.csv/cow+pets.toml/out").ids == ("cow", "b+", "c")
    assert parse_labels(str(Path("pets.toml").resolve())).name == "other"
    assert parse_labels("pets.txt+garden").name == "pets+garden"


def test_a_plus_or_an_ending_within_a_path() -> None:
    Path("c++.csv").mkdir()
    Path("c++.csv/a+b.txt").write_text("cat\ndog\n")
    for spelling in ("c++.csv/a+b.txt", "./c++.csv/a+b.txt"):
        assert parse_labels(spelling).names == ("cat", "dog")
    assert parse_labels("garden+c++.csv/a+b.txt+places").name == "garden+a+b+places"


def test_folders_are_written_as_such() -> None:
    for name in ("garden", "photos"):
        for label in ("lily", "rose"):
            Path(name, label).mkdir(parents=True)

    assert parse_labels("garden") == load_labelset("garden")
    assert parse_labels("garden/").names == parse_labels("./garden").names == ("lily", "rose")
    assert parse_labels(str(Path("photos").resolve())).name == "photos"
    assert parse_labels("photos/+places").name == "photos+places"
    with pytest.raises(LabelSetNotFoundError, match="in 'photos' write 'photos/'"):
        parse_labels("photos")
    with pytest.raises(
        LabelNotFoundError, match="'garden' has no label with the id or name 'rose'"
    ):
        parse_labels("garden/rose")


def test_templates_are_those_of_every_part() -> None:
    both = parse_labels("places+garden", templates=["one {}"])
    assert both.templates == ("one {}",)
    assert not any(label.prompts for label in both)
    assert parse_labels("places/out", templates=["one {}"]).templates == ("one {}",)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("gardens", LabelSetNotFoundError, "named 'gardens'. Did you mean 'garden'?"),
        ("gardens/robin", LabelSetNotFoundError, "named 'gardens'. Did you mean 'garden'?"),
        ("garden/robbin", LabelNotFoundError, "Did you mean 'robin'?"),
        ("garden/robin", LabelError, "'garden/robin' has one label, 'robin', and a label set has"),
        (
            "garden+garden",
            LabelError,
            "The label sets 'garden' and 'garden' cannot be put together",
        ),
        ("garden+", ParameterError, "`labels` must name a label set before and after each +"),
        ("+", ParameterError, "before and after each +, got '+'"),
        ("", LabelSetNotFoundError, "No installed label set is named ''"),
        ("nowhere.csv", LabelSetUnreadableError, "Cannot read the labels file 'nowhere.csv'"),
        ("nowhere.toml/x", LabelSetUnreadableError, "the label-set file 'nowhere.toml': No such"),
        ("./nowhere", LabelSetUnreadableError, "Cannot read the folder './nowhere': No such file"),
        (3, ParameterTypeError, "`text` must be a text, got 3"),
    ],
)
def test_what_cannot_be_read(text: str, error: type[ZsclipError], message: str) -> None:
    with pytest.raises(error) as caught:
        parse_labels(text)
    assert message in str(caught.value)


def test_a_file_of_another_kind() -> None:
    Path("names.json").write_text("[]")
    for spelling in ("names.json", "./names.json"):
        with pytest.raises(
            ParameterError, match=r"a \.toml, \.txt or \.csv file, or a folder, got"
        ):
            parse_labels(spelling)


@given(st.text(st.sampled_from("gardenplaces+/.:, \0~txcsvoml-")) | st.text())
def test_no_spelling_ends_in_a_traceback(text: str) -> None:
    try:
        parse_labels(text)
    except ZsclipError as error:
        str(error).encode(errors="surrogatepass")
