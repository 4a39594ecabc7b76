"""The label-set file that a set is written as."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zsclip.authoring import check_labelset
from zsclip.errors import LabelError, ParameterTypeError
from zsclip.labels import Expected, Group, Label, LabelSet

BIRDS = LabelSet(
    "garden-birds",
    (
        Label("robin", "robin", ("redbreast", 'the "Robin"'), parent="songbird"),
        Label("tit-blue", "blue tit", parent="tit"),
        Label("wren", "wren", prompts=("a wren", "Zaunkönig's")),
        Label("owl", "owl"),
    ),
    groups=(Group("songbird", "songbird"), Group("tit", "tit", "songbird"), Group("x", "any")),
    templates=("a {}.", 'a "{}", don\'t', 'a "{}" bird'),
    null_prompts=("a garden", 'a "bird"'),
    license="CC0-1.0",
    source="own work",
    title="Birds",
    description="Seen from the window. " * 6 + '\n\nIn "winter" only: C:\\birds, """quoted"""',
    citation="A.\nB.",
    language="en",
    expected=(Expected("ViT-B/32", "top-1", 0.5, "a paper"), Expected("RN50", "top-1", 1, "it")),
)

WRITTEN = r'''schema = 1
name = "garden-birds"
title = "Birds"
description = """
Seen from the window. Seen from the window. Seen from the window. Seen from the window. Seen from \
the window. Seen from the window. 

In "winter" only: C:\\birds, \"\""quoted\"\"\""""
license = "CC0-1.0"
source = "own work"
citation = """
A.
B."""
language = "en"

templates = [
    "a {}.",
    "a \"{}\", don't",
    'a "{}" bird',
]

null_prompts = [
    "a garden",
    'a "bird"',
]

groups = [
    "songbird",
    { id = "tit", parent = "songbird" },
    { id = "x", name = "any" },
]

labels = [
    { name = "robin", aliases = ["redbreast", 'the "Robin"'], parent = "songbird" },
    { id = "tit-blue", name = "blue tit", parent = "tit" },
    { name = "wren", prompts = ["a wren", "Zaunkönig's"] },
    "owl",
]

[[expected]]
model = "ViT-B/32"
metric = "top-1"
value = 0.5
source = "a paper"

[[expected]]
model = "RN50"
metric = "top-1"
value = 1.0
source = "it"
'''  # noqa: W291 - white space within a text is kept


def test_a_set_is_written_as_a_person_would(tmp_path: Path) -> None:
    assert BIRDS.to_toml() == WRITTEN
    path = tmp_path / "garden-birds.toml"
    path.write_text(BIRDS.to_toml(), encoding="utf-8")
    assert check_labelset(path) == []
    assert replace(LabelSet.from_toml(path), provenance=()) == BIRDS


def test_white_space_around_prose_is_no_part_of_it() -> None:
    assert replace(BIRDS, source=" own work\n", description="\n ", citation="\tC").citation == "C"
    assert replace(BIRDS, source=" own work\n").to_toml() == WRITTEN


def test_lines_are_broken_where_a_space_stands_alone() -> None:
    long, spaced = "x" * 130, "a  b " * 40
    text = replace(BIRDS, description=f"{long} {long} y", source=spaced).to_toml()
    assert f'description = """\n{long} \\\n{long} \\\ny"""\n' in text
    for line in text.split('source = """\n')[1].split('"""')[0].splitlines():
        assert len(line) <= 100
        assert not line.startswith(" ")


def test_what_nobody_can_see_is_written_by_its_number() -> None:
    odd = Label("a\u00a0b", "x\u3000y", ("می\u200cخواهم", "\U000e0041"))
    text = replace(BIRDS, labels=(odd, *BIRDS.labels)).to_toml()
    assert r'id = "a\u00a0b", name = "x\u3000y"' in text
    assert 'aliases = ["می\u200cخواهم", "\\U000e0041"]' in text


def test_license_and_source_have_to_be_said() -> None:
    pets = LabelSet.from_names(["cat", "dog"], name="pets")
    with pytest.raises(LabelError) as caught:
        pets.to_toml()
    assert str(caught.value) == (
        "The label set 'pets' says no license and no source, and a file has to. "
        'Write to_toml(license="...", source="...").'
    )
    with pytest.raises(LabelError, match=r'says no source, .* Write to_toml\(source="\.\.\."\)'):
        pets.to_toml(license="MIT")
    assert pets.to_toml(license="MIT", source="own", name="my-pets").startswith(
        'schema = 1\nname = "my-pets"\nlicense = "MIT"\nsource = "own"\n\nlabels = [\n    "cat",\n'
    )
    assert 'license = "MIT"' in BIRDS.to_toml(license="MIT")


def test_what_a_file_could_not_say_is_refused_in_code() -> None:
    with pytest.raises(LabelError, match="title: starts or ends with white space"):
        replace(BIRDS, title=" Birds")
    with pytest.raises(LabelError, match=r"description: holds characters .*U\+0000"):
        replace(BIRDS, description="a\0b")
    with pytest.raises(LabelError, match=r"expected\[0\]\.value: must be a finite number"):
        replace(BIRDS, expected=(Expected("m", "x", float("nan"), "s"),))
    with pytest.raises(LabelError, match=r"expected\[0\]\.metric: is empty"):
        replace(BIRDS, expected=(Expected("m", "", 1, "s"),))
    with pytest.raises(ParameterTypeError, match="`title` of a LabelSet must be a text, got None"):
        replace(BIRDS, title=None)  # type: ignore[arg-type]
    with pytest.raises(ParameterTypeError, match=r"`provenance\[0\]` must be a Provenance"):
        replace(BIRDS, provenance=("file",))  # type: ignore[arg-type]


def test_a_text_that_the_reader_would_take_for_a_key_without_end_is_refused() -> None:
    with pytest.raises(LabelError, match="makes no file that can be read:\n  - R1 file: chains a"):
        replace(BIRDS, citation=".".join("a" * 101)).to_toml()
