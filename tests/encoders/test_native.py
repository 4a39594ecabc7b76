"""The native engine: what it says of a model, precisions, and when it loads what."""

from __future__ import annotations

import gc
import hashlib
import importlib.resources
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn

from zsclip import (
    MODELS,
    LabelSet,
    ModelSpec,
    ZeroShotClassifier,
    check_labelset,
    load_image,
)
from zsclip.encoders import Encoder, create_encoder
from zsclip.encoders.devices import to_unit_rows
from zsclip.encoders.native import NativeEncoder
from zsclip.errors import CheckpointError, PrecisionWarning, PromptTooLongError

WEIGHTS = Path(
    str(importlib.resources.files("zsclip.weights") / "data" / "tiny-cartoon.safetensors")
)
[SPEC] = [spec for spec in MODELS if spec.name == "tiny-cartoon"]

TINY_CARTOON = "39ff6f6eb7ca4424ce08fa123d9b8d9730225ab8e4064eab51bad3d5f1c1755e"  # its identity

NAMES = ["frog", "fish", "octopus", "tigerside"]
TEXTS = ["a frog", "a much longer text about an octopus that swims", ""]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return create_encoder("clip", "tiny-cartoon", device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def pictures(drawings: Path) -> list[Image.Image]:
    return [load_image(drawings / f"{name}.png") for name in NAMES]


def test_what_it_says_of_a_model(encoder: Encoder) -> None:
    info = encoder.model_info
    assert (info.name, info.encoder, info.device, info.precision) == (
        "tiny-cartoon", "clip", "cpu", "fp32",
    )  # fmt: skip
    assert (info.parameters, info.input_resolution) == (SPEC.parameters, SPEC.resolution)
    assert (info.context_length, info.vocab_size) == (77, 49_408)
    assert info.embedding_dim == SPEC.embed_dim
    assert info.source == str(WEIGHTS)
    assert encoder.context_length == 77
    assert encoder.weights_sha256 == TINY_CARTOON
    assert encoder.model_info is info
    assert (info.score_function, info.logit_bias) == ("softmax", 0.0)
    rows = dict(info.rows())
    assert str(info) == "\n".join(f"{title}: {value}" for title, value in rows.items())
    assert rows["Model parameters"] == f"{SPEC.parameters:,}"


def test_the_table_of_models_is_true_of_the_embedded_one(encoder: Encoder) -> None:
    data = WEIGHTS.read_bytes()
    info = encoder.model_info
    expected = ModelSpec(
        name="tiny-cartoon",
        file=WEIGHTS.name,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        resolution=info.input_resolution,
        embed_dim=info.embedding_dim,
        parameters=info.parameters,
        url=None,
        note=SPEC.note,
        license="CC-BY-4.0",
        commercial="yes",
    )
    assert expected == SPEC
    assert SPEC.bundled
    assert "not photographs" in SPEC.note


def test_the_native_engine_embeds_nothing_as_no_rows(encoder: Encoder) -> None:
    for empty in (encoder.encode_images([]), encoder.encode_texts([])):
        assert empty.shape == (0, SPEC.embed_dim)
        assert empty.dtype == np.float32


def test_texts_keep_their_order_over_many_batches(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = encoder.encode_texts(TEXTS * 3)
    monkeypatch.setattr("zsclip.clip.packing.LIMIT", 2)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS * 3), expected, atol=2e-6)
    np.testing.assert_array_equal(encoder.count_tokens(["a frog", ""]), [4, 2])


def test_it_checks_the_prompts_of_label_sets(encoder: Encoder) -> None:
    assert check_labelset("satellite", encoder=encoder) == []
    long = LabelSet.from_names(["frog " * 90 + "frog", "fish"])
    [problem] = check_labelset(long, encoder=encoder)
    assert problem.startswith("R10 ")
    assert "the encoder takes 77" in problem


def test_the_native_engine_refuses_or_cuts_texts_that_are_too_long(encoder: Encoder) -> None:
    with pytest.raises(PromptTooLongError):
        encoder.encode_texts(["frog " * 76])
    assert encoder.encode_texts(["frog " * 76], too_long="cut").shape == (1, SPEC.embed_dim)


