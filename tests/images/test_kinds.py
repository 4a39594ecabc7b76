"""`describe_source`, and the small helpers under it."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from zsclip.errors import ImageError
from zsclip.images import describe_source


class Named(io.BytesIO):
    def __init__(self, name: object) -> None:
        super().__init__()
        self.name = name


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("fox.png", "fox.png"),
        (Path("photos") / "fox.png", str(Path("photos") / "fox.png")),
        ("https://example.org/fox.png?size=2", "https://example.org/fox.png?size=2"),
        ("https://me:secret@example.org/fox.png", "https://***@example.org/fox.png"),
        ("https://example.org/a:b@c", "https://example.org/a:b@c"),
        ("data:image/png;base64,AAAA", "data:image/png;base64,… (3 B)"),
        ("data:image/svg+xml,%3Csvg", "data:image/svg+xml,… (6 B)"),
        ("data:", "data:… (0 B)"),
        (b"x" * 12_345, "<bytes, 12.3 kB>"),
        (bytearray(5), "<bytearray, 5 B>"),
        (memoryview(bytes(40_000_000)), "<memoryview, 40.0 MB>"),
        (Named("photos/fox.png"), "<file photos/fox.png>"),
        (Named(b"fox.png"), "<file fox.png>"),
        (Named(3), "<file Named>"),
        (io.BytesIO(), "<file BytesIO>"),
        (Image.new("RGB", (640, 480)), "<PIL.Image RGB 640x480>"),
        (np.zeros((480, 640, 3), np.uint8), "<array uint8 480x640x3>"),
        (np.zeros(()), "<array float64 scalar>"),
        (torch.zeros(3, 224, 224), "<tensor float32 3x224x224>"),
        (torch.zeros(2, 2, dtype=torch.bfloat16, device="meta"), "<tensor bfloat16 2x2>"),
        (None, "<NoneType>"),
        (7, "<int>"),
    ],
)
def test_source(source: Any, text: str) -> None:
    assert describe_source(source) == text


def test_released_memoryview() -> None:
    view = memoryview(b"fox")
    view.release()
    assert describe_source(view) == "<memoryview>"


NAMES = {
    "a narrow space, as macOS writes it": "Screenshot 10.15.32\u202fAM.png",
    "a space that does not break": "fox\u00a0cub.png",
    "a joined emoji": "\N{WOMAN}\u200d\N{ROCKET}.png",
    "controls": "a\x1b[31m\nb.png",
    "bytes that are no text": os.fsdecode(b"caf\xe9.png"),
    "long": "x" * 2000 + "/fox.png",
    "a long address": f"https://example.org/{'x' * 5000}/fox.png",
}


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_is_what_was_given(kind: str) -> None:
    """For a program to open; not compared as text, since not every name can be printed."""
    name = NAMES[kind]
    assert (describe_source(name) == name) is True
    if "//" not in name:
        assert (describe_source(Path(name)) == name) is True
        assert (describe_source(os.fsencode(name)) == name) is False  # bytes are a picture


@pytest.mark.parametrize("kind", NAMES)
def test_an_error_shows_a_name_in_one_line(kind: str) -> None:
    error = ImageError(NAMES[kind], "gone.")
    assert (error.source == NAMES[kind]) is True
    assert str(error).isprintable()
    assert len(str(error)) <= 1000 + len("Cannot read the picture : gone.")


@given(st.text(max_size=1200))
def test_any_text_is_a_name_that_stays_exact(text: str) -> None:
    described = describe_source(text)
    if text.lower().startswith("data:"):
        assert described.isprintable()
    elif not text.lower().startswith("http"):
        assert described == text
