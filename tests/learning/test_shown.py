"""A classifier and its model as they show themselves."""

from __future__ import annotations

import pytest
from fragments_seen import HOSTILE, plainly, seen

from zsclip import ZeroShotClassifier, load_labelset
from zsclip.wording import shown


def test_a_classifier_shows_its_labels_templates_and_model(loads: list[str]) -> None:
    clf = ZeroShotClassifier(
        "cartoon-animals", model="tiny-cartoon", device="cpu", precision="fp32"
    )
    found = seen(clf)
    words = " ".join(found.words.split())
    assert words.startswith(
        "ZeroShotClassifier · 103 labels, one label a picture · tiny-cartoon on cpu in fp32"
    )
    assert "Label set cartoon-animals" in words
    assert f"{len(clf.templates)} templates in use" in words
    assert "Context length 77" in words
    assert "learnt" not in words
    assert loads == []


def test_a_classifier_shows_what_it_learnt(colors: ZeroShotClassifier) -> None:
    words = seen(colors.rejecting(threshold=0.5)).words
    assert "rejection" in words
    assert "probability" in words


def test_a_model_shows_its_table(colors: ZeroShotClassifier) -> None:
    words = " ".join(seen(colors.model_info).words.split())
    assert words.startswith("Model colors Model parameters 24 Input resolution 1 ")


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isprintable()])
def test_nothing_in_a_classifier_becomes_markup(text: str, colors: ZeroShotClassifier) -> None:
    clf = colors.with_labels([text, "b", "c"], templates=[f"{text} {{}}"])
    assert seen(clf).words.count(plainly(shown(text))) >= 2
    assert load_labelset("cartoon-animals")._repr_html_() != clf._repr_html_()
