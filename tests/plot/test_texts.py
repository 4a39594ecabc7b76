"""Labels of strangers as matplotlib draws them."""

from __future__ import annotations

import io
import warnings

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from zsclip.plot.texts import drawable, whole

ODD = [
    "$x_1^2$",
    r"\frac{a}{b} $",
    "東京タワー",
    "🦊 fox 👩\u200d👩\u200d👧",
    "مرحبا بالعالم",
    "שלום",
    "हिन्दी",
    "e\u0301 \ufe0f \u202e abc",
    "a\nb\tc\x00",
    "\ud800",
    "_under_score_",
    "x" * 5000,
    "",
]


def draw(text: str, kind: str = "png") -> None:
    shown, how = drawable(text)
    figure = Figure()
    figure.text(0.5, 0.5, shown, **how)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(io.BytesIO(), format=kind)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_no_label_is_a_warning_or_an_error_to_matplotlib(text: str, kind: str) -> None:
    draw(text, kind)


@given(st.text(max_size=40))
def test_any_text_can_be_drawn_in_one_line_of_bounded_length(text: str) -> None:
    shown, _ = drawable(text)
    assert len(shown) <= 32
    assert shown.isprintable()
    draw(text)


def test_a_formula_is_a_text_like_any_other() -> None:
    with mpl.rc_context({"text.usetex": True}):
        shown, how = drawable("$x_1$ 100%")
        assert (shown, how["parse_math"], how["usetex"]) == ("$x_1$ 100%", False, False)
        draw("$x_1$ 100%")


def test_what_no_font_has_is_a_box() -> None:
    assert drawable("a \U000f0000\ue000 b")[0] in ("a \\U000f0000\\ue000 b", "a □□ b")
    assert drawable("\U00012000 b")[0] in ("□ b", "\U00012000 b")


def test_a_font_that_has_a_letter_is_asked_after_those_of_the_user() -> None:
    with mpl.rc_context({"font.family": ["STIXGeneral", "DejaVu Sans Mono"]}):
        assert drawable("fox")[1]["fontfamily"] == ["STIXGeneral", "DejaVu Sans Mono"]
    with mpl.rc_context({"font.family": ["cmr10"]}):  # which has no Greek
        shown, how = drawable("α")
        assert (shown, how["fontfamily"]) == ("α", ["cmr10", "DejaVu Sans"])


def test_a_font_that_is_not_installed_is_passed_over() -> None:
    with mpl.rc_context({"font.family": ["No Such Font"]}):
        assert drawable("é")[0] == "é"


def test_wide_letters_count_as_two() -> None:
    assert len(drawable("東" * 40, 20)[0]) == 10
    assert len(drawable("o" * 40, 20)[0]) == 20


def test_a_description_has_the_whole_text_in_one_line() -> None:
    assert whole("a\n" + "b" * 500) == "a " + "b" * 500
    assert whole("\x1b[2J") == "\\x1b[2J"
