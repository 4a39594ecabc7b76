"""What `--labels` can be."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import zsclip
from zsclip import LabelSet, load_labelset
from zsclip.cli.classify import classify
from zsclip.cli.options import reading_options
from zsclip.errors import (
    LabelError,
    LabelSetFormatError,
    LabelSetNotFoundError,
    LabelSetUnreadableError,
    ParameterError,
)
from zsclip.images import Reading
from zsclip.spelling import parse_labels

# Whatever a label may be, without what separates two of them here.
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters=",#"),
    min_size=1,
).filter(lambda text: text == text.strip())
several = st.lists(words, min_size=2, max_size=6, unique_by=lambda text: text.casefold())


def test_every_limit_that_a_message_says_to_raise_is_a_field_and_an_option() -> None:
    package = Path(zsclip.__file__).parent
    texts = [file.read_text("utf-8") for file in package.rglob("*.py")]
    named = {name for text in texts for name in re.findall(r"raise_limit\([\"'](\w+)", text)}
    assert {"max_pixels", "max_bytes", "timeout"} <= named
    fields = {field.name for field in dataclasses.fields(Reading)}
    options = {option for param in classify.params for option in param.opts}
    assert named <= fields
    assert {f"--{name.replace('_', '-')}" for name in named} <= options


def as_made_in_code(names: list[str]) -> LabelSet | None:
    try:
        return LabelSet.from_names(names)
    except LabelError:
        return None


def plain(names: list[str]) -> bool:
    """Whether none of them could be taken for a file, a folder or a sum."""
    return not any(char in "./\\~+:" for name in names for char in name)


@given(several.filter(plain), st.sampled_from([",", ", ", " , "]))
def test_names_between_commas_are_those_names(names: list[str], comma: str) -> None:
    expected = as_made_in_code(names)
    if expected is None:
        with pytest.raises(LabelError):
            parse_labels(comma.join(names))
    else:
        assert parse_labels(comma.join(names)) == expected


@given(several, st.sampled_from(["\n", "\r\n", "\n\n", "\n# cat, dog\n", " \n\t"]), st.booleans())
def test_lines_of_a_file_are_names(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], end: str, marked: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "names.txt"
    lines = "".join(name + end for name in names)
    path.write_bytes((b"\xef\xbb\xbf" if marked else b"") + lines.encode())
    expected = as_made_in_code(names)
    if expected is None:
        with pytest.raises(LabelSetFormatError):
            parse_labels(str(path))
    else:
        made = parse_labels(str(path))
        assert made.names == expected.names
        assert made.name == "names"


def test_a_name_in_a_table_may_hold_commas(tmp_path: Path) -> None:
    path = tmp_path / "a,b.csv"
    path.write_text('"shirt, red"\n"shirt, blue"\n')
    assert parse_labels(str(path)).names == ("shirt, red", "shirt, blue")


def test_a_list_too_long_to_be_a_path_is_a_list() -> None:
    names = [f"animal number {i}" for i in range(1000)]
    assert parse_labels(",".join(names)).names == tuple(names)


def test_a_label_set_file_and_an_installed_set_are_read(
    tmp_path: Path, install: Callable[..., None]
) -> None:
    install()
    installed = parse_labels("garden")
    assert installed == load_labelset("garden") == parse_labels("test-garden:garden")
    path = tmp_path / "other.toml"
    path.write_bytes((tmp_path / "site-test_garden" / "test_garden" / "garden.toml").read_bytes())
    assert parse_labels(str(path)).labels == installed.labels


@pytest.mark.parametrize("content", [b"", b"\n# nothing but this\n", b"\xef\xbb\xbf"])
def test_an_empty_file_says_so_and_which(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(content)
    with pytest.raises(LabelSetFormatError, match="one label or more, got none") as caught:
        parse_labels(str(path))
    assert "names.txt" in str(caught.value)


def test_an_empty_label_set_file_breaks_the_rules(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    with pytest.raises(LabelSetFormatError):
        parse_labels(str(tmp_path / "empty.toml"))


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_bytes(b"caf\xe9\nbar\n")
    with pytest.raises(LabelSetUnreadableError, match="not UTF-8 text"):
        parse_labels(str(tmp_path / "names.txt"))


def test_labels_in_a_file_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "names.json").write_text('["cat", "dog"]')
    with pytest.raises(ParameterError, match=r"a \.toml, \.txt or \.csv file, or a folder"):
        parse_labels(str(tmp_path / "names.json"))


def test_parts_several_sets_tables_and_folders(
    tmp_path: Path, install: Callable[..., None]
) -> None:
    install()
    (tmp_path / "pets.csv").write_text("name,aliases\ncat,kitten\ndog,\n")
    for name in ("lily", "rose"):
        (tmp_path / "flowers" / name).mkdir(parents=True)
    garden = load_labelset("garden")
    assert parse_labels("garden/bird") == garden.only("bird")
    together = parse_labels(f"garden/tit+{tmp_path}/pets.csv+{tmp_path}/flowers/")
    assert together.ids == ("tit-blue", "cat", "dog", "lily", "rose")
    assert together["cat"].aliases == ("kitten",)


def test_templates_given_are_those_of_every_set(install: Callable[..., None]) -> None:
    install()
    together = parse_labels("garden/bird+cartoon-animals/fox", templates=["one {}"])
    assert together.templates == ("one {}",)
    assert not any(label.prompts for label in together)


def test_a_set_that_is_not_there_is_told_how_names_are_written() -> None:
    with pytest.raises(LabelSetNotFoundError, match="Classes are named between commas"):
        parse_labels("nothing-of-this-name/bird")


def test_how_pictures_are_read_is_told_by_options() -> None:
    @click.command()
    @reading_options
    def show(reading: Reading) -> None:
        click.echo(f"{reading.levels} {reading.strict}")

    def run(*args: str) -> str:
        return CliRunner().invoke(show, args, catch_exceptions=False).output.strip()

    assert run() == "auto False"
    assert run("--levels", "stretch", "--refuse-damaged") == "stretch True"
    assert run("--levels", "-5,4095.5") == "(-5.0, 4095.5) False"
    for wrong in ("wide", "1,x", "1,2,3", "5,5"):
        with pytest.raises(ParameterError, match="`levels` must be"):
            run("--levels", wrong)
