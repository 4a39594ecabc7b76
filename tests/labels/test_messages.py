"""Messages about labels: however much is wrong, they can be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zsclip.authoring import check_labelset
from zsclip.errors import LabelSetFormatError, ZsclipError
from zsclip.head import Head
from zsclip.labels import Group, Label, LabelSet, load_labelset
from zsclip.spelling import parse_labels

NAMES = [f"bird {i}" for i in range(10_000)]
LONG = "very " * 100_000 + "long"
CIRCLE = tuple(Group(f"g{i}", f"g{i}", f"g{(i + 1) % 1000}") for i in range(1000))
TOML = 'schema = 1\nname = "garden"\nlicense = "MIT"\nsource = "own"\nlabels = [{}]\n'


def read_file(folder: Path, name: str, text: str) -> LabelSet:
    (folder / name).write_text(text)
    return parse_labels(folder / name)


def put_together() -> LabelSet:
    return LabelSet.from_names(NAMES) | LabelSet.from_names(NAMES, name="others")


def with_prompts(*prompts: str) -> LabelSet:
    return LabelSet("x", (Label("a", "a", prompts=prompts), Label("b", "b", prompts=prompts)))


MANY: dict[str, Callable[[Path], object]] = {
    "doubled names": lambda _: LabelSet.from_names([*NAMES, *NAMES]),
    "doubled keys": lambda _: Head.of({f" {name}": [name] for name in NAMES}),
    "doubled phrases": lambda _: Head.of({"bird": NAMES, "more": NAMES}),
    "doubled names on the command line": lambda _: parse_labels(",".join([*NAMES, *NAMES])),
    "a text file": lambda folder: read_file(folder, "a.txt", "\n".join([*NAMES, *NAMES])),
    "a table": lambda folder: read_file(folder, "a.csv", "name\n" + "\n".join([*NAMES, *NAMES])),
    "a table of too many cells": lambda folder: read_file(
        folder, "a.csv", "name\n" + "\n".join(f"{name},x" for name in NAMES)
    ),
    "a label-set file": lambda folder: read_file(folder, "a.toml", TOML.format("1," * 10_000)),
    "unknown keys": lambda folder: read_file(
        folder, "a.toml", TOML.format('"a"') + "".join(f"k{i} = 1\n" for i in range(2000))
    ),
    "templates": lambda _: Head.of(["cat", "dog"], [f"a {i}" for i in range(10_000)]),
    "doubled templates": lambda _: Head.of(["cat", "dog"], ["a {}."] * 10_000),
    "sets that clash": lambda _: put_together(),
    "two labels that share many texts": lambda _: (
        LabelSet("x", (Label("a", "a", tuple(NAMES)),))
        | LabelSet("y", (Label("b", "b", tuple(NAMES)),))
    ),
    "a circle of parents": lambda _: LabelSet("x", (Label("a", "a", parent="g0"),), groups=CIRCLE),
    "files between commas": lambda _: parse_labels(",".join(f"{name}.txt" for name in NAMES)),
    "invisible characters": lambda _: LabelSet.from_names(
        ["a" + "".join(map(chr, range(0xD800, 0xDFFF))) + "b", "c"]
    ),
    "a long name": lambda _: LabelSet.from_names([f" {LONG}", "cat"]),
    "a long name twice": lambda _: LabelSet.from_names([LONG, LONG]),
    "a long alias of two": lambda _: LabelSet.from_names(
        [Label("a", "a", (LONG,)), Label("b", "b", (LONG,))]
    ),
    "a long template": lambda _: Head.of(["cat", "dog"], [LONG]),
    "a long prompt": lambda _: with_prompts(LONG),
    "a long text for a list": lambda _: LabelSet.from_names(LONG),
    "a long text for templates": lambda _: Head.of(["cat", "dog"], LONG),
    "a large thing for a name": lambda _: LabelSet.from_names([NAMES, "cat"]),  # type: ignore[list-item]
    "a long id": lambda _: LabelSet("x", (Label(LONG, "a"), Label(LONG, "b"))),
    "a long parent": lambda _: LabelSet("x", (Label("a", "a", parent=LONG),)),
    "a long part": lambda _: LabelSet.from_names(["a", "b"]).only(LONG),
    "a long key": lambda _: LabelSet.from_names(["a", "b"])[LONG],
    "a long name of a set": lambda _: load_labelset(LONG),
}


@pytest.mark.parametrize("ask", MANY.values(), ids=MANY)
def test_a_message_is_no_longer_than_a_screen(
    ask: Callable[[Path], object], tmp_path: Path
) -> None:
    with pytest.raises(ZsclipError) as caught:
        ask(tmp_path)
    assert 20 < len(str(caught.value)) < 10_000


def test_how_many_problems_there_are_more_is_told_and_all_are_at_hand(tmp_path: Path) -> None:
    with pytest.raises(LabelSetFormatError) as caught:
        MANY["a text file"](tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 + 20 + 1
    assert lines[0].endswith("breaks the rules in 10000 places of label sets:")
    assert lines[-1] == "  and 9,980 more."
    assert len(caught.value.problems) == 10_000
    assert len(check_labelset(tmp_path / "a.txt")) == 10_000


def test_an_author_s_list_of_problems_holds_short_ones() -> None:
    class Words:
        context_length = 77

        def count_tokens(self, texts: list[str]) -> list[int]:
            return [len(text.split()) for text in texts]

    long = LabelSet.from_names(["very " * 1900 + "long", "cat"])
    [problem] = check_labelset(long, encoder=Words())  # type: ignore[arg-type]
    assert "has 1906 tokens" in problem
    assert len(problem) < 1000
