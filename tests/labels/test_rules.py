"""The rules for labels and templates, each broken in an installed distribution: R5 to R8, R11."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zsclip.errors import LabelSetFormatError
from zsclip.labels import LabelSet, load_labelset

HEAD = 'schema = 1\nname = "garden"\nlicense = "CC0-1.0"\nsource = "own work"\n'
PAIR = 'labels = ["robin", "wren"]\n'


def labels(*rows: str) -> str:
    return HEAD + f"labels = [{', '.join(rows)}]\n"


BREACHES: list[tuple[str, str | bytes, str]] = [
    (
        "id twice",
        labels('{ id = "x", name = "a" }', '{ id = "x", name = "b" }'),
        "R5 labels[1]: the id",
    ),
    (
        "id is a name",
        labels('"x"', '{ id = "x", name = "b" }'),
        "R5 labels[1]: the id 'x' is taken by l",
    ),
    (
        "null prompt is a label",
        HEAD + PAIR + 'null_prompts = ["nothing", "Wren"]',
        "R6 null_prompts[1]: 'Wren' stands for none of the labels, and is 'wren' (labels[1]). R",
    ),
    (
        "null prompt twice",
        HEAD + PAIR + 'null_prompts = ["nothing", "Nothing"]',
        "R6 null_prompts[1]: 'Nothing' stands at null_prompts[0] already",
    ),
    (
        "null prompt is a template",
        HEAD + PAIR + 'null_prompts = ["a {}."]',
        "R7 null_prompts[0]: is a complete prompt and is used as it is, got 'a {}.'",
    ),
    (
        "null prompt is empty",
        HEAD + PAIR + 'null_prompts = [" "]',
        "R8 null_prompts[0]: is empty",
    ),
    (
        "group is a label",
        HEAD + PAIR + 'groups = ["wren"]',
        "R5 labels[1]: the id 'wren' is taken by g",
    ),
    (
        "group twice",
        HEAD + PAIR + 'groups = ["g", "g"]',
        "R5 groups[1]: the id 'g' is taken by gro",
    ),
    (
        "name twice",
        labels('"robin"', '"wren"', '"robin"'),
        "R6 labels[2]: 'robin' stands at labels[0] already. Remove one of the two; cla",
    ),
    (
        "case",
        labels('"robin"', '"ROBIN"'),
        "R6 labels[1]: 'ROBIN' belongs to 'robin' (labels[0]) and t",
    ),
    (
        "accents",
        labels('"caf\\u00e9"', '"cafe\\u0301"'),
        "R6 labels[1]: 'cafe\u0301' belongs to 'café'",
    ),
    ("spaces", labels('"sea lion"', '"sea  lion"'), "R6 labels[1]: 'sea  lion' belongs to 'sea l"),
    (
        "wide",
        labels('"fish 2"', '"ｆｉｓｈ　２"'),
        "R6 labels[1]: 'ｆｉｓｈ\\u3000２' belongs to 'fish 2'",
    ),
    ("half as wide", labels('"ネコ"', '"ﾈｺ"'), "R6 labels[1]: 'ﾈｺ' belongs to 'ネコ'"),
    ("sharp s", labels('"Strauß"', '"STRAUSS"'), "R6 labels[1]: 'STRAUSS' belongs to 'Strauß'"),
    (
        "alias of two",
        labels(
            '{ name = "rabbit", aliases = ["bunny"] }', '{ name = "hare", aliases = ["Bunny"] }'
        ),
        "R6 labels[1].aliases[0]: 'Bunny' belongs to 'rabbit' (labels[0].aliases[0]) and to ",
    ),
    (
        "prompt of two",
        labels('{ name = "a", prompts = ["p"] }', '{ name = "b", prompts = ["p"] }'),
        "R6 labels[1].prompts[0]: 'p' belongs to 'a' (labels[0].prompts[0]) and to 'b'.",
    ),
    (
        "own alias",
        labels('"a"', '{ name = "b", aliases = ["B"] }'),
        "R6 labels[1].aliases[0]: 'B' stands",
    ),
    (
        "no braces",
        HEAD + PAIR + 'templates = ["a photo"]',
        "R7 templates[0]: must hold {} once, got",
    ),
    (
        "two braces",
        HEAD + PAIR + 'templates = ["{} and {}"]',
        "R7 templates[0]: must hold {} once, g",
    ),
    (
        "named braces",
        HEAD + PAIR + 'templates = ["a {c}."]',
        "R7 templates[0]: must hold {} once, got",
    ),
    (
        "format code",
        HEAD + PAIR + 'templates = ["{0.__class__}"]',
        "R7 templates[0]: must hold {} once",
    ),
    (
        "braces in prompt",
        labels('"a"', '{ name = "b", prompts = ["a {}"] }'),
        "R7 labels[1].prompts[0]:",
    ),
    ("empty name", labels('"a"', '""'), "R8 labels[1]: is empty, got ''."),
    (
        "blank alias",
        labels('"a"', '{ name = "b", aliases = [" "] }'),
        "R8 labels[1].aliases[0]: is empty",
    ),
    ("empty id", labels('"a"', '{ id = "", name = "b" }'), "R8 labels[1].id: is empty"),
    ("empty parent", labels('"a"', '{ name = "b", parent = "" }'), "R8 labels[1].parent: is empty"),
    (
        "padded name",
        labels('"a"', '"b "'),
        "R8 labels[1]: starts or ends with white space, got 'b '.",
    ),
    (
        "template twice",
        HEAD + PAIR + 'templates = ["a {}.", "the {}.", "a  {}."]',
        "R7 templates[2]: 'a  {}.' stands at templates[0] already, and would count twice.",
    ),
    (
        "padded template",
        HEAD + PAIR + 'templates = [" a {}."]',
        "R8 templates[0]: starts or ends with",
    ),
    (
        "line break",
        labels('"a"', '"b\\nc"'),
        "R8 labels[1]: holds characters that nobody can see (U+000A)",
    ),
    (
        "zero width",
        labels('"a"', '"b\\u200bc"'),
        "R8 labels[1]: holds characters that nobody can see (U+2",
    ),
    (
        "bidi",
        labels('"a"', '"b\\u202ec"'),
        "R8 labels[1]: holds characters that nobody can see (U+202E)",
    ),
    ("empty title", HEAD + PAIR + 'title = ""', "R8 title: is empty"),
    (
        "null in prose",
        HEAD + PAIR + 'description = "a\\u0000b"',
        "R8 description: holds characters",
    ),
    (
        "padded group",
        HEAD + PAIR + 'groups = ["g "]',
        "R8 groups[0]: starts or ends with white space",
    ),
    (
        "empty metric",
        HEAD + PAIR + 'expected = [{ metric = "" }]',
        "R8 expected[0].metric: is empty",
    ),
    (
        "unknown parent",
        labels('"a"', '{ name = "b", parent = "x" }'),
        "R11 labels[1].parent: 'x' is the id",
    ),
    (
        "near parent",
        labels('"a"', '{ name = "b", parent = "brid" }') + 'groups = ["bird"]',
        "R11 labels[1].parent: 'brid' is the id of no group and of no label. Did you mean 'bird'?",
    ),
    (
        "own parent",
        labels('"a"', '{ name = "b", parent = "b" }'),
        "R11 labels[1].parent: the parents go",
    ),
    (
        "circle of groups",
        HEAD + PAIR + 'groups = [{ id = "g", parent = "h" }, { id = "h", parent = "g" }]',
        "R11 groups[0].parent: the parents go round in a circle: 'g' -> 'h' -> 'g'.",
    ),
]


@pytest.mark.parametrize(
    ("toml", "problem"), [b[1:] for b in BREACHES], ids=[b[0] for b in BREACHES]
)
def test_a_breach_by_labels_is_reported(
    assert_breach: Callable[[str | bytes, str], None], toml: str | bytes, problem: str
) -> None:
    assert_breach(toml, problem)


def test_each_rule_for_labels_is_broken_above() -> None:
    broken = {problem.split()[0] for _, _, problem in BREACHES}
    assert broken == {"R5", "R6", "R7", "R8", "R11"}


def test_what_the_rules_allow(install: Callable[..., Path]) -> None:
    toml = HEAD + (
        'title = "Garten"\n'
        'language = "de"\n'
        'description = """\nTwo lines\n\tand a tab.\n"""\n'
        'templates = ["ein Bild von {} {x}"]\n'
        'groups = ["bird", { id = "wader", parent = "bird" }, { id = "x", name = "Übrige" }]\n'
        "labels = [\n"
        '  { id = "B1", name = "Rotkehlchen", parent = "bird" },\n'
        '  { name = "Zaunkönig", aliases = ["Schneekönig"], parent = "B1" },\n'
        '  { name = "می‌خواهم {}", prompts = ["می‌خواهم", "👩‍🌾"] },\n'
        "]\n"
        'expected = [{ model = "RN50", metric = "top-1", value = 1, source = "a paper" }]\n'
    )
    install("test-garden", sets={"garden": toml})

    garden = load_labelset("garden")

    assert garden.description == "Two lines\n\tand a tab."
    assert [group.name for group in garden.groups] == ["bird", "wader", "Übrige"]
    assert garden["Zaunkönig"].parent == "B1"
    assert garden.expected[0].value == 1.0
    assert garden[0].prompts_with(garden.templates) == ("ein Bild von Rotkehlchen {x}",)


def test_many_unknown_parents_are_reported_without_delay(tmp_path: Path) -> None:
    # Searching for near names among n for each of n takes minutes; only the first few are searched.
    rows = ", ".join(f'{{ name = "label {i}", parent = "group {i}" }}' for i in range(2000))
    file = tmp_path / "many.toml"
    file.write_text(HEAD + f'groups = ["group"]\nlabels = [{rows}]')

    with pytest.raises(LabelSetFormatError) as caught:
        LabelSet.from_toml(file)

    assert len(caught.value.problems) == 2000
    assert sum("Did you mean 'group'" in problem for problem in caught.value.problems) == 20
