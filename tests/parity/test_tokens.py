"""Token ids against the official tokenizer."""

from __future__ import annotations

import html.entities
import random
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from zsclip import list_labelsets, load_labelset
from zsclip.clip.cleaning import clean
from zsclip.clip.tokenizer import SPECIAL, Tokenizer, pad
from zsclip.errors import ParameterError, PromptTooLongError

UNBOUNDED = Tokenizer(context_length=1_000_000)

CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "’s", "'ſ", "'K", "''s"]
SCRIPTS = [
    "Ein Kätzchen, größer als ein Fuß",
    "l'œil du renard; ça va ?",
    "Ο ΟΔΥΣΣΕΑΣ και η αλεπού",
    "лиса и ёжик",
    "הַשּׁוּעָל הֶחָכָם",
    "الثعلبُ البُنّيُّ ١٢٣",
    "लोमड़ी और ख़रगोश ४५६",
    "สุนัขจิ้งจอก ๗๘๙",
    "여우와 토끼",
    "キツネとｳｻｷﾞ",
    "狐狸和兔子，两只。",
    "İstanbul'da ılık ığdır",
    "ÁRVÍZTŰRŐ",
    "ﬁne ﬂuﬀy ﬆar ŉ ǆ ß ẞ",
    "Ａ ｆｏｘ １２３",
    "𝓐 𝔣𝔬𝔵 𝟙𝟚 ⅷ ½ ² ①",
    "e\u0301 é A\u030a \u212b \u0301\u0302 a\u0301\u0327b",
    "zero\u200bwidth joiner\u200djoined \ufeffbom soft\u00adhyphen",
    "\u202eright to left\u202c \u2066isolate\u2069",
    "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇩🇪 ☕️ ❤",
    "Ã©tÃ© â€œquotedâ€\x9d donâ€™t",
    "\x1b[31mred\x1b[0m bell\x07 null\x00 tab\tline\nfeed\r\nform\x0cfeed\x85nel",
    "\ud800 \udfff \ud83e\udd8a",
    "non\xa0breaking\u2003em\u3000ideographic\u1680ogham\u2028line",
    "&amp;amp;lt; &amp;nbsp; &#x26;#39; &lt;b&gt; &notit; &nGt;&fjlig; &#0; &#128; &#xD800; &;",
    "<div>&amp;</div> &quot;<&quot;",
    "\U0002b73a\U000323b0a \u088f1\u058bx \U00012475\U0001e6c0z",
    "<|ſtartoftext|>a <|endofteXt |> <| endoftext|> |>",
    "!!!???...---___***~~~ ,.;:'\"`^ (c) [x] {y} #1 @me $5 50% a/b\\c",
    "don't we'll they've i'm she'd it's y'all rock'n'roll o'clock 'tis '90s",
    "1999 3.14 1,000,000 x2 2x h2o ٣ ৪ ௫ Ⅻ",
    "",
    " ",
    "\n\t\u2003",
    "a" * 500,
    "ha" * 200,
    "." * 300,
    "🦊" * 50,
]


def _reference(official: Any, text: str) -> list[int]:
    return [49406, *official.clip._tokenizer.encode(text), 49407]


def _differing(official: Any, texts: list[str]) -> list[str]:
    ours = UNBOUNDED.encode(texts)
    return [t for t, ids in zip(texts, ours, strict=True) if ids != _reference(official, t)]


def test_every_prompt_of_the_label_sets(official: Any) -> None:
    names = [row.name for row in list_labelsets() if row.error is None]
    assert {"cartoon-animals", "satellite"} <= set(names)
    texts: list[str] = []
    for name in names:
        labels = load_labelset(name)
        texts += [text for own in labels.prompts_with(labels.templates) for text in own]
    assert len(texts) > 700
    assert _differing(official, texts) == []


def test_scripts_entities_and_oddities(official: Any) -> None:
    texts = [*SCRIPTS, *CONTRACTIONS]
    texts += [f"a{c}b it{c}x {c}" for c in CONTRACTIONS]
    texts += [f"{a}{b}" for a in SCRIPTS for b in SCRIPTS[:28]]
    assert _differing(official, texts) == []


