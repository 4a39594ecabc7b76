"""The text half of a classifier: nothing is encoded twice, and what is kept is what is computed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip import Label, LabelSet, ensembles
from zsclip.cache import EmbeddingCache
from zsclip.encoders import create_encoder
from zsclip.ensembles import Ensembles
from zsclip.head import Head
from zsclip.labels import blocks_of_prompts, prompts
from zsclip.testing import FakeEncoder

TEMPLATES = ("a {}.", "the {}.", "art of a {}")
ANIMALS = ["fox", "hen", "owl", "cow"]


class TokenizingEncoder(FakeEncoder):
    """Whose tokens are words in lower case, so that texts can differ and their tokens not."""

    def tokenize(self, texts: list[str], *, too_long: str = "error") -> list[list[int]]:
        return [[sum(word.encode()) for word in text.lower().split()] for text in texts]


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    return EmbeddingCache(tmp_path)


def _ensembles(encoder: FakeEncoder, cache: EmbeddingCache | None) -> Ensembles:
    return Ensembles(encoder, cache=cache)


def _class_matrix(ensembles: Ensembles, labels: LabelSet) -> NDArray[np.float32]:
    matrix = ensembles.embedded(Head(labels, TEMPLATES)).class_matrix
    assert matrix is not None
    return matrix


def _prompts(encoder: FakeEncoder) -> list[str]:
    return [text for call in encoder.text_calls for text in call]


def test_a_second_start_encodes_nothing_and_gives_the_same(cache: EmbeddingCache) -> None:
    labels = LabelSet.from_names(ANIMALS)
    first = _class_matrix(_ensembles(FakeEncoder(), cache), labels)
    again = FakeEncoder()
    second = _class_matrix(_ensembles(again, EmbeddingCache(cache.path)), labels)
    assert again.text_calls == []
    np.testing.assert_array_equal(first, second)
    assert not second.flags.writeable


@pytest.mark.parametrize("kept", [True, False])
def test_labels_are_embedded_a_part_at_a_time(
    kept: bool, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = LabelSet.from_names(ANIMALS)
    whole = _class_matrix(_ensembles(TokenizingEncoder(), None), labels)
    monkeypatch.setattr(prompts, "AT_ONCE", 6)  # two labels by three templates
    monkeypatch.setattr(ensembles, "CHUNK", 2)  # so that tokens come in parts too
    encoder = TokenizingEncoder()
    parts = _class_matrix(_ensembles(encoder, cache if kept else None), labels)
    np.testing.assert_array_equal(parts, whole)
    assert [len(call) for call in encoder.text_calls] == [2] * 6
    assert len(_prompts(encoder)) == len(set(_prompts(encoder)))


def test_no_more_prompts_are_in_memory_than_a_part_has(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0

    def counted(label: Label, templates: tuple[str, ...]) -> tuple[str, ...]:
        nonlocal made
        made += len(templates)
        return tuple(template.replace("{}", label.name) for template in templates)

    monkeypatch.setattr(Label, "prompts_with", counted)
    monkeypatch.setattr(prompts, "AT_ONCE", 9)
    labels = [Label(f"n{i}", f"n{i}") for i in range(100)]
    for i, block in enumerate(blocks_of_prompts(labels, TEMPLATES), start=1):
        assert sum(map(len, block)) <= 9
        assert made <= 9 * i


def test_a_changed_label_alone_is_encoded(cache: EmbeddingCache) -> None:
    _class_matrix(_ensembles(FakeEncoder(), cache), LabelSet.from_names(ANIMALS))
    encoder = FakeEncoder()
    changed = LabelSet.from_names(["dog", *ANIMALS[1:]])
    matrix = _class_matrix(_ensembles(encoder, cache), changed)
    assert _prompts(encoder) == ["a dog.", "the dog.", "art of a dog"]
    fresh = _class_matrix(_ensembles(FakeEncoder(), None), changed)
    np.testing.assert_array_equal(matrix, fresh)


def test_labels_in_another_order_are_known(cache: EmbeddingCache) -> None:
    straight = _ensembles(FakeEncoder(), cache).embed([["a fox"], ["a hen", "the hen"]])
    encoder = FakeEncoder()
    turned = _ensembles(encoder, cache).embed([["a hen", "the hen"], ["a fox"]])
    assert encoder.text_calls == []
    np.testing.assert_array_equal(turned[::-1], straight)


@pytest.mark.parametrize(
    "other",
    [
        lambda: FakeEncoder(name="other weights"),
        lambda: FakeEncoder(embedding_dim=32),
    ],
)
def test_another_model_has_its_own(cache: EmbeddingCache, other: Callable[[], FakeEncoder]) -> None:
    _ensembles(FakeEncoder(), cache).embed([["a fox"]])
    encoder = other()
    _ensembles(encoder, cache).embed([["a fox"]])
    assert _prompts(encoder) == ["a fox"]


class OtherEngine(FakeEncoder):
    """Which reads the same weights, and computes something else with them."""

    def _embed(self, contents: Sequence[bytes]) -> NDArray[np.float32]:
        return super()._embed([b"other " + content for content in contents])


def _told(**changes: str) -> FakeEncoder:
    encoder = FakeEncoder()
    encoder.model_info = dataclasses.replace(encoder.model_info, **changes)  # type: ignore[arg-type]
    return encoder


@pytest.mark.parametrize(
    "other",
    [
        OtherEngine,
        lambda: _told(encoder="other"),
        lambda: _told(precision="bf16"),
        lambda: _told(device="cuda:1"),
    ],
    ids=["class", "name", "precision", "device"],
)
def test_two_engines_over_the_same_weights_share_no_rows(
    cache: EmbeddingCache, other: Callable[[], FakeEncoder]
) -> None:
    _ensembles(FakeEncoder(), cache).embed([["a fox"]])
    for texts in ([("a fox",)], []):  # of the second one's own rows it makes use
        encoder = other()
        kept = _ensembles(encoder, cache).embed([["a fox"]])
        assert encoder.text_calls == texts
        np.testing.assert_array_equal(kept, _ensembles(other(), None).embed([["a fox"]]))


def test_a_new_release_of_an_engine_has_rows_of_its_own(
    cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ensembles(FakeEncoder(), cache).embed([["a fox"]])
    monkeypatch.setattr("zsclip.__version__", "99.0")
    encoder = FakeEncoder()
    _ensembles(encoder, cache).embed([["a fox"]])
    assert encoder.text_calls == [("a fox",)]


def test_one_device_of_a_kind_is_like_another(cache: EmbeddingCache) -> None:
    _ensembles(_told(device="cuda:0"), cache).embed([["a fox"]])
    encoder = _told(device="cuda:1")
    _ensembles(encoder, cache).embed([["a fox"]])
    assert encoder.text_calls == []


def test_a_text_that_is_cut_elsewhere_is_another(cache: EmbeddingCache) -> None:
    for length in (4, 5, 6):
        encoder = FakeEncoder(context_length=length)
        _ensembles(encoder, cache).embed([["a fox in the snow"]], too_long="cut")
        assert encoder.text_calls == [("a fox in the snow",)]


def test_texts_of_the_same_tokens_are_the_same(cache: EmbeddingCache) -> None:
    _ensembles(TokenizingEncoder(), cache).embed([["a Fox"]])
    encoder = TokenizingEncoder()
    _ensembles(encoder, cache).embed([["a  fox"]])
    assert encoder.text_calls == []
    _ensembles(encoder, cache).embed([["a fox", "a fox"], ["fox a"]])
    assert _prompts(encoder) == ["a fox", "a fox", "fox a"]


def test_an_engine_without_a_fingerprint_keeps_nothing(cache: EmbeddingCache) -> None:
    for _ in range(2):
        encoder = FakeEncoder()
        vectors = encoder.encode_texts(["a fox"])
        encoder.text_calls.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoder, "weights_sha256", None)
            patch.setattr(encoder, "_embed", lambda _, vectors=vectors: vectors)
            _ensembles(encoder, cache).embed([["a fox"]])
        assert _prompts(encoder) == ["a fox"]


def test_nothing_is_kept_of_what_is_not_finite(cache: EmbeddingCache) -> None:
    """Prompts that cancel out have no direction."""
    encoder = FakeEncoder(embedding_dim=2)
    encoder._embed = lambda contents: np.array([[1, 0], [-1, 0]], np.float32)[: len(contents)]  # type: ignore[method-assign]
    assert np.isnan(_ensembles(encoder, cache).embed([["this", "that"]])).all()
    assert cache.info().entries == 0


def test_many_prompts_go_in_order_of_the_alphabet(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the native engine finds beginnings to share in each call."""
    monkeypatch.setattr("zsclip.ensembles.CHUNK", 5)
    encoder = FakeEncoder()
    labels = LabelSet.from_names(ANIMALS)
    matrix = _class_matrix(_ensembles(encoder, None), labels)
    assert [len(call) for call in encoder.text_calls] == [5, 5, 2]
    assert _prompts(encoder) == sorted(_prompts(encoder))
    prompts = [[template.replace("{}", name) for template in TEMPLATES] for name in ANIMALS]
    whole = np.array([FakeEncoder().encode_texts(texts).mean(axis=0) for texts in prompts])
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    np.testing.assert_allclose(matrix, whole, atol=1e-6)


def test_the_text_tower_is_not_loaded_for_labels_that_are_known(
    cache: EmbeddingCache, loads: list[str]
) -> None:
    for expected in (["load_text_tower"], ["load_text_tower"]):
        encoder = create_encoder("clip", "tiny-cartoon", device="cpu")
        Ensembles(encoder, cache=cache).embed([["a cartoon fox."]])
        assert loads == expected
