"""Predictions and failures as they show themselves: what is seen, and that nothing is run."""

from __future__ import annotations

import os
import socket
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import made
from fragments_seen import HOSTILE, plainly, seen
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import zsclip.images
from zsclip import Failure, LabelSet, Prediction, Rejection, Thresholds, ZeroShotClassifier
from zsclip.errors import ImageError
from zsclip.images import thumbnails
from zsclip.learnt import Learnt
from zsclip.results import picture_path
from zsclip.wording import shown

ORIGIN = made([0], ["a"]).origin
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(min_size=1, max_size=60))
# R8 refuses what is empty, padded or a control character in a label.
NAMES = st.one_of(
    st.sampled_from(HOSTILE[:9]),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=60),
)


def predict(*scores: float, labels: Any = "abcdefgh", source: str = "a.png", **parts: Any) -> Any:
    if not isinstance(labels, LabelSet):
        labels = LabelSet.from_names(list(labels[: len(scores)]))
    return Prediction(source, np.array(scores, np.float32), labels, ORIGIN, **parts)


def widths(prediction: Prediction) -> list[str]:
    return [style for style in seen(prediction).styles if style.startswith("width:")]


def test_the_best_five_are_shown_with_bars_and_scores() -> None:
    prediction = predict(0.1, 0.25, 0.05, 0.4, 0.02, 0.18)
    assert widths(prediction) == [f"width:{n}.0%" for n in (40, 25, 18, 10, 5)]
    words = seen(prediction).words.split()
    assert words[0] == "d"
    assert " ".join(words[1:11]) == "d 0.400 b 0.250 f 0.180 a 0.100 c 0.050"
    assert "The best 5 of 6 labels." in seen(prediction).words
    assert "accepted" not in words
    assert "a.png" in words


def test_labels_that_are_few_are_all_shown() -> None:
    words = seen(predict(0.25, 0.75)).words
    assert "best" not in words
    assert "a 0.250" in " ".join(words.split())


def test_a_picture_that_is_rejected_is_shown_as_none_of_the_labels() -> None:
    rejection = Rejection(method="mcm", threshold=0.5)
    learnt = Learnt(rejection=rejection)
    rejected = seen(predict(0.25, 0.75, confidence=0.125, learnt=learnt))
    words = " ".join(rejected.words.split())
    assert words.startswith("none of these; the best guess is b")
    assert "rejected: confidence 0.125 (mcm), accepted from 0.500" in words
    accepted = " ".join(seen(predict(0.25, 0.75, confidence=0.5, learnt=learnt)).words.split())
    assert "none of these" not in accepted
    assert "accepted: confidence 0.500 (mcm), accepted from 0.500" in accepted


def several_learnt(values: tuple[float, ...]) -> Learnt:
    fitted = Thresholds(
        target="f1",
        pictures=10,
        temperature=1.0,
        bias=0.0,
        brier_before=0.1,
        brier_after=0.1,
        precision=0.9,
        recall=0.9,
        f1=0.9,
        values=np.array(values),
        own=np.ones(len(values)),
    )
    return Learnt(thresholds=fitted)


def test_a_picture_that_cannot_be_read_is_shown_with_its_reason() -> None:
    failure = seen(Failure("<b>.png", ImageError("<b>.png", "it is <i>.")))
    words = " ".join(failure.words.split())
    error = "ImageError: Cannot read the picture <b>.png: it is <i>."
    assert words == f"could not be classified {error} <b>.png"


def test_the_picture_is_looked_at_again_and_small(tmp_path: Path) -> None:
    Image.new("RGB", (900, 600), "red").save(tmp_path / "a b.png")
    shown_one = predict(0.25, 0.75, source=str(tmp_path / "a b.png"))
    assert seen(shown_one).pictures == [f"The picture {tmp_path / 'a b.png'}"]
    (tmp_path / "a b.png").unlink()
    assert seen(shown_one).pictures == []
    assert "a b.png" in seen(shown_one).words


