"""`describe_source`, and the small helpers under it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

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
        ("https://me:secret@example.org/fox.png", "https://me:***@example.org/fox.png"),
        ("https://example.org/a:b@c", "https://example.org/a:b@c"),
        ("a\x1b[31m\nb\udc80.png", r"a\x1b[31m\nb\udc80.png"),
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


def test_a_long_path_stays_whole() -> None:
    path = Path("x" * 2000, "fox.png")
    assert describe_source(path) == str(path)


def test_long_url_keeps_both_ends() -> None:
    text = describe_source(f"https://example.org/{'x' * 5000}/fox.png")
    assert len(text) == 1000
    assert text.startswith("https://example.org/")
    assert text.endswith("/fox.png")


@given(st.text(max_size=1200))
def test_any_text_is_one_short_printable_line(text: str) -> None:
    described = describe_source(text)
    assert described.isprintable()
    assert len(described) <= 1000
    if text.isprintable() and len(text) <= 1000 and not text.lower().startswith(("data:", "http")):
        assert described == text
