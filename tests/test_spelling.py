"""Label sets as users spell them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from growth import run_limited
from hypothesis import given
from hypothesis import strategies as st

from zsclip.errors import (
    LabelError,
    LabelNotFoundError,
    LabelSetFormatError,
    LabelSetNotFoundError,
    LabelSetUnreadableError,
    ParameterError,
    ParameterTypeError,
    ZsclipError,
)
from zsclip.labels import LabelSet, load_labelset
from zsclip.spelling import parse_labels, parse_spelling

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
    with pytest.raises(LabelSetNotFoundError, match="For the folder write 'photos/'"):
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
        (3, ParameterTypeError, "`labels` must be a text, a path or an open file, got 3"),
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


# ------------------------------------------------------------------------------ what looks like it


def test_names_between_commas() -> None:
    assert parse_labels("cat, a red dog ,cow") == LabelSet.from_names(["cat", "a red dog", "cow"])
    assert parse_labels("cat,dog", templates=["a {}"]).templates == ("a {}",)
    # A set may be called by a word, and that word is a class among others.
    assert parse_labels("garden,street").names == ("garden", "street")
    with pytest.raises(LabelError, match="is empty"):
        parse_labels("cat,")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("garden,places", "plus signs: garden+places."),
        ("garden/bird,fish", "plus signs: garden/bird."),
        ("fish,garden + places", "plus signs: garden + places."),
        ("test-garden:garden,fish", "plus signs: test-garden:garden."),
        ("cat,fish+garden", "plus signs: fish+garden."),
        ("names.txt,more.txt", "plus signs: names.txt+more.txt."),
        ("cat,birds.toml", "plus signs: birds.toml."),
        ("garden+birds.csv,cat", "plus signs: garden+birds.csv."),
        ("../here,cat", "plus signs: ../here."),
        ("garden-0.1-py3-none-any.whl,cat", "plus signs: garden-0.1-py3-none-any.whl."),
    ],
)
def test_sets_and_files_between_commas_are_told_how_they_are_spelled(text: str, right: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parse_labels(text)
    assert right in str(caught.value)


def test_spaces_around_what_is_put_together() -> None:
    places = load_labelset("places")
    assert parse_labels(" places + garden ") == places | load_labelset("garden")
    assert parse_labels("places/out +garden/robin").ids == ("b+", "c", "robin")


def test_a_comma_within_a_path() -> None:
    Path("a,b").mkdir()
    Path("a,b/c,d.txt").write_text("cat\ndog\n")
    assert parse_labels("a,b/c,d.txt").names == ("cat", "dog")
    assert parse_labels("a,b/c,d.txt + garden").name == "c,d+garden"


def test_a_label_set_package_is_no_folder_of_class_folders() -> None:
    for folder in ("tests", "dist", "zsclip_labels_birds"):
        Path("birds", folder).mkdir(parents=True)
    Path("birds/pyproject.toml").touch()
    file = Path("birds/zsclip_labels_birds/birds.toml")
    file.write_text(PLACES)
    for spelling in ("./birds", "birds/", Path("birds")):
        with pytest.raises(LabelSetUnreadableError, match=f"is a package.*write '{file}'"):
            parse_labels(spelling)
    assert parse_labels(str(file)).name == "places"
    with pytest.raises(LabelSetUnreadableError, match="Install it, and give the name"):
        parse_labels("birds-0.1-py3-none-any.whl")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("cat, dog, cow\n", "R4 line 1: has a comma: 'cat, dog, cow' would be one name. Write one"),
        ("cat,\ndog,\ncow\n", "R4 line 1: has a comma, as 2 lines do: 'cat,' would be"),
        ("# pets\n- cat\n- dog\n", "R4 line 2: has a bullet, as 2 lines do: '- cat' would be"),
        ("cat\n* dog\n", "R4 line 2: has a bullet: '* dog' would be one name. Write the names"),
        ("1. cat\n2. dog\n", "R4 line 1: has a number before each name, as 2 lines do: '1. cat'"),
        ("0 cat\n1 dog\n2 cow\n", "R4 line 1: has a number before each name, as 3 lines do"),
    ],
)
def test_lines_that_look_like_lists_are_asked_about(content: str, problem: str) -> None:
    Path("names.txt").write_text(content)
    with pytest.raises(LabelSetFormatError) as caught:
        parse_labels("names.txt")
    assert caught.value.problems[0].startswith(problem)
    assert len(LabelSet.from_txt("names.txt")) == content.count("\n") - content.count("#")


def test_names_with_numbers_and_hyphens_in_a_file() -> None:
    names = ["7 up", "2 CV", "-", "1950s car", "t-shirt", "3D model", "(none)"]
    Path("names.txt").write_text("\n".join(names))
    assert parse_labels("names.txt").names == tuple(names)


def test_paths_and_open_files_work_as_their_texts_do() -> None:
    Path("pets").write_text("# pets\ncat\n\ndog\n")
    Path("pets.csv").write_text("name,parent\ncat,small\ndog,small\n")
    Path("photos/lily").mkdir(parents=True)
    assert parse_labels(Path("photos")).labels == parse_labels("./photos").labels
    table = parse_labels("pets.csv")
    with Path("pets.csv").open() as text, Path("pets.csv").open("rb") as data:
        assert parse_labels(Path("pets.csv")) == parse_labels(text) == parse_labels(data) == table
    with Path("pets").open("rb") as unnamed:
        assert parse_labels(unnamed).names == ("cat", "dog")
    assert parse_labels(io.StringIO("cat\ndog\n")).names == ("cat", "dog")
    with pytest.raises(ParameterError, match=r"a \.toml, \.txt or \.csv file"):
        parse_labels(Path("pets"))


def test_an_ending_alone_is_a_file_that_is_not_there() -> None:
    for spelling in (".toml", ".txt", ".csv", "x/.toml"):
        with pytest.raises(LabelSetUnreadableError):
            parse_labels(spelling)


def test_thousands_of_plus_signs_take_no_time() -> None:
    began = time.process_time()
    for text in ("+" * 3000, "a+" * 3000, ".txt+" * 1000, "./" + "+" * 3000):
        with pytest.raises(ZsclipError) as caught:
            parse_labels(text)
        assert len(str(caught.value)) < 1000
    assert time.process_time() - began < 5


def test_a_sum_of_more_sets_than_may_be_is_refused_before_any_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zsclip.spelling.read_installed", pytest.fail)
    for count in (101, 100_000):
        with pytest.raises(ParameterError, match=rf"100 sets together at most, got {count:,} "):
            parse_labels("+".join(f"set-{i}" for i in range(count)))
    assert len(parse_spelling("+".join(f"set-{i}" for i in range(100))).terms) == 100


def test_each_label_of_a_sum_is_gone_over_as_often_as_it_has_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(64):
        (tmp_path / f"{i}.txt").write_text(f"a{i}\nb{i}\n")
    gone_over = []
    put_together = LabelSet.__or__

    def counted(one: LabelSet, other: LabelSet) -> LabelSet:
        gone_over.append(len(one) + len(other))
        return put_together(one, other)

    monkeypatch.setattr(LabelSet, "__or__", counted)
    whole = parse_labels("+".join(f"{tmp_path}/{i}.txt" for i in range(64)))
    assert whole.names == tuple(f"{letter}{i}" for i in range(64) for letter in "ab")
    assert sum(gone_over) == 6 * 128


def test_a_path_with_thousands_of_endings_is_looked_up_as_far_as_paths_go(tmp_path: Path) -> None:
    program = """
