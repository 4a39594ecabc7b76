"""Who tells which activation a model has, in which order, and what is said if nobody does."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from zsclip.clip import Recipe
from zsclip.encoders.native import NativeEncoder
from zsclip.errors import ActivationWarning, ParameterError
from zsclip.formats.layouts import open_tensors
from zsclip.weights import Checkpoint, get_model_spec, load_checkpoint
from zsclip.weights import activations as module
from zsclip.weights.activations import find_published_file, settle
from zsclip.weights.identity import sealing
from zsclip.weights.proven import seals_of
from zsclip.weights.sources import bundled_path

State = dict[str, Tensor]

SPEC = get_model_spec("tiny-cartoon")


@pytest.fixture(params=["own.pt", "own.safetensors", "archive.pt"])
def bare(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    vit_state: State,
    save_archive: Callable[[State, Path], None],
) -> Path:
    """A file of tensors alone, in each format."""
    path: Path = tmp_path / request.param
    save: Any = {"own.pt": torch.save, "own.safetensors": save_file}.get(path.name, save_archive)
    save(vit_state, path)
    return path


def test_a_bare_file_is_taken_for_quickgelu_with_one_warning(bare: Path) -> None:
    with pytest.warns(ActivationWarning) as caught:
        checkpoint = load_checkpoint(bare)
    for load in (checkpoint.load_image_tower, checkpoint.load_text_tower):
        load()  # a second warning would be an error
    assert checkpoint.config.activation == "quickgelu"
    [warning] = caught
    message = str(warning.message)
    assert str(bare) in message
    assert "QuickGELU is assumed" in message
    assert 'activation="gelu"' in message
    assert "--activation gelu" in message


@pytest.mark.parametrize("activation", ["quickgelu", "gelu"])
def test_what_the_caller_says_of_a_bare_file_is_computed_without_a_word(
    bare: Path, activation: Any
) -> None:
    checkpoint = load_checkpoint(bare, activation=activation)
    assert checkpoint.config.activation == activation


def test_the_two_give_other_embeddings_in_both_towers(bare: Path) -> None:
    quick, exact = (
        NativeEncoder(load_checkpoint(bare, activation=a), device="cpu", precision="fp32")
        for a in ("quickgelu", "gelu")
    )
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    assert np.abs(quick.encode_pixels(pixels) - exact.encode_pixels(pixels)).max() > 1e-3
    texts = ["a red fox", "a diagram"]
    assert np.abs(quick.encode_texts(texts) - exact.encode_texts(texts)).max() > 1e-3


def test_what_a_configuration_says_counts_unless_the_caller_says_more() -> None:
    told = Recipe(activation="gelu", source="open_clip_config.json")
    assert settle(told, None, "mine") == told
    given = settle(told, "quickgelu", "mine")
    assert (given.activation, given.source) == ("quickgelu", "`activation`")
    assert settle(told, "gelu", "mine") == told


def test_a_published_model_has_its_own_and_no_other() -> None:
    assert load_checkpoint("tiny-cartoon", activation="quickgelu").config.activation == "quickgelu"
    with pytest.raises(ParameterError) as caught:
        load_checkpoint("tiny-cartoon", activation="gelu")
    message = str(caught.value)
    assert "`activation` is 'gelu'" in message
    assert "'tiny-cartoon' was trained with 'quickgelu'" in message


def test_a_contradiction_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="'ViT-B/32' was trained with 'quickgelu'"):
        load_checkpoint("ViT-B/32", activation="gelu", download_root=tmp_path, offline=True)


def test_a_published_file_is_known_under_any_name_by_its_bytes(tmp_path: Path) -> None:
    copy = tmp_path / "renamed.safetensors"
    shutil.copy(bundled_path(SPEC), copy)
    assert load_checkpoint(copy).config.activation == "quickgelu"  # and does not warn
    with pytest.raises(ParameterError, match="'tiny-cartoon' was trained with 'quickgelu'"):
        load_checkpoint(copy, activation="gelu")
    with copy.open("r+b") as file:  # of the same size
        file.seek(-1, 2)
        file.write(b"\x01")
    with pytest.warns(ActivationWarning):
        load_checkpoint(copy)


def test_what_was_kept_of_a_published_file_is_known_by_its_header(tmp_path: Path) -> None:
    state, kept = load_file(bundled_path(SPEC)), tmp_path / "kept.safetensors"
    header = sealing(SPEC.sha256, seals_of(state, kept))
    save_file(state, kept, header)
    assert load_checkpoint(kept).config.activation == "quickgelu"
    # who trained on from it and kept the header has other weights
    state["ln_final.bias"] += 1
    save_file(state, kept, header)
    assert load_checkpoint(kept, activation="gelu").config.activation == "gelu"
    with pytest.warns(ActivationWarning):
        load_checkpoint(kept)


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"a": 1}', '{"a": ["b"]}', "[" * 100_000])
def test_a_strangers_header_makes_no_published_file(text: str, tmp_path: Path) -> None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    header = {"source_sha256": SPEC.sha256, "zsclip_seals": digest + text}
    save_file(load_file(bundled_path(SPEC)), tmp_path / "mine.safetensors", header)
    with pytest.warns(ActivationWarning):
        load_checkpoint(tmp_path / "mine.safetensors")


def test_a_file_of_another_size_is_not_read_through(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "file_sha256", lambda path: pytest.fail("was hashed"))
    assert find_published_file(bare, open_tensors(bare)) is None


@pytest.mark.parametrize("activation", ["relu", "", "QuickGELU", 1, True])
def test_there_are_two(activation: Any, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="`activation` must be 'quickgelu' or 'gelu', got"):
        load_checkpoint(tmp_path / "none.pt", activation=activation)


def test_what_is_no_clip_is_an_error_and_no_warning(tmp_path: Path, vit_state: State) -> None:
    del vit_state["logit_scale"]
    torch.save(vit_state, tmp_path / "own.pt")
    with pytest.raises(ValueError, match="logit_scale"):
        load_checkpoint(tmp_path / "own.pt")


def test_towers_have_the_heads_and_widths_that_the_recipe_and_the_shapes_tell(
    vit_state: State, checkpoint_of: Callable[[State], Checkpoint]
) -> None:
    """More heads over the same tensors are another model."""
    from zsclip.formats.layouts import in_memory

    def rows(head_width: int) -> Any:
        recipe = Recipe("quickgelu", head_width, 64)
        made = Checkpoint("small", Path("small.pt"), in_memory(vit_state), recipe=recipe)
        assert made.config.image_heads == 64 // head_width
        return NativeEncoder(made, device="cpu", precision="fp32")

    one, four = rows(64), rows(16)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    assert np.abs(one.encode_pixels(pixels) - four.encode_pixels(pixels)).max() > 1e-3
    assert np.allclose(one.encode_texts(["a fox"]), four.encode_texts(["a fox"]), atol=1e-6)
    assert one.model_info.recipe == ""
    assert four.model_info.recipe == "4 image heads"
