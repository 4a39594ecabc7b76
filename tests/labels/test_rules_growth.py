"""Rules on large label sets: time by their length, and bounds where that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from growth import run_limited

from zsclip.errors import LabelError, LabelSetFormatError
from zsclip.labels import Group, Label, LabelSet, prompts, rules

CHAIN = """
from zsclip.labels import Group, Label, LabelSet
N = 60_000
def chain(last):
    above = [*(f"g{i}" for i in range(1, N)), last]
    return tuple(Group(f"g{i}", f"g{i}", parent) for i, parent in enumerate(above))
low = Label("low", "low", parent="g0")
"""


def test_a_long_chain_of_parents_takes_no_longer_than_as_many_groups(tmp_path: Path) -> None:
    program = """
tree = LabelSet("tree", (low, Label("high", "high")), groups=chain(None))
print(len(tree.only("g30000").groups), len(tree.without("high")))
"""
    assert run_limited(CHAIN + program, folder=tmp_path) == "60000 1\n"


def test_a_long_chain_that_ends_in_a_circle_is_gone_up_once(tmp_path: Path) -> None:
    program = """
try:
    LabelSet("tree", (low,), groups=chain(f"g{N - 2}"))
except ValueError as error:
    print(error)
"""
    printed = run_limited(CHAIN + program, folder=tmp_path)
    assert printed.endswith("go round in a circle: 'g59998' -> 'g59999' -> 'g59998'. Remove one of "
                            "these parents.\n")  # fmt: skip


def test_each_of_several_circles_is_told_once_from_its_first_node() -> None:
    groups = [("a", "b"), ("b", "a"), ("c", "a"), ("d", "f"), ("e", "d"), ("f", "e")]
    with pytest.raises(LabelError) as caught:
        LabelSet("x", (Label("x", "x"),), groups=tuple(Group(i, i, p) for i, p in groups))
    told = [line.rpartition("circle: ")[2] for line in str(caught.value).splitlines()[1:]]
    assert told == [
        "'a' -> 'b' -> 'a'. Remove one of these parents.",
        "'d' -> 'f' -> 'e' -> 'd'. Remove one of these parents.",
    ]


def test_prompts_are_counted_before_any_is_made(tmp_path: Path) -> None:
    program = """
from zsclip import LabelSet, ZeroShotClassifier
from zsclip.testing import FakeEncoder
names, templates = [f"n{i}" for i in range(100_000)], [f"{{}} {i}" for i in range(100_000)]
try:
    ZeroShotClassifier(names, templates=templates, encoder=FakeEncoder())
except ValueError as error:
    print(error)
"""
    assert run_limited(program, folder=tmp_path) == (
        "These labels cannot be used: templates: make 10,000,000,000 prompts with the labels and "
        "their aliases, and a label set may have 10,000,000. Use fewer templates, or divide the "
        "set.\n"
    )


def test_aliases_and_own_prompts_count_and_the_bound_itself_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    labels = (Label("a", "a", ("b", "c")), Label("d", "d", prompts=("a d.", "the d.")))
    monkeypatch.setattr(rules, "MOST_PROMPTS", 8)
    LabelSet("x", labels, templates=("{}", "a {}."))
    monkeypatch.setattr(rules, "MOST_PROMPTS", 7)
    with pytest.raises(LabelError, match="make 8 prompts"):
        LabelSet("x", labels, templates=("{}", "a {}."))
    file = tmp_path / "x.txt"
    file.write_text("a\nb\n")
    with pytest.raises(LabelSetFormatError, match="make 14 prompts"):  # with the default templates
        LabelSet.from_txt(file)


@pytest.mark.parametrize(
    "made",
    [
        lambda: LabelSet.from_mapping(
            {"a": ["b", "c"], "d": ["e"]}, templates=["a {}.", "the {}."]
        ),
        lambda: (
            LabelSet.from_names(["a", "b", "c"], templates=["a {}.", "the {}."])
            | LabelSet.from_names(["d", "e"])
        ),
    ],
    ids=["phrases", "a sum"],
)
def test_prompts_that_are_filled_in_are_counted_first(
    made: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(made)
    made()
    monkeypatch.setattr(prompts, "MOST_FILLED", 5)
    with pytest.raises(LabelError, match=r"make 6 prompts, and 5 may be filled in"):
        made()


def test_numbers_and_keys_of_megabytes_take_little_memory_and_time(tmp_path: Path) -> None:
    """A digit took a hundred bytes, and an unknown key as long as forty that are known."""
    program = """
import tracemalloc
from zsclip.labels.toml import read_toml
tracemalloc.start()
[problem] = read_toml(b"x = " + b"9" * 15_000_000, file="x.toml").problems
print(str(problem)[:50])
print(tracemalloc.get_traced_memory()[1] < 100_000_000)
tracemalloc.stop()
keys = "".join(f"nane{i} = 1\\n" for i in range(1000)).encode()
print(sum("Did you mean" in str(one) for one in read_toml(keys, file="x.toml").problems))
"""
    printed = run_limited(program, folder=tmp_path).splitlines()
    assert printed == ["R1 file: holds a number of more than 4,300 digits.", "True", "20"]


def test_a_text_of_megabytes_is_refused_and_not_compared(tmp_path: Path) -> None:
    program = """
from zsclip import LabelSet
for text in ("very " * 10**6 + "long", "a" + "\\u0301\\u0316" * 10**6, "e" + "\\u0301" * 5000):
    try:
        LabelSet.from_names([text, "cat"])
    except ValueError as error:
        print(len(str(error)) < 400, str(error)[:52])
"""
    assert run_limited(program, folder=tmp_path).splitlines() == [
        "True These labels cannot be used: labels[0].name: has 5,0",
        "True These labels cannot be used: labels[0].name: has 2,0",
        "True These labels cannot be used: labels[0].name: has mor",
    ]


def test_texts_up_to_the_bound_are_taken() -> None:
    longest = "a" * rules.LONGEST
    laden = "a" * rules.SHORT + "\u0301" * rules.MOST_MARKS
    assert len(LabelSet.from_names([longest, laden])) == 2
    with pytest.raises(LabelError, match="has 10,001 characters, and may have 10,000"):
        LabelSet.from_names([longest + "a", "b"])
    with pytest.raises(LabelError, match="more than 100 accents on one letter"):
        LabelSet.from_names([laden + "\u0301", "b"])