@pytest.mark.parametrize(
    "source", ["https://example.org/a.png", "<bytes, 3.4 kB>", "data:image/png;base64,… (3 kB)"]
)
def test_what_is_no_path_is_not_looked_for(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> Any:
        pytest.fail(f"was asked for: {args}")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert seen(predict(0.25, 0.75, source=source)).pictures == []


def test_a_name_that_was_given_opens_no_file_of_that_name(swatches: Path) -> None:
    source = str(swatches / "1-red.png")
    named, plain = predict(1, 0, source=source, named=True), predict(1, 0, source=source)
    assert seen(plain).pictures
    assert seen(named).pictures == []
    assert picture_path(plain) == source
    assert picture_path(named) is None
    assert picture_path(predict(1, 0, source="http://a.b/c.png")) is None
    assert picture_path(Failure(source, ValueError())) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes of a name here")
def test_a_pipe_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    monkeypatch.setattr(thumbnails, "thumbnail", lambda *a, **k: pytest.fail("opened"))
    assert seen(predict(1, 0, source=str(tmp_path / "pipe.png"))).pictures == []


def test_a_picture_that_became_bad_is_left_out_and_nothing_is_said(
    tmp_path: Path, swatches: Path
) -> None:
    (tmp_path / "a.png").write_bytes((swatches / "1-red.png").read_bytes()[:-30])
    noise = tmp_path / "b.jpg"
    Image.effect_noise((64, 64), 50).convert("RGB").save(noise)
    noise.write_bytes(noise.read_bytes()[: noise.stat().st_size // 2] + b"\xff\xd9")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert seen(predict(1, 0, source=str(tmp_path / "a.png"))).pictures == []
        assert len(seen(predict(1, 0, source=str(noise))).pictures) == 1  # damaged, read in part


@given(st.data())
def test_nothing_that_strangers_wrote_becomes_markup(data: st.DataObject) -> None:
    names = data.draw(st.lists(NAMES, min_size=2, max_size=7, unique_by=lambda n: n.casefold()))
    source, message = data.draw(TEXTS), data.draw(TEXTS)
    try:
        labels = LabelSet.from_names(names)
    except zsclip.errors.LabelError:  # two that are one
        return
    prediction = predict(*np.linspace(0.9, 0.1, len(names)), labels=labels, source=source)
    found = seen(prediction)
    assert plainly(shown(labels.names[0], 120)) in found.words
    assert plainly(shown(source)) in found.words
    failed = seen(Failure(source, ValueError(message)))
    assert plainly(shown(source)) in failed.words


@given(st.lists(st.floats(width=32), min_size=2, max_size=6), st.floats())
def test_numbers_of_any_kind_are_shown(scores: list[float], confidence: float) -> None:
    learnt = Learnt(rejection=Rejection(method="mcm", threshold=0.5))
    for style in seen(predict(*scores, confidence=confidence, learnt=learnt)).styles:
        assert 0 <= float(style.removeprefix("width:").removesuffix("%")) <= 100


def test_of_several_labels_those_are_said_that_reach_their_thresholds() -> None:
    learnt = several_learnt((0.5, 0.25, np.inf))
    prediction = predict(0.75, 0.125, 0.5, learnt=learnt)
    found = seen(prediction)
    words = " ".join(found.words.split())
    assert words.startswith("a a 0.750 said, from 0.500 c 0.500 never said b 0.125 from 0.250")
    assert [s for s in found.styles if s.startswith("left:")] == ["left:50.0%", "left:25.0%"]
    none = " ".join(seen(predict(0.25, 0.125, 0.5, learnt=learnt)).words.split())
    assert none.startswith("no label reaches its threshold; the likeliest is c")


def test_short_reprs_read_no_picture(swatches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zsclip.images, "thumbnail_if_readable", lambda *a: pytest.fail("read"))
    assert repr(predict(0, 1, source=str(swatches / "1-red.png"))).startswith("<Prediction 'b' ")


def test_a_prediction_of_a_classifier_shows_its_picture(
    colors: ZeroShotClassifier, swatches: Path
) -> None:
    found = seen(colors.classify(swatches / "2-green.png"))
    assert len(found.pictures) == 1
    assert found.words.split()[0] == "green"