def test_every_html_entity(official: Any) -> None:
    texts = [f"x&{entity}y &amp;{entity} &{entity.rstrip(';')} 1" for entity in html.entities.html5]
    assert len(texts) > 2000
    assert _differing(official, texts) == []


def test_code_points_in_words(official: Any) -> None:
    # Every one that this Python knows below the ideographs, then each 61st, known or not: the
    # tables of the libraries that split words are newer than Python's.
    points = [
        c
        for c in range(0x110000)
        if c % 61 == 0 or (c < 0x3400 and unicodedata.category(chr(c)) != "Cn")
    ]
    assert len(points) > 25_000
    texts = [  # four at a time: cleaning costs the same
        " ".join(f"a{chr(c)}b1{chr(c)}2'{chr(c)}" for c in points[start : start + 4])
        for start in range(0, len(points), 4)
    ]
    assert _differing(official, texts) == []


def test_words_that_merge_in_many_ways(official: Any) -> None:
    # Runs of few letters try the order of the merges, which real words seldom do.
    chance = random.Random(0)
    alphabets = ["aeths", "abcdefghijklmnopqrstuvwxyz", "!.-_=*~", "ha", "no", "аеиост", "ab.1'"]
    texts = [
        "".join(chance.choices(alphabet, k=chance.randint(1, 60)))
        for alphabet in alphabets
        for _ in range(400)
    ]
    assert _differing(official, texts) == []


_PIECES = st.sampled_from([*CONTRACTIONS, *SCRIPTS[:31], "<|", "|>", "endoftext", "&", "&#", ";"])


@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(st.characters(categories=["L", "M", "N"]), max_size=30),
        st.text(st.characters(categories=["P", "S", "Z", "C"]), max_size=30),
        st.text("'sStTrReEvVmMlLdDkKſK ", max_size=20),
        st.lists(st.one_of(_PIECES, st.text(max_size=5)), max_size=6).map("".join),
    )
)
@example("\u2028")
def test_any_text_has_the_official_ids(official: Any, text: str) -> None:
    assume(not any(special in clean(text) for special in SPECIAL))
    assert UNBOUNDED.encode([text]) == [_reference(official, text)]
    [count] = UNBOUNDED.count([text])
    assert count == len(_reference(official, text))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(["fox", "unpronounceable", "🦊", "1999", "...", "'s"]), max_size=90)
)
def test_the_context_ends_where_the_reference_ends_it(official: Any, words: list[str]) -> None:
    text = " ".join(words)
    tokenizer = Tokenizer(context_length=77)
    cut = pad(tokenizer.encode([text], too_long="cut"), 77)
    assert np.array_equal(cut, official.tokenize([text], truncate=True).numpy())
    try:
        theirs = official.tokenize([text]).numpy()
    except RuntimeError:
        with pytest.raises(PromptTooLongError) as caught:
            tokenizer.encode([text])
        assert caught.value.n_tokens == len(_reference(official, text))
    else:
        assert np.array_equal(pad(tokenizer.encode([text]), 77), theirs)


@pytest.mark.parametrize("length", [76, 77, 78])
def test_one_token_around_the_limit(official: Any, length: int) -> None:
    text = " ".join(["dog"] * (length - 2))
    tokenizer = Tokenizer(context_length=77)
    assert tokenizer.count([text]) == [length]
    if length <= 77:
        ids = official.tokenize([text]).numpy()
        assert np.array_equal(pad(tokenizer.encode([text]), 77), ids)
    else:
        with pytest.raises(RuntimeError, match="too long"):
            official.tokenize([text])
        with pytest.raises(PromptTooLongError):
            tokenizer.encode([text])


@pytest.mark.parametrize("text", ["a <|endoftext|>", "<|StartOfText|>", "&lt;|endoftext|&gt;"])
def test_the_one_difference_is_refused(official: Any, text: str) -> None:
    special = {49406, 49407} & set(official.clip._tokenizer.encode(text))
    assert special
    with pytest.raises(ParameterError, match="special token"):
        UNBOUNDED.encode([text])