@pytest.mark.parametrize(("precision", "tolerance"), [("bf16", 3e-2), ("fp16", 4e-3)])
def test_half_precisions_come_near(
    encoder: Encoder, pictures: list[Image.Image], precision: str, tolerance: float
) -> None:
    half = create_encoder("clip", "tiny-cartoon", device="cpu", precision=precision)
    assert half.model_info.precision == precision
    for exact, near in (
        (encoder.encode_images(pictures), half.encode_images(pictures)),
        (encoder.encode_texts(TEXTS), half.encode_texts(TEXTS)),
    ):
        assert near.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(near, axis=1), 1, atol=1e-5)
        assert (exact * near).sum(axis=1).min() > 1 - tolerance
        assert not np.array_equal(exact, near)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precisions_of_a_resnet(precision: str) -> None:
    """Whose batch norms become part of the weights on a CPU, in single precision."""
    from zsclip.clip.model import CLIPConfig
    from zsclip.clip.recipe import Recipe
    from zsclip.formats.layouts import in_memory
    from zsclip.weights.checkpoints import Checkpoint

    torch.manual_seed(0)
    sizes = CLIPConfig(32, 64, (1, 1, 1, 1), 16, None, 16, 49_408, 64, 1)
    image, text = sizes.image_tower(), sizes.text_tower()
    state = {f"visual.{key}": value for key, value in image.state_dict().items()}
    state |= text.state_dict() | {"logit_scale": torch.tensor(1.0)}
    path, recipe = Path("mini.pt"), Recipe(activation="quickgelu")
    checkpoint = Checkpoint("mini", path, in_memory(state), recipe=recipe)
    pictures = [Image.radial_gradient("L").convert("RGB"), Image.new("RGB", (50, 90), "red")]
    exact = NativeEncoder(checkpoint, device="cpu", precision="fp32").encode_images(pictures)
    half = NativeEncoder(checkpoint, device="cpu", precision=precision)
    assert (exact * half.encode_images(pictures)).sum(axis=1).min() > 0.99
    assert half.encode_texts(["a frog"]).shape == (1, 32)
    tower = half._text_tower.get(half._load_text_tower)
    norms = [m for m in tower.modules() if isinstance(m, nn.LayerNorm)]
    assert norms
    assert {p.dtype for norm in norms for p in norm.parameters()} == {torch.float32}
    assert {p.dtype for p in tower.parameters()} == {torch.float32, half._dtype}
    # whose batch norms are in the weights
    resnet: Any = half._image_tower.get(half._load_image_tower)
    assert {convolution.weight.dtype for convolution in resnet.stem} == {half._dtype}
    assert {p.dtype for p in resnet.parameters()} == {half._dtype}


