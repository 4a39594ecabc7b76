"""What holds for all label sets: grouping does not matter, parts partition, texts come back."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from zsclip.errors import LabelError
from zsclip.labels import Expected, Group, Label, LabelSet, Provenance, fill_template
from zsclip.labels.compose import both_licenses
from zsclip.labels.drafts import Text
from zsclip.labels.labelset import labelset_of
from zsclip.labels.rules import check_text, fold
from zsclip.labels.toml import read_toml


def no_template(text: str) -> bool:
    return "{}" not in text


def good(prose: bool) -> Callable[[str], bool]:
    return lambda text: not check_text(Text("", text), prose=prose)


# Texts of all of Unicode as rule R8 lets them through, and more of what is hard to write.
HARD = st.text(
    st.sampled_from("aé\"'\\{}#=[],|\u200d\u00a0\U0001f98a 漢\u0301"), min_size=1, max_size=6
)
TEXT = (HARD | st.text(min_size=1, max_size=6)).filter(good(prose=False))
LINES = st.text(st.sampled_from("a\"\\'  \n\r\t#é"), max_size=300) | st.text(max_size=20)
PROSE = st.just("") | LINES.map(str.strip).filter(good(prose=True))
FIGURE = st.builds(
    Expected,
    TEXT,
    TEXT,
    st.floats(allow_nan=False, allow_infinity=False) | st.integers(-9, 9),
    TEXT,
)
FIGURES = [Expected("m", "top-1", 0.5, "s"), Expected("m", "top-1", 0.25, "s")]
TEMPLATES = st.lists(st.sampled_from(["a {}.", "the {}", '"{}" \\', "{}"]), max_size=3, unique=True)
NULL_PROMPTS = st.lists(
    st.sampled_from(["nothing", '"none" \\', "xa", "a ya", "the xb"]) | TEXT.filter(no_template),
    max_size=3,
    unique_by=fold,
)


@st.composite
def labelsets(
    draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXT, prefix: str = "", few: bool = False
) -> LabelSet:
    """Sets with trees: each node's parent is a node that was made before it, in either list."""
    pool = [prefix + t for t in draw(st.lists(texts, min_size=5, max_size=16, unique_by=fold))]
    count = draw(st.integers(2, 4))
    nodes: list[Label | Group] = []
    for i, name in enumerate(pool[: count + draw(st.integers(0, 3))]):
        node_id = name if draw(st.booleans()) else f"{i}{draw(st.sampled_from(pool))}"
        parent = draw(st.none() | st.sampled_from(nodes)) if nodes else None
        above = parent.id if parent else None
        if i < count:
            own = pool[8 + 2 * i : 10 + 2 * i]
            prompts = tuple(text for text in own[1:] if "{}" not in text)
            nodes.append(Label(node_id, name, tuple(own[:1]), prompts, above))
        else:
            nodes.append(Group(node_id, name, above))
    nodes = draw(st.permutations(nodes))
    prose = st.sampled_from(["", "p", "q", "p\n\nq", "q\n\n\np"]) if few else PROSE
    figures = st.sampled_from(FIGURES) if few else FIGURE
    origins = st.builds(Provenance, st.just(""), st.just(""), st.sampled_from("ab"), st.just(""))
    try:
        return LabelSet(
            draw(texts),
            tuple(node for node in nodes if isinstance(node, Label)),
            groups=tuple(node for node in nodes if isinstance(node, Group)),
            templates=tuple(draw(TEMPLATES)),
            null_prompts=tuple(draw(NULL_PROMPTS)),
            license=draw(st.sampled_from(["", "MIT", "MIT OR (A AND B)", "B AND MIT", "(MIT)"])),
            source=draw(prose),
            title=draw(st.sampled_from(["", "T", "U", "V W"]) if few else st.just("") | texts),
            description=draw(prose),
            citation=draw(prose),
            language=draw(st.sampled_from(["", "en", "de"])),
            expected=tuple(draw(st.lists(figures, max_size=2))),
            provenance=tuple(draw(st.lists(origins, max_size=2))),
        )
    except LabelError:  # an id is another's name
        assume(False)
        raise


# --------------------------------------------------------------------------------------- together

SHORT = st.text(st.sampled_from("abc "), min_size=1, max_size=4).filter(good(prose=False))


