"""Names and templates to prompts, and whether they fit the model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsclip import DEFAULT_TEMPLATES, Label, LabelSet
from zsclip.clip.tokenizer import Tokenizer
from zsclip.errors import ParameterError, PromptTooLongError
from zsclip.prompts import Prompts, build_prompts, check_lengths

texts = st.text("ab é🦊\\}%", min_size=1, max_size=12)


def test_every_name_and_alias_fills_every_template() -> None:
    labels = [
        Label("fox", "fox"),
        Label("hare", "hare", aliases=("rabbit", "bunny")),
        Label("car", "car", prompts=("an automobile", "one {curly} brace")),
    ]
    assert build_prompts(labels, ["a {}.", "the {}."]) == Prompts(
        (
            "a fox.", "the fox.",
            "a hare.", "the hare.", "a rabbit.", "the rabbit.", "a bunny.", "the bunny.",
            "an automobile", "one {curly} brace",
        ),
        (0, 0, 1, 1, 1, 1, 1, 1, 2, 2),
    )  # fmt: skip


def test_names_are_data_and_not_formats() -> None:
    """A name with braces, as `str.format` knows them, stays what it is."""
    names = ["{0.__class__}", "100 %s", "\\1"]
    labels = LabelSet.from_names(names)
    assert build_prompts(labels, ["a {}."]).texts == tuple(f"a {name}." for name in names)


@given(st.lists(st.tuples(texts, st.lists(texts, max_size=3)), max_size=6), st.integers(1, 4))
def test_rows_say_whose_each_prompt_is(names: list[tuple[str, list[str]]], n: int) -> None:
    labels = [Label(name, name, aliases=tuple(aliases)) for name, aliases in names]
    templates = [f"{i}: {{}}!" for i in range(n)]
    prompts = build_prompts(labels, templates)
    assert len(prompts) == len(prompts.texts) == len(prompts.rows)
    assert list(prompts.rows) == sorted(prompts.rows)
    for row, label in enumerate(labels):
        own = [t for t, r in zip(prompts.texts, prompts.rows, strict=True) if r == row]
        assert own == [t.replace("{}", text) for text in label.texts for t in templates]


def test_the_default_templates_can_be_filled() -> None:
    assert len(set(DEFAULT_TEMPLATES)) == 7
    labels = LabelSet.from_names(["fox", "hare"], templates=DEFAULT_TEMPLATES)
    assert "itap of a fox." in build_prompts(labels, labels.templates).texts


# --------------------------------------------------------------------------------------- lengths


def words(prompts: Sequence[str]) -> list[int]:
    return [len(prompt.split()) + 2 for prompt in prompts]


def test_what_would_be_cut_is_named() -> None:
    with pytest.raises(PromptTooLongError) as caught:
        check_lengths(["one two", "one two three four five", "a b c d e f"], words, 6)
    error = caught.value
    assert (error.prompt, error.n_tokens, error.context_length) == ("one two three four five", 7, 6)
    assert error.prompt.endswith(error.cut)
    assert error.cut.strip() == "five"
    check_lengths(["one two three four"], words, 6)
    check_lengths([], words, 6)


def test_only_what_could_be_too_long_is_counted() -> None:
    counted: list[str] = []

    def count(prompts: Sequence[str]) -> list[int]:
        counted.extend(prompts)
        return words(prompts)

    check_lengths(["short", "x" * 18, "y" * 19, "ü", "a &amp; b", "<b>"], count, 20)
    assert counted == ["y" * 19, "ü", "a &amp; b", "<b>"]


@given(st.lists(st.text(max_size=30), max_size=5), st.integers(4, 40))
@settings(max_examples=200)
def test_no_prompt_that_is_too_long_gets_through(prompts: list[str], context_length: int) -> None:
    """What is left uncounted for speed does fit: with CLIP's own tokenizer, on any text."""
    tokenizer = Tokenizer(context_length)
    try:
        too_long = [text for text in prompts if tokenizer.count([text])[0] > context_length]
    except ParameterError:  # spells out a special token
        return
    if too_long:
        with pytest.raises(PromptTooLongError) as caught:
            check_lengths(prompts, tokenizer.count, context_length)
        assert caught.value.prompt == too_long[0]
        kept = caught.value.prompt.removesuffix(caught.value.cut)
        assert tokenizer.count([kept])[0] <= context_length
    else:
        check_lengths(prompts, tokenizer.count, context_length)


@pytest.mark.parametrize("prompt", ["a <|endoftext|>", "a &lt;|startoftext|&gt;"])
def test_special_tokens_are_refused_in_the_shortest_prompt(prompt: str) -> None:
    with pytest.raises(ParameterError, match="special token"):
        check_lengths([prompt], Tokenizer(77).count, 77)
