"""Which device and which precision: chosen, logged, shown, or refused."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch

from zsclip import ZeroShotClassifier
from zsclip.encoders import devices
from zsclip.encoders.devices import AutoPrecision, choose_device, choose_precision, explain_auto
from zsclip.encoders.rates import Rate
from zsclip.errors import DeviceError, ParameterError

FASTER = Rate(fp32=100.0, bf16=131.0, tries=99, probes=1, measured=1_800_000_000)
SLOWER = Rate(fp32=100.0, bf16=129.0, tries=99, probes=1, measured=1_800_000_000)


@pytest.fixture
def have(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``have(cuda=1, rate=SLOWER)``: lets PyTorch and the probe say that the machine has these."""

    def have(*, cuda: int = 0, mps: bool = False, rate: Rate | None = None) -> None:
        monkeypatch.delenv("ZSCLIP_PRECISION")
        monkeypatch.setattr(devices, "rate_of", lambda *_, **__: rate)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return have


@pytest.mark.parametrize(
    ("machine", "device", "precision"),
    [
        ({"cuda": 2, "mps": True}, "cuda", "fp16"),
        ({"cuda": 1}, "cuda", "fp16"),
        ({"mps": True}, "mps", "fp32"),
        ({"mps": True, "rate": FASTER}, "mps", "fp32"),
        ({"rate": FASTER}, "cpu", "bf16"),
        ({"rate": SLOWER}, "cpu", "fp32"),
        ({}, "cpu", "fp32"),
    ],
)
def test_auto_takes_the_best_and_says_so(
    have: Any,
    caplog: pytest.LogCaptureFixture,
    machine: dict[str, Any],
    device: str,
    precision: str,
) -> None:
    have(**machine)
    with caplog.at_level(logging.INFO, logger="zsclip"):
        clf = ZeroShotClassifier(["red", "blue"], model="tiny-cartoon")
    assert repr(clf) == (
        f"<ZeroShotClassifier 2 labels, 7 templates, tiny-cartoon on {device} in {precision}>"
    )
    assert (clf.model_info.device, clf.model_info.precision) == (device, precision)
    assert (clf.origin.model.device, clf.origin.model.precision) == (device, precision)
    records = [r for r in caplog.records if r.name == "zsclip" and "Computing" in r.getMessage()]
    assert [(r.levelname, r.getMessage()) for r in records] == [("INFO", f"Computing on {device}.")]


@pytest.mark.parametrize(
    ("machine", "device"),
    [
        ({}, "cuda"),
        ({}, "cuda:0"),
        ({"cuda": 1}, "cuda:1"),
        ({"cuda": 2}, "cuda:7"),
        ({}, "mps"),
        ({}, "meta"),
    ],
)
def test_what_is_not_there_is_refused(have: Any, machine: dict[str, Any], device: str) -> None:
    have(**machine)
    with pytest.raises(DeviceError) as caught:
        ZeroShotClassifier(["red", "blue"], model="tiny-cartoon", device=device)
    message = str(caught.value)
    assert message.startswith(f"`device` is {device!r}, ")
    assert "Use device='auto'" in message
    if "cuda" in device:
        count = machine.get("cuda", 0)
        assert f"sees {count} CUDA device{'s' * (count != 1)}." in message
    assert isinstance(caught.value, RuntimeError)


def test_auto_is_explained(have: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    have(rate=FASTER)
    assert explain_auto("cpu") == AutoPrecision("bf16", "measured", FASTER)
    assert explain_auto("cuda") == AutoPrecision("fp16", "cuda")
    assert explain_auto("mps") == AutoPrecision("fp32", "mps")
    monkeypatch.setattr(devices, "rate_of", lambda *_, **__: None)
    for can, why in ((False, "no bf16 here"), (True, "not measured")):
        monkeypatch.setattr(devices, "has_bf16", lambda can=can: can)
        assert explain_auto("cpu") == AutoPrecision("fp32", why)
    monkeypatch.setenv("ZSCLIP_PRECISION", "fp16")
    assert explain_auto("cpu") == AutoPrecision("fp16", "ZSCLIP_PRECISION")
    assert explain_auto("mps") == AutoPrecision("fp16", "ZSCLIP_PRECISION")


def test_the_rate_is_that_of_the_models_own_image_tower(
    have: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    have()
    asked = []

    def rate_of(width: int, *, convolution: bool = False) -> None:
        asked.append((width, convolution))

    monkeypatch.setattr(devices, "rate_of", rate_of)
    explain_auto("cpu")
    ZeroShotClassifier(["red", "blue"], model="tiny-cartoon", device="cpu")  # a small ResNet
    assert asked == [(768, False), (32, True)]


def test_the_environment_says_what_auto_is(have: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    have(rate=FASTER)
    monkeypatch.setenv("ZSCLIP_PRECISION", "fp32")

    def precision(**options: Any) -> str:
        clf = ZeroShotClassifier(["red", "blue"], model="tiny-cartoon", device="cpu", **options)
        return clf.model_info.precision

    assert precision() == "fp32"
    assert precision(precision="auto") == "fp32"
    assert precision(precision="bf16") == "bf16"
    monkeypatch.setenv("ZSCLIP_PRECISION", "bf16")
    assert precision() == "bf16"
    assert precision(exact=True) == "fp32"
    for left_open in ("", " ", "auto"):
        monkeypatch.setenv("ZSCLIP_PRECISION", left_open)
        assert precision() == "bf16"  # as it was measured


def test_an_environment_that_says_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, loads: list[str]
) -> None:
    monkeypatch.setenv("ZSCLIP_PRECISION", "int8")
    monkeypatch.setattr("zsclip.encoders.native.load_checkpoint", lambda *_, **__: pytest.fail("!"))
    with pytest.raises(ParameterError) as caught:
        ZeroShotClassifier(["red", "blue"], model="tiny-cartoon")
    assert str(caught.value) == (
        "`ZSCLIP_PRECISION` must be one of auto, fp32, fp16, bf16, got 'int8'. Set it to one of "
        "these, or unset it."
    )
    assert loads == []
    assert choose_precision("fp32", torch.device("cpu")) == ("fp32", torch.float32)


@pytest.mark.parametrize("device", ["xpu", "vulkan"])
def test_a_backend_that_this_pytorch_lacks(device: str) -> None:
    with pytest.raises(DeviceError) as caught:
        choose_device(device)
    assert str(caught.value).startswith(f"`device` is {device!r}, which PyTorch cannot use here (")
    assert "\n" not in str(caught.value)


def test_what_is_there_is_taken(have: Any) -> None:
    have(cuda=2, mps=True)
    assert choose_device("cuda:1") == torch.device("cuda", 1)
    assert choose_device("cuda") == torch.device("cuda")
    assert choose_device("mps") == torch.device("mps")
    assert choose_device(torch.device("cpu")) == torch.device("cpu")


def test_precisions(have: Any) -> None:
    have()
    cpu = torch.device("cpu")
    assert choose_precision("auto", torch.device("cuda:1")) == ("fp16", torch.float16)
    assert choose_precision("auto", torch.device("mps")) == ("fp32", torch.float32)
    assert choose_precision("bf16", cpu) == ("bf16", torch.bfloat16)
    assert choose_precision("fp32", torch.device("cuda")) == ("fp32", torch.float32)
    with pytest.raises(ParameterError, match="`precision` must be"):
        choose_precision("half", cpu)
