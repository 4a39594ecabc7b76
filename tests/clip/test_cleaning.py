"""Texts cleaned as the reference does, and those refused that it would take minutes over."""

from __future__ import annotations

import html
from pathlib import Path

import ftfy
import pytest
import regex
from growth import run_limited

from zsclip.clip import tokenizer
from zsclip.clip.cleaning import DEEPEST, LONGEST, MOST_MARKS, clean
from zsclip.clip.tokenizer import Tokenizer
from zsclip.errors import ParameterError


def as_reference(text: str) -> str:
    """The lines of openai/CLIP that clean a text, on the same ftfy."""
    text = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
    cleaned: str = regex.sub(r"\s+", " ", text).strip().lower()
    return cleaned


REAL = {
    "a page of German": "Ein Fuchs läuft über die Wiese; er hört die Vögel — und frißt nichts. ",
    "Persian": "روباه قرمز در جنگل می‌دود و پرنده‌ها را می‌بیند؛ ",
    "Hindi": "लाल लोमड़ी जंगल में दौड़ती है और पक्षियों को देखती है। ",
    "Chinese of two widths": "一只红色的狐狸ＦＯＸ在ｶﾀｶﾅ森林里奔跑。",
    "emoji with joiners": "a 👩‍👩‍👧‍👦 family of 🦊🦊 and a 🏳️‍🌈 flag ",
    "HTML escaped once": "Fish &amp; chips &lt;b&gt;caf&eacute;&lt;/b&gt; &#8220;ok&#8221; ",
    "HTML escaped three times": "Fish &amp;amp;amp; chips, &amp;amp;quot;fresh&amp;amp;quot;; ",
    "tags and entities": "<p>Fish &amp;amp; chips &copy; 2020</p>\n",
    "mojibake": "CafÃ© â€œquotedâ€\x9d Â£5 naÃ¯ve; ",
    "mojibake twice over": "CafÃƒÂ© au lait; ",
    "letters with many accents": "f" + "\u0301\u0316\u0334" * 25 + "ox ",
    "Korean in pieces": "\u1112\u1161\u11ab\u1100\u1173\u11af ",
    "lines of a text": "A fox.\nA dog & a cat.\r\n\tThree — birds.\n",
    "terminal colors": "\x1b[36;44mblue\x1b[0m \x07 bell; ",
}


@pytest.mark.parametrize("text", REAL.values(), ids=REAL)
@pytest.mark.parametrize("length", [1, 600, 19_000])
def test_real_texts_of_any_length_are_cleaned_as_the_reference_does(text: str, length: int) -> None:
    long = text * max(1, length // len(text))
    assert clean(long) == as_reference(long)


def test_what_would_take_minutes_is_refused_at_once(tmp_path: Path) -> None:
    program = """
from zsclip.clip.tokenizer import Tokenizer
tokenizer = Tokenizer(77)
for text in (
    "&" + "amp;" * 75_000,
    "&" + "amp;" * 4_900,
    "&" + "#38;" * 4_900,
    "&\\x01" + "amp;\\x01" * 3_900,
    "&" + "#65286;" * 2_800,
    "a" + "\\u0301\\u0316" * 150_000,
    "a" + "\\u0301\\u0316" * 9_900,
    "&#769;&#790;" * 1_600,
    "\\u00cc\\x81\\u00cc\\x96" * 4_900,
):
    for too_long in ("error", "cut"):
        try:
            tokenizer.encode([text] * 10, too_long=too_long)
        except ValueError as error:
            print(len(str(error)) < 1000, str(error).partition("CLIP: it ")[2].partition(".")[0])
"""
    depth = f"True holds HTML entities within each other, more than {DEEPEST} deep"
    marks = f"True has more than {MOST_MARKS} accents on one letter"
    length = "True has 300,001 characters, and may have 20,000"
    assert run_limited(program, folder=tmp_path).splitlines()[::2] == [
        length, depth, depth, depth, depth, length, marks, marks, marks,
    ]  # fmt: skip


def test_a_character_of_thousands_of_digits_is_refused() -> None:
    with pytest.raises(ParameterError, match="names a character by thousands of digits"):
        clean("&#" + "1" * 5000 + ";")


def test_the_bounds_themselves_are_allowed() -> None:
    text = "é" * LONGEST
    assert clean(text) == text
    with pytest.raises(ParameterError, match=r"has 20,001 characters, and may have 20,000"):
        clean(text + "a")
    laden = "fox " * 150 + "\u0323" * MOST_MARKS
    assert clean(laden) == as_reference(laden)
    with pytest.raises(ParameterError, match="more than 100 accents"):
        clean(laden + "\u0323")


def test_plain_text_on_one_line_has_no_bound() -> None:
    assert len(clean("a fox; " * 100_000)) == 699_999


def test_texts_are_merged_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"a photo of {n} foxes" for n in range(10)]
    whole = Tokenizer(77).encode(texts)
    monkeypatch.setattr(tokenizer, "AT_ONCE", 3)
    assert Tokenizer(77).encode(texts) == whole
    assert Tokenizer(77).count(texts) == [len(ids) for ids in whole]
