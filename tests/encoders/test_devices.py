"""Which device and which precision: chosen, logged, shown, or refused."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import torch

from zsclip import ZeroShotClassifier
from zsclip.encoders.devices import choose_device, choose_precision
from zsclip.errors import DeviceError, ParameterError


@pytest.fixture
def have(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``have(cuda=1, mps=False)``: lets PyTorch say that the machine has these."""

    def have(*, cuda: int = 0, mps: bool = False, amx: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)

    return have


@pytest.mark.parametrize(
    ("machine", "device", "precision"),
    [
        ({"cuda": 2, "mps": True}, "cuda", "fp16"),
        ({"cuda": 1}, "cuda", "fp16"),
        ({"mps": True}, "mps", "fp32"),
        ({"mps": True, "amx": True}, "mps", "fp32"),
        ({"amx": True}, "cpu", "bf16"),
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


def test_a_pytorch_that_cannot_tell_has_no_amx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    assert choose_precision("auto", torch.device("cpu")) == ("fp32", torch.float32)


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


def test_precisions() -> None:
    cpu = torch.device("cpu")
    assert choose_precision("auto", torch.device("cuda:1")) == ("fp16", torch.float16)
    assert choose_precision("auto", torch.device("mps")) == ("fp32", torch.float32)
    assert choose_precision("bf16", cpu) == ("bf16", torch.bfloat16)
    assert choose_precision("fp32", torch.device("cuda")) == ("fp32", torch.float32)
    with pytest.raises(ParameterError, match="`precision` must be"):
        choose_precision("half", cpu)
