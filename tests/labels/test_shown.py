"""A label set as it shows itself."""

from __future__ import annotations

import pytest
from fragments_seen import HOSTILE, plainly, seen

from zsclip import Label, LabelSet, load_labelset
from zsclip.errors import LabelError
from zsclip.labels import Group, Provenance
from zsclip.wording import shown


def test_what_a_set_is_stands_before_its_labels() -> None:
    found = seen(load_labelset("cartoon-animals"))
    words = " ".join(found.words.split())
    assert words.startswith("Cartoon animals · 103 labels")
    assert "License CC0-1.0" in words
    assert "zsclip_labels_cartoon_animals/cartoon-animals.toml (SHA-256 " in words
    assert "12 groups" in words
    assert "bird: 17" in words
    assert found.tags["details"] == 3
    assert found.tags["li"] > 103


def test_a_set_made_in_code_says_no_more_than_it_knows() -> None:
    found = seen(LabelSet.from_names(["cat", Label("dog", "dog", ("hound",))], name="pets"))
    words = " ".join(found.words.split())
    assert words == "pets · 2 labels Name pets 2 labels cat dog (hound)"


def test_of_very_many_labels_the_first_are_listed() -> None:
    found = seen(LabelSet.from_names([f"label {i}" for i in range(1200)]))
    assert "and 700 more labels" in found.words
    assert found.tags["li"] == 501


def test_groups_without_end_are_shown_all_the_same() -> None:
    groups = tuple(Group(f"g{i}", f"group {i}", f"g{i - 1}" if i else None) for i in range(200))
    nested = LabelSet("deep", (Label("a", "a", parent="g199"), Label("b", "b")), groups=groups)
    with pytest.raises(LabelError, match="nested"):
        _ = nested.tree
    found = seen(nested)
    assert "group 0" in found.words
    assert "and 100 more groups" in found.words


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isprintable()])
def test_nothing_in_a_set_becomes_markup(text: str) -> None:
    labels = (Label("a", text, (f"b {text}",), parent="g"), Label("c", "c"))
    made = LabelSet(
        text,
        labels,
        templates=(f"{text} {{}}",),
        license=text,
        source=text,
        title=text,
        description=text,
        language=text,
        groups=(Group("g", f"g {text}"),),
        provenance=(Provenance(text, text, text, text),),
    )
    found = seen(made)
    assert found.words.count(plainly(shown(text))) >= 8


def test_a_description_of_any_length_is_cut() -> None:
    made = LabelSet("long", (Label("a", "a"),), description="word " * 100_000)
    assert len(made._repr_html_()) < 8_000
