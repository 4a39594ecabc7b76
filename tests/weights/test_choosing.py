"""Which model to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from zsclip.weights.choosing import download_size, in_order, is_minor, unbeaten
from zsclip.weights.models import MODELS
from zsclip.weights.spec import ModelSpec


def model(name: str, cost: float | None, right: float | None) -> ModelSpec:
    return replace(MODELS[0], name=name, image_gflop=cost, imagenet=right)


def test_none_is_beaten_by_what_it_beats() -> None:
    cheap, dear, worse = model("cheap", 1, 0.5), model("dear", 9, 0.8), model("worse", 9, 0.7)
    assert unbeaten([dear, worse, cheap]) == {"cheap", "dear"}
    assert unbeaten([model("a", 5, 0.5), model("b", 5, 0.6), model("c", 6, 0.6)]) == {"b"}
    assert unbeaten([model("a", None, 0.9), model("b", 5, None), model("c", 6, 0.1)]) == {"c"}
    assert unbeaten([]) == set()


def test_the_star_is_true_of_the_whole_table() -> None:
    marked = unbeaten(MODELS)
    rated = [spec for spec in MODELS if spec.imagenet and spec.image_gflop]
    for spec in rated:
        better = [
            other
            for other in rated
            if other.imagenet >= spec.imagenet  # type: ignore[operator]
            and other.image_gflop <= spec.image_gflop  # type: ignore[operator]
            and (other.imagenet, other.image_gflop) != (spec.imagenet, spec.image_gflop)
        ]
        assert (spec.name in marked) is not bool(better)


@pytest.mark.parametrize("by", ["accuracy", "cost"])
def test_what_is_not_known_comes_last(by: str) -> None:
    models = [model("a", None, None), model("b", 3, 0.5), model("c", 2, 0.4)]
    assert [s.name for s in in_order(models, by)] == (  # type: ignore[arg-type]
        ["b", "c", "a"] if by == "accuracy" else ["c", "b", "a"]
    )


def test_those_for_a_field_are_never_minor() -> None:
    assert not is_minor(MODELS["BioCLIP"])
    assert not is_minor(MODELS["tiny-cartoon"])
    assert is_minor(MODELS["ViT-L-14/dfn2b_s39b"])


def test_what_is_here_has_a_size_and_all_else_an_estimate(tmp_path: Path) -> None:
    spec = MODELS["ViT-B-16/dfn2b"]
    (tmp_path / "open_clip_config.json").write_bytes(b"{}")
    (tmp_path / "open_clip_pytorch_model.bin").write_bytes(b"weights")
    assert download_size(spec, tmp_path) == (9, False)
    assert download_size(spec, None) == (4 * spec.parameters, True)
    assert download_size(MODELS["RN50"], tmp_path / "RN50.pt") == (MODELS["RN50"].size, False)
