"""Pictures that are read by many threads take together what one budget allows."""

from __future__ import annotations

import io
import threading
import time
from typing import Any

import pytest
from PIL import Image, TiffImagePlugin

from zsclip import Prediction, Reading, ZeroShotClassifier
from zsclip.images import load_image


def encoded(red: int) -> bytes:
    """A picture of one color; what is the same is read once."""
    stream = io.BytesIO()
    Image.new("RGB", (300, 300), (red, 0, 0)).save(stream, "TIFF", compression="tiff_deflate")
    return stream.getvalue()


def test_sixteen_pictures_and_eight_workers_take_the_memory_of_one_budget(
    fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [encoded(red) for red in range(16)]
    most = 1
    while True:  # more than one of them takes, and no more than two
        try:
            load_image(pictures[0], reading=Reading(max_memory=most))
            break
        except ValueError:
            most *= 2
    load, lock, at_once, highest = TiffImagePlugin.TiffImageFile.load, threading.Lock(), 0, 0

    def counted(self: TiffImagePlugin.TiffImageFile) -> Any:
        nonlocal at_once, highest
        if not self.tile:  # it is decoded already
            return load(self)
        with lock:
            at_once += 1
            highest = max(highest, at_once)
        time.sleep(0.05)
        try:
            return load(self)
        finally:
            with lock:
                at_once -= 1

    monkeypatch.setattr(TiffImagePlugin.TiffImageFile, "load", counted)
    for factor, threads in ((1, 1), (1000, 8)):
        highest = 0
        clf = ZeroShotClassifier(
            ["red", "blue"], encoder=fake, cache=False, workers=8, batch_size=16,
            reading=Reading(max_memory=most * factor),
        )  # fmt: skip
        results = clf.classify_many(pictures, on_error="record")
        assert all(isinstance(result, Prediction) for result in results)  # nobody is refused
        assert highest <= threads
    assert highest > 2