from zsclip.spelling import parse_labels
for text in ("a.toml/" * 400_000, "./b.txt/" * 400_000 + "+c.txt"):
    try:
        parse_labels(text)
    except ValueError as error:
        print(type(error).__name__)
    except OSError as error:
        print(type(error).__name__)
"""
    printed = run_limited(program, folder=tmp_path)
    assert printed == "LabelSetUnreadableError\nLabelSetUnreadableError\n"


def test_what_was_understood() -> None:
    understood = parse_spelling("garden/bird + names.txt/cat + photos/")
    assert (understood.kind, understood.text) == ("sum", "garden/bird + names.txt/cat + photos/")
    assert [(term.kind, term.text, term.part) for term in understood.terms] == [
        ("installed", "garden", "bird"),
        ("file", "names.txt", "cat"),
        ("folder", "photos/", ""),
    ]
    assert parse_spelling("x-1.tar.gz").is_distribution
    assert parse_spelling("cat,dog").names == ("cat", "dog")


@given(st.text(st.sampled_from("gardenplaces+/.:, \0~txcsvoml-")) | st.text())
def test_no_spelling_ends_in_a_traceback(text: str) -> None:
    try:
        parse_labels(text)
    except ZsclipError as error:
        str(error).encode(errors="surrogatepass")
