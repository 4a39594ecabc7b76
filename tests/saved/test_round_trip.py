"""What is loaded is what was saved: labels, templates, scores, and the bytes of the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip import DEFAULT_TEMPLATES, Label, LabelSet, Reading, ZeroShotClassifier, __version__
from zsclip.errors import PromptTooLongError
from zsclip.labels import Expected, Group, Provenance
from zsclip.saved.plain import Plain, labelset_of_plain, plain_of_labelset
from zsclip.testing import FakeEncoder as HashEncoder

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

# Numbered where they have to be unique, so that only few are thrown away.
WORD = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="{}"), min_size=1, max_size=5
)
LINE = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=9)
ANY = st.text(max_size=5)
PICTURES = [np.full((3, 4, 3), i, np.uint8) for i in range(3)]


@st.composite
def labelsets(draw: st.DrawFn) -> LabelSet:
    n = draw(st.integers(2, 5))
    groups = (Group("g0", draw(WORD)), Group("g1", draw(WORD), "g0"))
    labels: list[Label] = []
    for i in range(n):
        parents = [None, "g0", "g1", *(label.id for label in labels)]
        labels.append(
            Label(
                id=f"{i}{draw(WORD)}",
                name=f"n{i}{draw(WORD)}",
                aliases=tuple(f"a{i}.{k}{draw(WORD)}" for k in range(draw(st.integers(0, 2)))),
                prompts=tuple(f"p{i}.{k} {draw(WORD)}" for k in range(draw(st.integers(0, 2)))),
                parent=draw(st.sampled_from(parents)),
            )
        )
    number = st.floats(allow_nan=False, allow_infinity=False)
    return LabelSet(
        f"set {draw(WORD)}",
        tuple(labels),
        templates=tuple(f"{draw(WORD)}{{}}{k}" for k in range(draw(st.integers(0, 3)))),
        null_prompts=tuple(f"none{k}{draw(WORD)}" for k in range(draw(st.integers(0, 2)))),
        license=draw(LINE),
        source=draw(LINE),
        title=draw(LINE),
        description=draw(LINE),
        citation=draw(LINE),
        language=draw(st.sampled_from(["", "en", "zh-Hant"])),
        groups=groups
        if draw(st.booleans()) or any(x.parent in ("g0", "g1") for x in labels)
        else (),
        expected=tuple(draw(st.lists(st.builds(Expected, WORD, WORD, number, WORD), max_size=2))),
        provenance=tuple(draw(st.lists(st.builds(Provenance, ANY, ANY, ANY, ANY), max_size=2))),
    )


@given(labelsets())
def test_a_label_set_as_plain_values(labelset: LabelSet) -> None:
    plain = plain_of_labelset(labelset)
    assert labelset_of_plain(Plain(plain, "")) == labelset
    assert ("null_prompts" in plain) == bool(labelset.null_prompts)  # as files had it before


@given(labelsets(), st.integers(2, 40), st.sampled_from(["softmax", "sigmoid"]))
def test_any_labels(
    tmp_path_factory: pytest.TempPathFactory, labelset: LabelSet, width: int, function: Any
) -> None:
    made_with = HashEncoder(embedding_dim=width, score_function=function)
    clf = ZeroShotClassifier(labelset, encoder=made_with, too_long="cut")
    path = tmp_path_factory.getbasetemp() / "any.zsclip"
    clf.save(path)

    encoder = HashEncoder(embedding_dim=width, score_function=function)
    loaded = ZeroShotClassifier.load(path, encoder=encoder)
    assert loaded.labelset == labelset
    assert loaded.templates == (labelset.templates or DEFAULT_TEMPLATES)
    assert (repr(loaded), loaded.origin) == (repr(clf), clf.origin)
    assert loaded.classify_many(PICTURES) == clf.classify_many(PICTURES)
    assert encoder.text_calls == []

    before = path.read_bytes()
    loaded.save(path)
    assert path.read_bytes() == before


def test_nothing_else_is_lost(saved: Path, colors: ZeroShotClassifier, fake: FakeEncoder) -> None:
    loaded = ZeroShotClassifier.load(
        saved, encoder=fake, batch_size=2, reading=Reading(background="red")
    )
    assert list(loaded.classes_) == ["red", "green", "blue"]
    assert loaded.templates == ("a {} thing.",)
    clear = np.zeros((3, 2, 2, 4), np.uint8)
    assert list(loaded.predict(clear)) == ["red"] * 3
    assert fake.image_batches[-2:] == [2, 1]
    assert repr(loaded) == repr(colors)


def test_saving_embeds_the_labels_once(
    colors: ZeroShotClassifier, fake: FakeEncoder, tmp_path: Path
) -> None:
    colors.save(tmp_path / "a.zsclip")
    assert len(fake.text_batches) == 1
    colors.predict([PICTURES[0]])
    colors.save(tmp_path / "b.zsclip")
    assert len(fake.text_batches) == 1
    assert (tmp_path / "a.zsclip").read_bytes() == (tmp_path / "b.zsclip").read_bytes()


def test_what_stands_in_the_file(saved: Path, about: Callable[[Path], dict[str, Any]]) -> None:
    said = about(saved)
    assert set(said) == {
        "format", "zsclip", "labelset", "templates", "precision", "reading", "model", "sha256",
    }  # fmt: skip
    assert (said["format"], said["zsclip"]) == (1, __version__)
    assert said["templates"] == ["a {} thing."]
    assert said["model"] == {
        "name": "colors",
        "path": None,
        "weights_sha256": "ab" * 32,
        "encoder": "fake",
        "embedding_dim": 8,
        "parameters": 24,
        "input_resolution": 1,
        "context_length": 77,
        "vocab_size": 4,
        "logit_scale": 20.0,
        "logit_bias": 0.0,
        "score_function": "softmax",
    }
    assert said["precision"] == "fp32"
    assert said["reading"] == Reading().key
    assert saved.stat().st_size < 2000


def test_other_labels_are_embedded_when_they_are_asked_for(saved: Path, fake: FakeEncoder) -> None:
    loaded = ZeroShotClassifier.load(saved, encoder=fake)
    before = len(fake.text_batches)
    other = loaded.with_labels(["white", "blue"], templates=["the {}."])
    assert other.classify(np.full((2, 2, 3), 255, np.uint8)).label == "white"
    assert fake.text_batches[before:] == [["the white.", "the blue."]]
    assert loaded.classify(np.zeros((2, 2, 3), np.uint8)).labelset.names == ("red", "green", "blue")
    assert len(fake.text_batches) == before + 1


def test_prompts_that_were_cut_stay_so_and_others_are_not(
    fake_encoder: type[FakeEncoder], tmp_path: Path
) -> None:
    short = fake_encoder(context_length=5)
    long = ["red one two three four", "blue one two three four"]
    clf = ZeroShotClassifier(long, templates=["{}"], encoder=short, too_long="cut")
    clf.save(tmp_path / "long.zsclip")
    loaded = ZeroShotClassifier.load(tmp_path / "long.zsclip", encoder=short)
    assert loaded.predict_proba(PICTURES).tolist() == clf.predict_proba(PICTURES).tolist()
    with pytest.raises(PromptTooLongError):
        loaded.encode_texts(long)
    cutting = ZeroShotClassifier.load(tmp_path / "long.zsclip", encoder=short, too_long="cut")
    assert cutting.encode_texts(long).shape == (2, 8)


def test_another_precision_is_told(
    saved: Path, fake_encoder: type[FakeEncoder], tmp_path: Path
) -> None:
    loaded = ZeroShotClassifier.load(saved, encoder=fake_encoder(precision="bf16"))
    origin = loaded.origin
    assert (origin.model.precision, origin.labels_precision) == ("bf16", "fp32")
    assert repr(origin).startswith("<Origin colors on cpu in bf16 (labels in fp32), ")
    assert loaded.classify(PICTURES[0]).to_dict()["origin"]["labels_precision"] == "fp32"
    assert loaded.with_labels(["red", "blue"]).origin.labels_precision is None

    again = tmp_path / "again.zsclip"
    loaded.save(again)  # what was embedded in fp32 is still said to be so
    assert again.read_bytes() == saved.read_bytes()
    assert ZeroShotClassifier.load(again, encoder=fake_encoder()).origin == (
        ZeroShotClassifier.load(saved, encoder=fake_encoder()).origin
    )
