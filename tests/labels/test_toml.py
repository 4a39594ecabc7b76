"""The rules for the file as a whole, each broken in an installed distribution: R1 to R4, R9."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zsclip.authoring import check_labelset
from zsclip.errors import LabelSetFormatError, LabelSetVersionError
from zsclip.labels import LabelSet, load_labelset

HEAD = 'schema = 1\nname = "garden"\nlicense = "CC0-1.0"\nsource = "own work"\n'
PAIR = 'labels = ["robin", "wren"]\n'


def labels(*rows: str) -> str:
    return HEAD + f"labels = [{', '.join(rows)}]\n"


BREACHES: list[tuple[str, str | bytes, str]] = [
    ("not UTF-8", b'name = "\xff"', "R1 file: is not UTF-8 (byte 0xff at offset 8)."),
    ("UTF-16", (HEAD + PAIR).encode("utf-16"), "R1 file: is UTF-16."),
    ("byte-order mark", b"\xef\xbb\xbf" + (HEAD + PAIR).encode(), "R1 file: starts with a byte-or"),
    ("not TOML", "labels = [", "R1 file: is not TOML: Invalid value (at end of document)."),
    ("key twice", HEAD + HEAD, "R1 file: is not TOML: Cannot overwrite a value (at line 5"),
    ("nested lists", "x = " + "[" * 9000, "R1 file: nests its values too deeply"),
    ("nested tables", "x = " + "{a=" * 9000, "R1 file: nests its values too deeply"),
    ("key of keys", ".".join("a" * 10**5) + " = 1", "R1 file: chains a hundred keys with dots"),
    ("endless integer", f"x = {'9' * 5000}", "R1 file: holds a number of more than 4,300 digits."),
    ("endless float", f"x = [\n1.{'9' * 5000}e5]", "R1 file: holds a number of more than 4,300 d"),
    ("endless hexadecimal", f"x = 0x{'f' * 5000}", "R1 file: holds a number of more than 4,300 di"),
    ("surrogate", HEAD + 'labels = ["\\ud800", "b"]', "R1 file: is not TOML: "),
    ("no schema", HEAD.replace("schema = 1\n", "") + PAIR, "R2 schema: is missing."),
    ("schema a text", HEAD.replace("1", "'1'", 1) + PAIR, "R2 schema: must be the integer 1"),
    ("schema a bool", HEAD.replace("1", "true", 1) + PAIR, "R2 schema: must be the integer 1"),
    ("schema a float", HEAD.replace("1", "1.0", 1) + PAIR, "R2 schema: must be the integer 1"),
    ("schema zero", HEAD.replace("1", "0", 1) + PAIR, "R2 schema: must be the integer 1, got 0."),
    ("other name", HEAD.replace("garden", "park") + PAIR, "R3 name: must be 'garden'"),
    (
        "no name",
        HEAD.replace('name = "garden"\n', "") + PAIR,
        'R3 name: is missing. Write name = "g',
    ),
    (
        "unknown key",
        HEAD + PAIR + 'licence = "x"',
        "R4 licence: is no key that belongs here. Did y",
    ),
    ("odd key", HEAD + PAIR + '"a\\nb" = 1', "R4 'a\\nb': is no key"),
    (
        "unknown label key",
        labels('{ name = "a", alias = "b" }', '"c"'),
        "R4 labels[0].alias: is no k",
    ),
    (
        "unknown group key",
        HEAD + PAIR + 'groups = [{ id = "g", x = 1 }]',
        "R4 groups[0].x: is no key",
    ),
    ("name a number", HEAD.replace('"garden"', "7") + PAIR, "R4 name: must be a text, got 7."),
    (
        "title a date",
        HEAD + PAIR + "title = 2020-01-01",
        "R4 title: must be a text, got 2020-01-01",
    ),
    ("title a table", HEAD + PAIR + "title = {}", "R4 title: must be a text, got a table."),
    ("no labels", HEAD, "R4 labels: must hold one label or more, got none."),
    ("labels a text", HEAD + 'labels = "robin"', "R4 labels: must be a list, got 'robin'."),
    ("labels a table", HEAD + "[labels]\na = 1", "R4 labels: must be a list, got a table."),
    ("label a number", labels('"a"', "2"), "R4 labels[1]: must be a text or a table, got 2."),
    ("label without name", labels('"a"', '{ id = "b" }'), "R4 labels[1].name: is missing."),
    (
        "id a number",
        labels('"a"', '{ id = 3, name = "b" }'),
        "R4 labels[1].id: must be a text, got",
    ),
    (
        "parent a list",
        labels('"a"', '{ name = "b", parent = ["x"] }'),
        "R4 labels[1].parent: must be",
    ),
    (
        "aliases a text",
        labels('"a"', '{ name = "b", aliases = "c" }'),
        "R4 labels[1].aliases: must be",
    ),
    (
        "alias nan",
        labels('"a"', '{ name = "b", aliases = [nan] }'),
        "R4 labels[1].aliases[0]: must be",
    ),
    ("templates a text", HEAD + PAIR + 'templates = "a {}."', "R4 templates: must be a list"),
    (
        "group a bool",
        HEAD + PAIR + "groups = [true]",
        "R4 groups[0]: must be a text or a table, got T",
    ),
    ("group unnamed", HEAD + PAIR + "groups = [{}]", "R4 groups[0].name: is missing."),
    (
        "expected a text",
        HEAD + PAIR + 'expected = ["63.2"]',
        "R4 expected[0]: must be a table, got",
    ),
    (
        "expected bare",
        HEAD + PAIR + 'expected = [{ model = "m" }]',
        "R4 expected[0].value: is missing",
    ),
    (
        "expected inf",
        HEAD + PAIR + "expected = [{ value = inf }]",
        "R4 expected[0].value: must be a fi",
    ),
    (
        "expected bool",
        HEAD + PAIR + "expected = [{ value = true }]",
        "R4 expected[0].value: must be a",
    ),
    (
        "expected huge",
        HEAD + PAIR + f"expected = [{{ value = 0x{'f' * 4000} }}]",
        "R4 expected[0].val",
    ),
    ("no license", HEAD.replace('license = "CC0-1.0"\n', "") + PAIR, "R9 license: is missing."),
    ("empty license", HEAD.replace("CC0-1.0", "") + PAIR, "R9 license: is empty."),
    ("no source", HEAD.replace('source = "own work"\n', "") + PAIR, "R9 source: is missing."),
    ("blank source", HEAD.replace("own work", "  ") + PAIR, "R9 source: is empty."),
]


@pytest.mark.parametrize(
    ("toml", "problem"), [b[1:] for b in BREACHES], ids=[b[0] for b in BREACHES]
)
def test_a_breach_of_the_file_format_is_reported(
    assert_breach: Callable[[str | bytes, str], None], toml: str | bytes, problem: str
) -> None:
    assert_breach(toml, problem)


def test_each_rule_of_the_file_format_is_broken_above() -> None:
    broken = {problem.split()[0] for _, _, problem in BREACHES}
    assert broken == {"R1", "R2", "R3", "R4", "R9"}


def test_all_breaches_are_reported_together_in_order(install: Callable[..., Path]) -> None:
    toml = """
        schema = "1"
        name = "park"
        colour = "red"
        templates = ["no braces", " {} "]
        labels = [
            "robin",
            { id = "robin", name = "wren ", aliases = ["ROBIN", 5], parent = "bird" },
            7,
        ]
    """
    install("test-garden", sets={"garden": toml})

    with pytest.raises(LabelSetFormatError) as caught:
        load_labelset("garden")

    found = [" ".join(problem.split()[:2]) for problem in caught.value.problems]
    assert found == [
        "R2 schema:",
        "R3 name:",
        "R4 colour:",
        "R4 labels[1].aliases[1]:",
        "R4 labels[2]:",
        "R5 labels[1]:",
        "R6 labels[1].aliases[0]:",
        "R7 templates[0]:",
        "R8 labels[1].name:",
        "R8 templates[1]:",
        "R9 license:",
        "R9 source:",
        "R11 labels[1].parent:",
    ]


def test_a_newer_schema_asks_for_an_upgrade(install: Callable[..., Path]) -> None:
    # Nothing else is said of the file: what this version would call a breach may be right there.
    install("test-garden", sets={"garden": "schema = 2\nlabels = {}"})

    with pytest.raises(
        LabelSetVersionError, match=r"follows schema 2.*pip install --upgrade zsclip"
    ):
        load_labelset("garden")

    (problem,) = check_labelset("garden")
    assert problem.startswith("R2 schema: ")


def test_a_problem_never_shows_a_whole_long_value(tmp_path: Path) -> None:
    file = tmp_path / "long.toml"
    file.write_text(HEAD + PAIR + f"title = {list(range(10_000))}\n'{'k' * 10_000}' = 1")

    with pytest.raises(LabelSetFormatError) as caught:
        LabelSet.from_toml(file)

    assert len(str(caught.value)) < 1000
