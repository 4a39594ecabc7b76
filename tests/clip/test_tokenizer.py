"""Token ids: recorded ones of the official tokenizer, and what holds for any text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from zsclip.clip.cleaning import clean
from zsclip.clip.tokenizer import END, SPECIAL, START, VOCAB_SIZE, Tokenizer, pad
from zsclip.errors import ParameterError, PromptTooLongError

REFERENCE = json.loads(
    (Path(__file__).parents[1] / "data" / "reference-tokens.json").read_text("utf-8")
)["texts"]

TOKENIZER = Tokenizer(context_length=77)
UNBOUNDED = Tokenizer(context_length=1_000_000)


def test_ids_are_those_recorded_of_the_official_code() -> None:
    """Of tests/parity/record.py, made with the official tokenizer."""
    assert len(REFERENCE) >= 50
    texts = [row["text"] for row in REFERENCE]
    for row, ids in zip(REFERENCE, UNBOUNDED.encode(texts), strict=True):
        assert ids == row["ids"], row["text"]


@pytest.mark.parametrize("letter", ["\u088f", "\ua7ce", "\U00016ea0", "\U000323b0"])
def test_young_letters_are_letters_to_the_library_that_the_reference_uses(letter: str) -> None:
    """Of Unicode 17: what the regular expressions inside `tokenizers` make of them is another."""
    [word] = UNBOUNDED.encode([f"a{letter}"])
    starts_with_a_word = word[1] == 320  # "a" on its own
    assert starts_with_a_word is (regex.match(r"\p{L}", letter) is None)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  A  photo\t\n of\u3000X ", "a photo of x"),
        ("&amp;amp;amp;lt;", "<"),  # ftfy unescapes as often as it can ...
        ("<&amp;amp;lt;", "<&lt;"),  # ... but not beside a "<", and then it is done twice
        ("caf\u00c3\u00a9", "café"),
        ("\u2018a\u2019", "'a'"),
        ("\x1b[1mbold\x1b[0m", "bold"),
        ("", ""),
    ],
)
def test_texts_are_cleaned_as_the_reference_cleans_them(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_plain_text_takes_a_shorter_way_to_the_same_end() -> None:
    """What the texts without entities and beyond-ASCII characters are spared changes nothing."""
    import html

    import ftfy

    for text in ("A  Photo; of <b>x</b> #1 % ` ~ \\ \"'", "".join(map(chr, range(32, 127)))):
        without = text.replace("&", "")
        longer = html.unescape(html.unescape(ftfy.fix_text(without)))
        assert clean(without) == " ".join(longer.split()).lower()


@pytest.mark.parametrize(
    "text",
    [
        "<|startoftext|>",
        "a <|endoftext|> b",
        "<|EndOfText|>",
        "&lt;|endoftext|&gt;",
        "<|end\u00adoftext|> <|endoftext|>",
    ],
)
def test_special_tokens_are_refused(text: str) -> None:
    for call in (TOKENIZER.encode, TOKENIZER.count):
        with pytest.raises(ParameterError, match=r"must not spell out CLIP's special token") as e:
            call(["fine", text])
        assert repr(text) in str(e.value)


@pytest.mark.parametrize("words", [74, 75, 76, 200])
def test_a_text_fills_the_context_and_no_more(words: int) -> None:
    text = " ".join(["dog"] * words)
    assert TOKENIZER.count([text]) == [words + 2]
    if words <= 75:
        [ids] = TOKENIZER.encode([text])
        assert len(ids) == words + 2
        return
    with pytest.raises(PromptTooLongError) as caught:
        TOKENIZER.encode(["fine", text])
    error = caught.value
    assert (error.prompt, error.n_tokens, error.context_length) == (text, words + 2, 77)
    assert error.cut == " ".join(["dog"] * (words - 75))
    assert f"has {words + 2} tokens, and the model takes 77" in str(error)
    [ids] = TOKENIZER.encode([text], too_long="cut")
    assert ids == [START, *[1929] * 75, END]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("a b c d e f g h", "e f g h"),
        ("A  B &amp; d, e", ", e"),  # of the cleaned text
        ("unpronounceable floccinaucinihilipilification", None),
        ("it's it's it's", "it's"),
        ("🦊 🦊 🦊 🦊", "🦊 🦊"),
        ("x 🦊🦊½½🦊½½½½🦊", None),
    ],
)
def test_what_would_be_cut(text: str, cut: str | None) -> None:
    short = Tokenizer(context_length=6)
    with pytest.raises(PromptTooLongError) as caught:
        short.encode([text])
    rest = caught.value.cut
    cleaned = clean(text)
    assert cleaned.endswith(rest)
    if cut is not None:
        assert rest == cut
    # What stays begins with the tokens that truncation keeps.
    [kept] = short.encode([text], too_long="cut")
    [whole] = UNBOUNDED.encode([text])
    assert kept == [*whole[:5], END]
    [before] = UNBOUNDED.encode([cleaned.removesuffix(rest)])
    assert len(before) - 2 <= 4


_TEXT = st.one_of(
    st.text(max_size=80),
    st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None), max_size=20),
    st.text("<|startofend|>&;#x'sS tTdD", max_size=40),
    st.sampled_from([*SPECIAL, *(row["text"] for row in REFERENCE)]),
)


@given(st.lists(_TEXT, max_size=4))
def test_any_texts_keep_start_end_and_length(texts: list[str]) -> None:
    """Two errors are documented, and there are no others."""
    try:
        counts = UNBOUNDED.count(texts)
    except ParameterError:
        assert any(special in clean(text) for special in SPECIAL for text in texts)
        return
    encoded = UNBOUNDED.encode(texts)
    assert counts == [len(ids) for ids in encoded]
    for text, ids in zip(texts, encoded, strict=True):
        assert ids[0] == START
        assert ids[-1] == END
        assert all(0 <= token < START for token in ids[1:-1])
        assert UNBOUNDED.encode([text]) == [ids]  # whatever stands beside it
        [cut] = TOKENIZER.encode([text], too_long="cut")
        assert cut == (ids if len(ids) <= 77 else [*ids[:76], END])
        if len(ids) <= 77:
            assert TOKENIZER.encode([text]) == [ids]
        else:
            with pytest.raises(PromptTooLongError):
                TOKENIZER.encode([text])


@given(st.text(max_size=40))
def test_cleaning_does_not_depend_on_space_and_case_around(text: str) -> None:
    assert clean(f" \n{clean(text)}\t ") == clean(clean(text))
    assert not clean(text).startswith(" ")
    assert not clean(text).endswith(" ")


def test_every_byte_has_a_token() -> None:
    """All that UTF-8 can hold: no text meets a token that is not there."""
    texts = [chr(c) for c in (*range(0x20, 0x800), *range(0x800, 0x10FFFF, 977))]
    for ids in UNBOUNDED.encode(texts):
        assert max(ids) < VOCAB_SIZE


def test_no_texts_have_no_ids() -> None:
    assert TOKENIZER.encode([]) == []
    assert TOKENIZER.count([]) == []
    assert TOKENIZER.encode([""]) == [[START, END]]
    assert repr(TOKENIZER) == "Tokenizer(context_length=77)"


def test_shorter_texts_are_padded_with_zeros() -> None:
    padded = pad([[1, 2, 3], [4]])
    assert padded.dtype == np.int64
    assert padded.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert pad([[1]], 4).tolist() == [[1, 0, 0, 0]]
    assert pad([]).shape == (0, 0)
    assert pad([], 5).shape == (0, 5)
