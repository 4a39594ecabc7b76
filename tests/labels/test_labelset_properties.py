"""No input ends in a traceback: files and names made by hypothesis."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.errors import (
    LabelError,
    LabelSetError,
    LabelSetFormatError,
    LabelSetVersionError,
)
from zsclip.labels import Label, LabelSet
from zsclip.labels.labelset import labelset_of
from zsclip.labels.rules import fold
from zsclip.labels.toml import read_toml

# All of Unicode but lone surrogates, which no file in UTF-8 can hold.
TEXT = st.text(max_size=6)
WORD = st.text(st.sampled_from("abAéÉ \n\u200b{}"), max_size=4)
SCALAR = (
    TEXT
    | WORD
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.times()
    | st.datetimes()
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORD, inner, max_size=4),
    max_leaves=8,
)
LABEL = WORD | st.fixed_dictionaries(
    {},
    optional={
        "id": WORD | VALUE,
        "name": WORD | VALUE,
        "aliases": st.lists(WORD) | VALUE,
        "prompts": st.lists(WORD) | VALUE,
        "parent": WORD | VALUE,
        "extra": VALUE,
    },
)
FILE = st.fixed_dictionaries(
    {},
    optional={
        "schema": st.just(1) | VALUE,
        "name": WORD | VALUE,
        "license": WORD | VALUE,
        "source": TEXT | VALUE,
        "description": TEXT | VALUE,
        "templates": st.lists(WORD) | VALUE,
        "groups": st.lists(LABEL, max_size=4) | VALUE,
        "labels": st.lists(LABEL, max_size=5) | VALUE,
        "expected": st.lists(st.dictionaries(st.sampled_from(["model", "value"]), VALUE)) | VALUE,
        "extra": VALUE,
    },
)


def toml(value: Any) -> str:
    """A value as TOML that stands on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # JSON writes characters beyond U+FFFF as two surrogates, which TOML forbids.
        return re.sub(r"[\x7f]", r"\\u007f", json.dumps(value, ensure_ascii=False))
    if isinstance(value, list):
        return f"[{', '.join(toml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{toml(k)} = {toml(v)}' for k, v in value.items())}}}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)


def assert_well_told(error: LabelSetError) -> None:
    str(error).encode()
    if isinstance(error, LabelSetVersionError):
        return
    assert isinstance(error, LabelSetFormatError)
    assert error.problems
    rules = [int(problem.split()[0].removeprefix("R")) for problem in error.problems]
    assert rules == sorted(rules)
    assert set(rules) <= set(range(1, 12)) - {10}
    assert all(re.match(r"R\d+ \S.*: \S.*\.\s?", p, re.DOTALL) for p in error.problems)


def parse(data: bytes) -> LabelSet | None:
    """What the bytes give, or None after a well-told error."""
    try:
        return labelset_of(read_toml(data, file="x.toml"))
    except LabelSetError as error:
        assert_well_told(error)
        return None


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    assert parse(data) is None


@given(st.text(st.sampled_from("[]{}=.\"'\\#,_x1\n\ud7ff\U0001f98a"), max_size=60))
def test_any_punctuation(text: str) -> None:
    assert parse(text.encode()) is None


@given(FILE)
def test_any_values(table: dict[str, Any]) -> None:
    data = "".join(f"{key} = {toml(value)}\n" for key, value in table.items()).encode()
    parsed = parse(data)
    if parsed is not None:
        assert parsed.name == table["name"]
        assert len(parsed) == len(table["labels"])


@given(st.lists(LABEL, min_size=2, max_size=5), st.lists(WORD, max_size=3), st.lists(LABEL))
def test_a_file_with_good_keys_is_taken_as_it_is_or_refused(
    labels: list[Any], templates: list[str], groups: list[Any]
) -> None:
    head = 'schema = 1\nname = "x"\nlicense = "MIT"\nsource = "own"\n'
    lists = f"labels = {toml(labels)}\ntemplates = {toml(templates)}\ngroups = {toml(groups)}\n"
    parsed = parse((head + lists).encode())
    if parsed is None:
        return
    assert parsed.templates == tuple(templates)
    assert len(parsed.groups) == len(groups)
    for label, given_label in zip(parsed, labels, strict=True):
        if isinstance(given_label, str):
            assert label == Label(given_label, given_label)
        else:
            assert label.name == given_label["name"]
            assert label.id == given_label.get("id", label.name)
            assert list(label.aliases) == given_label.get("aliases", [])
            assert list(label.prompts) == given_label.get("prompts", [])
            assert label.parent == given_label.get("parent")


@pytest.mark.parametrize("opening", ["[", "{a=", "[{a="])
@pytest.mark.parametrize("depth", [10, 100, 1_000, 100_000])
def test_any_depth(opening: str, depth: int) -> None:
    assert parse(f"title = {opening * depth}".encode()) is None
    keys = ".".join("a" for _ in range(depth))
    assert parse(f"{keys} = 1".encode()) is None


ANY = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=4)


@given(st.lists(WORD | ANY, max_size=5), st.lists(WORD | ANY, max_size=3))
def test_any_names(names: list[str], templates: list[str]) -> None:
    try:
        made = LabelSet.from_names(names, templates=templates)
    except LabelError as error:
        str(error).encode()
        return
    assert made.names == made.ids == tuple(names)
    assert len({fold(name) for name in names}) == len(names) >= 1
    assert all(template.count("{}") == 1 for template in templates)
    assert all(text == text.strip() != "" for text in (*names, *templates))


@given(st.dictionaries(WORD | ANY, st.lists(WORD | ANY, max_size=3), max_size=4), st.lists(WORD))
def test_any_mapping(mapping: dict[str, list[str]], templates: list[str]) -> None:
    try:
        made = LabelSet.from_mapping(mapping, templates=templates)
    except LabelError as error:
        str(error).encode()
        return
    for label, phrases in zip(made, mapping.values(), strict=True):
        expected = [t.replace("{}", p) for p in phrases for t in templates or ["{}"]]
        assert list(label.prompts_with(["unused {}"])) == expected