@pytest.mark.parametrize("what", ["pictures", "texts"])
def test_what_overflows_in_half_precision_is_computed_again(
    encoder: Encoder, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    from zsclip.encoders import native

    half = create_encoder("clip", "tiny-cartoon", device="cpu", precision="bf16")
    calls: list[int] = []

    def spoiled(embeddings: torch.Tensor) -> NDArray[np.float32]:
        rows = to_unit_rows(embeddings)
        if not calls:
            rows[1] = np.nan
        calls.append(len(rows))
        return rows

    def embed(engine: Encoder) -> NDArray[np.float32]:
        return engine.encode_images(pictures) if what == "pictures" else engine.encode_texts(TEXTS)

    exact = embed(encoder)
    monkeypatch.setattr(native, "to_unit_rows", spoiled)
    with pytest.warns(PrecisionWarning, match=f"infinity for 1 of [34] {what} on cpu in bf16"):
        mended = embed(half)
    assert calls[:2] == [len(exact), 1]
    np.testing.assert_allclose(mended[1], exact[1], atol=1e-6)
    assert not np.allclose(mended[0], exact[0], atol=1e-6)


def test_fp32_that_is_not_finite_stays_so(
    pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    from zsclip.encoders import native

    encoder = create_encoder("clip", "tiny-cartoon", device="cpu", precision="fp32")
    monkeypatch.setattr(native, "to_unit_rows", lambda x: np.full(x.shape, np.nan, np.float32))
    assert np.isnan(encoder.encode_images(pictures)).all()


def test_each_tower_is_loaded_when_it_is_needed_and_once(
    loads: list[str], pictures: list[Image.Image]
) -> None:
    encoder = create_encoder("clip", "tiny-cartoon", device="cpu")
    encoder.count_tokens(TEXTS)
    assert loads == []
    for _ in range(2):
        encoder.encode_texts(TEXTS)
    assert loads == ["load_text_tower"]
    for _ in range(2):
        encoder.encode_images(pictures)
    assert loads == ["load_text_tower", "load_image_tower"]


def test_the_text_tower_makes_room_for_the_image_tower_once(
    loads: list[str], pictures: list[Image.Image]
) -> None:
    encoder = create_encoder("clip", "tiny-cartoon", device="cpu")
    before = encoder.encode_texts(TEXTS)
    tower = weakref.ref(encoder._text_tower.get(encoder._load_text_tower))  # type: ignore[attr-defined]
    encoder.encode_images(pictures)
    gc.collect()
    assert tower() is None
    for _ in range(2):
        np.testing.assert_array_equal(encoder.encode_texts(TEXTS), before)
        encoder.encode_images(pictures)
    assert loads == ["load_text_tower", "load_image_tower", "load_text_tower"]


def test_a_tower_that_fails_to_load_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, pictures: list[Image.Image]
) -> None:
    from zsclip.weights.checkpoints import Checkpoint

    load = Checkpoint.load_image_tower
    monkeypatch.setattr(Checkpoint, "load_image_tower", lambda self: 1 / 0)
    encoder = create_encoder("clip", "tiny-cartoon", device="cpu")
    with pytest.raises(ZeroDivisionError):
        encoder.encode_images(pictures)
    monkeypatch.setattr(Checkpoint, "load_image_tower", load)
    assert encoder.encode_images(pictures).shape == (4, SPEC.embed_dim)


def test_a_checkpoint_of_ones_own(tmp_path: Path, drawings: Path) -> None:
    """A state dict with another scale, saved by PyTorch and as safetensors."""
    state = load_file(WEIGHTS)
    state["logit_scale"] = torch.tensor(1.0)
    torch.save({"state_dict": state}, tmp_path / "mine.pt")
    save_file(state, tmp_path / "mine.safetensors")
    found = set()
    for name in ("mine.pt", "mine.safetensors"):
        path = tmp_path / name
        for model in (path, str(path)):
            clf = ZeroShotClassifier(
                ["frog", "fish"], model=model, activation="quickgelu", device="cpu"
            )
            assert clf.model_info.name == "mine"
            assert clf.model_info.logit_scale == pytest.approx(np.e)
        prediction = clf.classify(drawings / "frog.png")
        assert prediction.label == "frog"
        found.add(prediction.origin.weights_sha256)
    assert len(found) == 1
    assert TINY_CARTOON not in found


def test_weights_that_lack_a_tensor(tmp_path: Path, drawings: Path) -> None:
    state = load_file(WEIGHTS)
    del state["ln_final.weight"]
    save_file(state, tmp_path / "mine.safetensors")
    clf = ZeroShotClassifier(
        ["frog", "fish"], model=tmp_path / "mine.safetensors", activation="quickgelu", device="cpu"
    )
    with pytest.raises(
        CheckpointError, match=r"ln_final\.weight: expected \(\d+,\), found nothing"
    ):
        clf.classify(drawings / "frog.png")


def test_pictures_are_prepared_as_the_model_says(
    vit_state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    """Squashed, with another mean, from pixels as from files; JPEGs are decoded large enough."""
    from zsclip.clip import Preprocessing, Recipe, normalize, to_pixels
    from zsclip.formats.layouts import in_memory
    from zsclip.weights.checkpoints import Checkpoint

    how = Preprocessing((0.5, 0.4, 0.3), (0.2, 0.3, 0.4), "bilinear", "squash")
    recipe = Recipe("gelu", 64, 64, how)
    checkpoint = Checkpoint("own", Path("own.pt"), in_memory(vit_state), recipe=recipe)
    encoder = NativeEncoder(checkpoint, device="cpu", precision="fp32")
    assert encoder.preprocessing == "clip 32 squash bilinear mean 0.5 0.4 0.3 std 0.2 0.3 0.4"
    assert encoder.model_info.recipe == "squash bilinear mean 0.5 0.4 0.3 std 0.2 0.3 0.4"
    noise = np.random.default_rng(1).integers(0, 256, (90, 400, 3)).astype(np.uint8)
    picture = Image.fromarray(noise)
    tower = checkpoint.load_image_tower()
    with torch.inference_mode():
        x = normalize(torch.from_numpy(to_pixels([picture], 32, how)), how)
        expected = torch.nn.functional.normalize(tower(x), dim=-1).numpy()
    prepared = encoder.prepare(picture)
    assert prepared.tobytes() == picture.resize((32, 32), Image.Resampling.BILINEAR).tobytes()
    for found in (encoder.encode_images([picture]), encoder.encode_pixels(np.array([prepared]))):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    picture.save(tmp_path / "a.png")
    clf = ZeroShotClassifier(["cat", "dog"], encoder=encoder, cache=False)
    np.testing.assert_allclose(clf.encode_images([tmp_path / "a.png"]), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(300, 140), (140, 300)])
def test_a_jpeg_to_be_squashed_keeps_twice_the_resolution_on_both_sides(
    size: tuple[int, int],
    vit_state: dict[str, torch.Tensor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zsclip.clip import Preprocessing, Recipe
    from zsclip.formats.layouts import in_memory
    from zsclip.weights.checkpoints import Checkpoint

    recipe = Recipe("gelu", 64, 64, Preprocessing(resize="squash"))
    checkpoint = Checkpoint("own", Path("own.pt"), in_memory(vit_state), recipe=recipe)
    encoder = NativeEncoder(checkpoint, device="cpu", precision="fp32")
    Image.effect_noise(size, 50).convert("RGB").save(tmp_path / "a.jpg")
    seen: list[tuple[int, int]] = []
    prepare = encoder.prepare

    def watched(image: Image.Image) -> Any:
        seen.append(image.size)
        return prepare(image)

    monkeypatch.setattr(encoder, "prepare", watched)
    clf = ZeroShotClassifier(["cat", "dog"], encoder=encoder, cache=False)
    assert clf.encode_images([tmp_path / "a.jpg"]).shape == (1, 32)
    assert seen == [(size[0] // 2, size[1] // 2)]  # a quarter of the short side would be 35 pixels
