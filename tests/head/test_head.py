"""From labels as users name them to prompts that fit the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zsclip import DEFAULT_TEMPLATES, LabelSet
from zsclip.clip.tokenizer import Tokenizer
from zsclip.errors import LabelError, ParameterError, PromptTooLongError
from zsclip.head import Head, Labels, require_fitting

# ----------------------------------------------------------------------------------------- labels


def test_whatever_spells_labels_on_the_command_line_does_so_in_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("names.txt")
    path.write_text("cat\ndog\n")
    by_text = Head.of("names.txt")
    assert by_text.labelset.names == ("cat", "dog")
    assert by_text.templates == DEFAULT_TEMPLATES
    with path.open() as file, path.open("rb") as raw:
        others: list[Labels] = [path, file, raw]
        assert [Head.of(other).labelset for other in others] == [by_text.labelset] * 3
    assert Head.of("cat,dog", ["a {}"]).labelset == LabelSet.from_names(
        ["cat", "dog"], templates=["a {}"]
    )


def test_one_label_is_a_set_but_nothing_to_choose_from() -> None:
    one = LabelSet.from_names(["cat"])
    for labels in (one, ["cat"], {"cat": ["a cat"]}, "cartoon-animals/fox"):
        with pytest.raises(LabelError, match=r'two labels or more, got one.*"something else"'):
            Head.of(labels).require_choice("softmax")
        Head.of(labels).require_choice("sigmoid")


# --------------------------------------------------------------------------------------- lengths


class Words:
    """Counts words, and one more for the start and one for the end."""

    def __init__(self, context_length: int) -> None:
        self.context_length = context_length

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]


class Clip(Words):
    """Counts CLIP's tokens."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return Tokenizer(self.context_length).count(texts)


def test_what_would_be_cut_is_named() -> None:
    with pytest.raises(PromptTooLongError) as caught:
        require_fitting(["one two", "one two three four five", "a b c d e f"], Words(6))
    error = caught.value
    assert (error.prompt, error.n_tokens, error.context_length) == ("one two three four five", 7, 6)
    assert error.prompt.endswith(error.cut)
    assert error.cut.strip() == "five"
    require_fitting(["one two three four"], Words(6))
    require_fitting([], Words(6))


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
            require_fitting(prompts, Clip(context_length))
        assert caught.value.prompt == too_long[0]
        kept = caught.value.prompt.removesuffix(caught.value.cut)
        assert tokenizer.count([kept])[0] <= context_length
    else:
        require_fitting(prompts, Clip(context_length))


@pytest.mark.parametrize("prompt", ["a <|endoftext|>", "a &lt;|startoftext|&gt;"])
def test_special_tokens_are_refused_in_the_shortest_prompt(prompt: str) -> None:
    with pytest.raises(ParameterError, match="special token"):
        require_fitting([prompt], Clip(77))