@given(labelsets(SHORT, "x", few=True), labelsets(SHORT, "y", few=True), labelsets(SHORT, few=True))
def test_grouping_does_not_matter(a: LabelSet, b: LabelSet, c: LabelSet) -> None:
    refusals: list[str] = []

    def join(one: LabelSet | None, two: LabelSet | None) -> LabelSet | None:
        try:
            return one | two if one and two else None
        except LabelError as error:
            refusals.append(str(error))
            return None

    left, right = join(join(a, b), c), join(a, join(b, c))
    # What breaks a rule is found as a clash of two sets, before a set is made of them.
    assert all(refusal.startswith("The label sets ") for refusal in refusals)
    if left and right:
        assert left == right
        assert left.ids == a.ids + b.ids + c.ids
        said = {fold(text) for label in left for text in (*label.texts, *label.prompts)}
        nulls = {fold(text) for one in (a, b, c) for text in one.null_prompts}
        assert {fold(text) for text in left.null_prompts} == nulls - said
        assert set(left.provenance) == {*a.provenance, *b.provenance, *c.provenance}
        for label in left:
            (own,) = (part for part in (a, b, c) if label.id in part.ids)
            before = own[label.id]
            assert (label.name, label.aliases, label.parent) == (
                before.name, before.aliases, before.parent
            )  # fmt: skip
            prompts = label.prompts_with(left.templates or own.templates or ["{}"])
            expected = before.prompts_with(own.templates or ["{}"])
            assert list(prompts) == list(dict.fromkeys(expected))


LICENSE = st.recursive(
    st.sampled_from(["MIT", "CC0-1.0", "GPL-2.0-only WITH Classpath-exception-2.0"]),
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
        lambda parts: f"({' '.join(parts)})"
    ),
    max_leaves=5,
).map(lambda text: text[1:-1] if text.startswith("(") else text)


@given(LICENSE, LICENSE, LICENSE)
def test_licenses_in_any_grouping(a: str, b: str, c: str) -> None:
    def holds(expression: str, granted: frozenset[str]) -> bool:
        text = expression.replace("GPL-2.0-only WITH Classpath-exception-2.0", "GPL")
        for name in ("MIT", "CC0-1.0", "GPL"):
            text = text.replace(name, str(name in granted))
        return bool(eval(text.replace("AND", "and").replace("OR", "or")))

    both = both_licenses(a, b)
    for granted in ([], ["MIT"], ["MIT", "GPL"], ["CC0-1.0"], ["MIT", "CC0-1.0"], ["GPL"]):
        names = frozenset(granted)
        assert holds(both, names) == (holds(a, names) and holds(b, names))
    assert both_licenses(both, c) == both_licenses(a, both_licenses(b, c))


@given(st.text(st.sampled_from("()AB ND OR"), max_size=12))
def test_what_is_no_license_does_no_harm(text: str) -> None:
    assert both_licenses(text, "") == both_licenses("", text) == ""
    both_licenses(text, "MIT")


# ------------------------------------------------------------------------------------------ parts


@given(labelsets(), st.data())
def test_parts_partition_a_set(whole: LabelSet, data: st.DataObject) -> None:
    known = [*whole.ids, *whole.names, *(group.id for group in whole.groups)]
    names = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=5))
    parts: list[LabelSet | None] = []
    for method in (whole.only, whole.without):
        try:
            parts.append(method(*names))
        except LabelError:
            parts.append(None)
    inside, outside = (part.labels if part else () for part in parts)
    chosen = {label.id for label in inside}
    assert tuple(x for x in whole if x.id in chosen) == inside
    assert tuple(x for x in whole if x.id not in chosen) == outside
    for made in filter(None, parts):  # which keep all rules, those on parents included
        assert replace(made, name=whole.name, labels=whole.labels, groups=whole.groups) == whole
        below = {label.parent for label in made} | {group.parent for group in made.groups}
        assert {group.id for group in made.groups} <= below
        nodes = {label.id: Group(label.id, label.name, label.parent) for label in whole}
        nodes |= {group.id: group for group in whole.groups}
        assert all(group == nodes[group.id] for group in made.groups)


# ----------------------------------------------------------------------------------------- as TOML


def read(text: str) -> LabelSet:
    return labelset_of(read_toml(text.encode(), file="x.toml"))


@given(labelsets())
def test_what_is_written_is_read_as_an_equal_set_and_written_alike(labelset: LabelSet) -> None:
    labelset = replace(
        labelset, license=labelset.license or "MIT", source=labelset.source or "own work"
    )
    text = labelset.to_toml()

    back = read(text)
    assert replace(back, provenance=()) == replace(labelset, provenance=())
    assert back.to_toml() == text
    assert tomllib.loads(text)["schema"] == 1


@given(labelsets(), TEXT)
def test_templates_are_filled_the_same_after_a_round_trip(labelset: LabelSet, name: str) -> None:
    back = read(labelset.to_toml(name=name, license="MIT", source="own"))
    assert (back.name, back.license, back.source) == (name, "MIT", "own")
    assert [fill_template(t, "x") for t in back.templates] == [
        fill_template(t, "x") for t in labelset.templates
    ]


def test_the_file_of_a_shipped_set_comes_back(tmp_path: Path) -> None:
    files = sorted((Path(__file__).parents[2] / "labelsets").glob("*/*/*.toml"))
    assert files
    for file in files:
        labelset = LabelSet.from_toml(file)
        path = tmp_path / file.name
        path.write_text(labelset.to_toml(), encoding="utf-8", newline="\n")
        assert replace(LabelSet.from_toml(path), provenance=labelset.provenance) == labelset
