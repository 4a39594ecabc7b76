"""Pictures on their way to a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from zsclip.encoders.transfer import send


def test_pictures_for_a_cpu_are_not_copied() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    sent = send(pixels, torch.device("cpu"))
    assert sent.data_ptr() == pixels.ctypes.data
    assert np.array_equal(sent.numpy(), pixels)


def test_pictures_for_cuda_are_pinned_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    class Pictures:
        def pin_memory(self) -> Pictures:
            asked.append("pinned")
            return self

        def to(self, device: torch.device, *, non_blocking: bool = False) -> Pictures:
            asked.append((str(device), non_blocking))
            return self

    pictures = Pictures()
    monkeypatch.setattr(torch, "from_numpy", lambda _: pictures)
    given: Any = send(np.zeros((1, 2, 2, 3), np.uint8), torch.device("cuda", 1))
    assert given is pictures
    assert asked == ["pinned", ("cuda:1", True)]
