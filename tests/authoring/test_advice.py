"""What only a text tower can tell of a label set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip import Label, LabelSet
from zsclip.authoring import COINCIDE, advice, find_near_labels
from zsclip.encoders import TooLong
from zsclip.testing import FakeEncoder

DEGREES = {"robin": 0, "redbreast": 10, "wren": 60, "jenny": 50, "tit": 65, "far": 180, "stray": 58}


class Compass(FakeEncoder):
    """Puts each text in the direction of the bird that it names."""

    def __init__(self) -> None:
        super().__init__(name="compass", embedding_dim=2)

    def encode_texts(
        self, texts: Sequence[str], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        angles = [next(a for word, a in DEGREES.items() if word in text) for text in texts]
        radians = np.radians(angles)
        return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_labels_that_all_but_coincide() -> None:
    birds = LabelSet.from_names(["robin", "wren", "tit", "far"], templates=["a {}.", "the {}."])
    (finding,) = find_near_labels(birds, Compass(), file="birds.toml")
    assert str(finding) == (
        "birds.toml: M1 labels[1] ('wren'): all but coincides with labels[2] ('tit') for compass: "
        "the cosine is 0.9962, from 0.99 on. Merge the two, or tell them apart by other words."
    )
    assert finding.is_advice
    assert np.cos(np.radians(5)) > COINCIDE > np.cos(np.radians(10))


def test_an_alias_that_belongs_elsewhere() -> None:
    birds = LabelSet.from_names(
        [
            Label("r", "robin", aliases=("redbreast", "stray")),
            Label("w", "wren", aliases=("jenny",)),
            Label("f", "far", aliases=("robin of old",), prompts=("far away",)),
        ],
        templates=["a {}.", "the {}."],
    )
    (finding,) = find_near_labels(birds, Compass())
    assert str(finding) == (
        "M2 labels[0].aliases[1]: 'stray' is nearer to 'wren' (cosine 0.999) than to 'robin' "
        "(0.530) for compass. Remove it if it means something else."
    )


def test_labels_are_compared_as_they_are_classified() -> None:
    """With all of their words: the aliases move "robin" from 0 to 29 degrees, clear of the wren."""
    apart = LabelSet.from_names([Label("r", "robin"), Label("j", "jenny", aliases=("stray",))])
    assert find_near_labels(apart, Compass()) == []
    near = LabelSet.from_names([Label("t", "tit"), Label("j", "jenny", aliases=("stray", "tit b"))])
    assert [finding.rule for finding in find_near_labels(near, Compass())] == ["M1", "M2", "M2"]


def test_labels_are_compared_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    birds = LabelSet.from_names(["tit", "stray", "robin", "jenny", "wren", "far"])
    whole = find_near_labels(birds, Compass())
    monkeypatch.setattr(advice, "AT_ONCE", 2)
    assert find_near_labels(birds, Compass()) == whole != []


def test_a_set_too_large_to_be_compared_with_itself_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(advice, "MOST_PAIRS", 8)
    encoder = Compass()
    (finding,) = find_near_labels(LabelSet.from_names(["robin", "wren", "tit"]), encoder)
    assert finding.is_advice
    assert "are 3 with 3 texts, too many for advice" in finding.message
    assert encoder.text_calls == []


def test_each_pair_is_told_once_by_a_real_model() -> None:
    from zsclip.encoders import create_encoder

    # To CLIP's tokenizer, a hyphen is a word between spaces: the two are the same prompt.
    tiny = create_encoder("clip", "tiny-cartoon", device="cpu")
    animals = LabelSet.from_names(["sea-lion", "sea - lion", "horse"], templates=["a cartoon {}."])
    (finding,) = find_near_labels(animals, tiny)
    assert finding.where == "labels[0] ('sea-lion')"
    assert (
        "coincides with labels[1] ('sea - lion') for tiny-cartoon: the cosine is 1.0000"
        in finding.message
    )
