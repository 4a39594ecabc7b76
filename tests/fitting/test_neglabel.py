"""The words that NegLabel compares with: which they are, and what they cost."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from zsclip import Label, LabelSet, ZeroShotClassifier
from zsclip.errors import LabelError, LabelSetNotFoundError, ParameterTypeError
from zsclip.fitting.neglabel import kinds_of, mine, rows_apart, words_of
from zsclip.labels import Group
from zsclip.scoring.confidence import GROUPS
from zsclip.testing import FakeEncoder

WORDNET = (
    Path(__file__).parents[2]
    / "labelsets/wordnet-words/zsclip_labels_wordnet_words/wordnet-words.toml"
)


def unit(rng: np.random.Generator, n: int, d: int = 16) -> NDArray[np.float32]:
    rows = rng.normal(size=(n, d))
    made: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made.astype(np.float32)


# ------------------------------------------------------------------------------------- which words


def test_of_each_kind_those_are_taken_that_are_far_from_the_labels() -> None:
    rng = np.random.default_rng(0)
    words, labels = unit(rng, 400), unit(rng, 30)
    kinds = ["noun"] * 300 + ["adjective"] * 100
    chosen = mine(words, kinds, labels)
    # the same by a plain loop
    distance = [-float(np.percentile((labels @ word).tolist(), 95)) for word in words]
    nouns = sorted(range(300), key=lambda i: -distance[i])[:45]
    adjectives = sorted(range(300, 400), key=lambda i: -distance[i])[:15]
    assert sorted(chosen.tolist()) == sorted(nouns + adjectives)


def test_a_seed_gives_the_same_order_and_another_one_the_same_words() -> None:
    rng = np.random.default_rng(1)
    words, labels = unit(rng, 500), unit(rng, 20)
    kinds = [""] * 500
    first, again = mine(words, kinds, labels, seed=7), mine(words, kinds, labels, seed=7)
    other = mine(words, kinds, labels, seed=8)
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()
    assert sorted(first) == sorted(other)


@given(st.integers(1, 40), st.integers(1, 12))
def test_the_order_of_the_labels_chooses_no_other_words(n: int, labels: int) -> None:
    rng = np.random.default_rng(n)
    words, matrix = unit(rng, n), unit(rng, labels)
    kinds = [str(i % 3) for i in range(n)]
    order = rng.permutation(labels)
    chosen = mine(words, kinds, matrix)
    assert sorted(chosen) == sorted(mine(words, kinds, matrix[order]))
    assert len(set(chosen.tolist())) == len(chosen)
    assert {kinds[i] for i in chosen} == set(kinds)  # one of each at least


def test_many_words_by_many_labels_are_taken_a_part_at_a_time() -> None:
    rng = np.random.default_rng(2)
    words, labels = unit(rng, 2500), unit(rng, 50)
    chosen = mine(words, [""] * 2500, labels)
    near = np.quantile(words @ labels.T, 0.95, axis=1)
    assert set(chosen.tolist()) == set(np.argsort(near)[:375].tolist())


def test_words_that_are_labels_are_left_out() -> None:
    labels = LabelSet("pets", (Label("c", "Cat", aliases=("kitten",)), Label("d", "dog")))
    words = LabelSet.from_names(["cat", "Kitten", "wolf", "DOG ".strip(), "sea  lion"[:3]])
    assert rows_apart(words, labels).tolist() == [2, 4]
    with pytest.raises(LabelError, match="every one of 'pets' is a label"):
        rows_apart(labels, labels)


def test_the_kind_of_a_word_is_its_outermost_group() -> None:
    words = LabelSet(
        "words",
        (Label("a", "a", parent="inner"), Label("b", "b", parent="outer"), Label("c", "c")),
        groups=(Group("outer", "outer"), Group("inner", "inner", parent="outer")),
    )
    assert kinds_of(words) == ["outer", "outer", ""]


def test_words_are_a_label_set_or_its_name() -> None:
    words = LabelSet.from_names(["a", "b"])
    assert words_of(words) is words
    assert words_of("cartoon-animals").name == "cartoon-animals"
    with pytest.raises(LabelSetNotFoundError):
        words_of("no-such-words")
    with pytest.raises(ParameterTypeError, match="`words` must be a LabelSet"):
        words_of(["a", "b"])  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------- the package


def test_the_words_of_wordnet_are_nouns_and_adjectives_with_the_prompts_of_the_paper() -> None:
    words = LabelSet.from_toml(WORDNET)
    kinds = kinds_of(words)
    assert len(words) == 10_000
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"noun": 8000, "adjective": 2000}
    assert words["house"].prompts_with(words.templates) == ("The nice house.",)
    assert words["old"].prompts_with(words.templates) == ("This is a old photo",)
    assert "teacher" not in words  # nouns of persons, as in the paper
    assert words.names == tuple(sorted(words.names[:8000]) + sorted(words.names[8000:]))


# --------------------------------------------------------------------------------- in a classifier


def classifier(encoder: FakeEncoder, labels: list[str]) -> ZeroShotClassifier:
    return ZeroShotClassifier(labels, templates=["a {}."], encoder=encoder)


def test_negatives_are_the_vectors_of_words_in_the_order_of_a_seed() -> None:
    words = LabelSet.from_names([f"word {i}" for i in range(1000)], templates=["The nice {}."])
    clf = classifier(FakeEncoder(), ["cat", "dog"])
    rejecting = clf.rejecting(threshold=0.5, method="neglabel", words=words)
    again = classifier(FakeEncoder(), ["cat", "dog"]).rejecting(
        threshold=0.5, method="neglabel", words=words
    )
    rejection = rejecting.rejection
    assert rejection == again.rejection
    assert rejection is not None
    assert rejection.words == words.name
    assert rejection.negatives is not None
    assert rejection.negatives.dtype == np.float32
    assert len(rejection.negatives) == 150 > GROUPS
    texts = clf.encode_texts([f"The nice word {i}." for i in range(1000)])
    assert {row.tobytes() for row in rejection.negatives} <= {row.tobytes() for row in texts}


def test_words_are_embedded_once_for_all_labels_of_a_model(
    caplog: pytest.LogCaptureFixture,
) -> None:
    words = LabelSet.from_names([f"word {i}" for i in range(400)], templates=["The nice {}."])
    encoder = FakeEncoder()
    clf = classifier(encoder, ["cat", "dog"])
    with caplog.at_level(logging.INFO, "zsclip"):
        clf.rejecting(threshold=0.5, method="neglabel", words=words)
        before = sum(map(len, encoder.text_calls))
        [line] = [record.getMessage() for record in caplog.records]
        assert line.startswith("Embedding 400 prompts of the words of")
        assert line.endswith("once for this model: about 1 s.")
        assert before == 2 + 400  # the labels and the words; those that were timed are kept
        clf.rejecting(threshold=0.2, method="neglabel", words=words)
        other = clf.with_labels(["word 3", "owl"], templates=["a {}."])
        other.rejecting(threshold=0.5, method="neglabel", words=words)
        assert sum(map(len, encoder.text_calls)) == before + 2  # the other labels alone
        assert len(caplog.records) == 1


def test_the_words_that_are_timed_come_out_of_the_list_itself() -> None:
    words = LabelSet.from_names(["oak", "elm"], templates=["The nice {}."])
    encoder = FakeEncoder()
    classifier(encoder, ["cat", "dog"]).rejecting(threshold=0.5, method="neglabel", words=words)
    asked = {text for call in encoder.text_calls for text in call}
    assert asked == {"a cat.", "a dog.", "The nice oak.", "The nice elm."}
