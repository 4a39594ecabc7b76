"""What the constructor refuses, and that its messages name the parameter and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from zsclip import Reading, ZeroShotClassifier
from zsclip.errors import (
    CheckpointError,
    DeviceError,
    EncoderError,
    EncoderNotFoundError,
    ImageError,
    ModelNotFoundError,
    ParameterError,
    ParameterTypeError,
    ZsclipError,
)

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

TINY: dict[str, Any] = {"model": "tiny-cartoon", "device": "cpu"}


def refused(error: type[ZsclipError], **parameters: Any) -> str:
    with pytest.raises(error) as caught:
        ZeroShotClassifier(["red", "blue"], **parameters)
    assert caught.type is error
    return str(caught.value)


@pytest.mark.parametrize("batch_size", [0, -1, np.int64(0)])
def test_batch_size_must_be_positive(batch_size: int, fake: FakeEncoder) -> None:
    message = refused(ParameterError, encoder=fake, batch_size=batch_size)
    assert message.startswith("`batch_size` must be 1 or more, got ")


@pytest.mark.parametrize("batch_size", [1.0, "8", None, True])
def test_batch_size_must_be_a_whole_number(batch_size: Any, fake: FakeEncoder) -> None:
    message = refused(ParameterTypeError, encoder=fake, batch_size=batch_size)
    assert message == f"`batch_size` must be a whole number, got {batch_size!r}."


def test_batch_size_may_come_out_of_numpy(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier(["red", "blue"], encoder=fake, batch_size=np.int32(2))  # type: ignore[arg-type]
    clf.predict([np.zeros((1, 1, 3), np.uint8)] * 5)
    assert fake.image_batches == [2, 2, 1]


@pytest.mark.parametrize("reading", [None, "black", (0, 0, 0), {"background": "black"}])
def test_a_reading_is_checked_before_the_first_picture(reading: Any, fake: FakeEncoder) -> None:
    message = refused(ParameterTypeError, encoder=fake, reading=reading)
    assert message.startswith(f"`reading` must be a Reading, got {reading!r}.")


def test_a_limit_can_be_raised_and_lowered_where_it_is_met(
    fake: FakeEncoder, tmp_path: Path
) -> None:
    Image.new("RGB", (30, 20), "red").save(tmp_path / "red.png")
    low = Reading(max_pixels=30 * 20 - 1)
    with pytest.raises(
        ImageError, match=r"Pass a higher limit, reading=Reading\(max_pixels=\.\.\."
    ):
        ZeroShotClassifier(["red", "blue"], encoder=fake, reading=low).classify(
            tmp_path / "red.png"
        )
    enough = Reading(max_pixels=30 * 20)
    clf = ZeroShotClassifier(["red", "blue"], encoder=fake, reading=enough)
    assert clf.classify(tmp_path / "red.png").label == "red"


def test_background_shows_through(fake: FakeEncoder) -> None:
    clear = np.zeros((2, 2, 4), np.uint8)
    labels = ["red", "white"]
    assert ZeroShotClassifier(labels, encoder=fake).classify(clear).label == "white"
    on_red = ZeroShotClassifier(labels, encoder=fake, reading=Reading(background="red"))
    assert on_red.classify(clear).label == "red"
    assert on_red.with_labels(["white", "red"]).classify(clear).label == "red"


@pytest.mark.parametrize(
    "parameters",
    [
        {"model": "ViT-B/32"},
        {"device": "cpu"},
        {"precision": "fp32"},
        {"download_root": "weights"},
    ],
)
def test_an_encoder_object_leaves_nothing_to_choose(
    parameters: dict[str, Any], fake: FakeEncoder
) -> None:
    message = refused(ParameterError, encoder=fake, **parameters)
    assert "`encoder` is an object" in message
    assert f"`{next(iter(parameters))}`" in message


@pytest.mark.parametrize("encoder", [7, object()])
def test_an_encoder_that_is_none(encoder: Any) -> None:
    message = refused(EncoderError, encoder=encoder)
    assert message.startswith(
        f"the {type(encoder).__name__} given as `encoder` lacks context_length"
    )
    assert "zsclip.Encoder" in message


def test_an_unknown_encoder() -> None:
    message = refused(EncoderNotFoundError, encoder="clipp")
    assert message.startswith("`encoder` must be the name of an installed engine, got 'clipp'.")
    assert "Did you mean 'clip'?" in message


@pytest.mark.parametrize(
    ("model", "hint"),
    [("vit-b/32", "Did you mean 'ViT-B/32'"), ("tiny-cartoons", "'tiny-cartoon'"), ("", "Known:")],
)
def test_an_unknown_model(model: str, hint: str) -> None:
    message = refused(ModelNotFoundError, model=model, device="cpu")
    assert message.startswith(
        f"`model` must be the name of a model or the path of a checkpoint, got {model!r}."
    )
    assert hint in message


def test_a_checkpoint_that_is_not_there(tmp_path: Path) -> None:
    message = refused(ModelNotFoundError, model=tmp_path / "mine.pt", device="cpu")
    assert "mine.pt' does not exist" in message


def test_a_checkpoint_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(b"not a checkpoint")
    assert str(path) in refused(CheckpointError, model=path, device="cpu")


@pytest.mark.parametrize(
    ("parameter", "value"), [("model", 7), ("model", b"RN50"), ("download_root", 7)]
)
def test_a_model_or_download_root_that_is_no_path_is_refused(parameter: str, value: Any) -> None:
    message = refused(ParameterTypeError, **{**TINY, parameter: value})
    assert message.startswith(f"`{parameter}` must be a ")
    assert message.endswith(f"got {value!r}.")


@pytest.mark.parametrize("device", ["gpu", "", "cpu0", "meta", "CUDA", 0.5, None])
def test_devices_that_do_not_exist(device: Any) -> None:
    message = refused(DeviceError, model="tiny-cartoon", device=device)
    assert message.startswith("`device` ")
    assert "'auto'" in message


def test_a_torch_device_will_do() -> None:
    import torch

    clf = ZeroShotClassifier(["red", "blue"], model="tiny-cartoon", device=torch.device("cpu"))
    assert clf.model_info.device == "cpu"


@pytest.mark.parametrize("precision", ["fp8", "float32", "", None, 16, ["fp16"]])
def test_precisions_that_do_not_exist(precision: Any) -> None:
    message = refused(ParameterError, **TINY, precision=precision)
    assert message == (f"`precision` must be 'auto', 'fp32', 'fp16' or 'bf16', got {precision!r}.")


def test_everything_but_the_labels_is_given_by_keyword(fake: FakeEncoder) -> None:
    with pytest.raises(TypeError, match="positional"):
        ZeroShotClassifier(["red", "blue"], ["a {}."], encoder=fake)  # type: ignore[call-arg]


@pytest.mark.parametrize("on_error", ["ignore", None, True])
@pytest.mark.parametrize("method", ["classify_many", "stream"])
def test_on_error_is_one_of_two_and_checked_at_once(
    colors: ZeroShotClassifier, method: str, on_error: Any
) -> None:
    with pytest.raises(ParameterError) as caught:
        getattr(colors, method)([], on_error=on_error)
    assert str(caught.value) == f"`on_error` must be 'raise' or 'record', got {on_error!r}."


def test_nothing_is_fetched_or_loaded_for_labels_that_are_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from zsclip.encoders import native
    from zsclip.errors import LabelError

    monkeypatch.setattr(native, "load_checkpoint", lambda *_, **__: pytest.fail("was loaded"))
    with pytest.raises(LabelError):
        ZeroShotClassifier(["red"], model="ViT-B/32")
    with pytest.raises(DeviceError):
        ZeroShotClassifier(["red", "blue"], model="ViT-B/32", device="nowhere")
    with pytest.raises(ParameterError):
        ZeroShotClassifier(["red", "blue"], model="ViT-B/32", precision="fp8")
