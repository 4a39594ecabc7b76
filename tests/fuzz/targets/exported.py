"""Exported files that somebody else may have written: what is around the graph, and what is in it.

ONNX Runtime does not get them: its own reading of graphs is not ours to mend.
"""

from __future__ import annotations

import base64
import functools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.fuzz.catalogue import Target
from tests.fuzz.mutations import Seed
from zsclip import ZeroShotClassifier
from zsclip.errors import ZsclipError
from zsclip.testing import FakeEncoder

sys.path.append(str(Path(__file__).parents[2] / "support"))  # as pytest has it
from onnx_files import exported_colors, saved_bytes

__all__ = ["EXPORTED"]

START = b"\x08"  # of an ONNX file, and of no classifier whose header is longer


@functools.cache
def _classifier(*, several: bool = False) -> ZeroShotClassifier:
    encoder = FakeEncoder(embedding_dim=8)
    return ZeroShotClassifier(["cat", "dog"], multi_label=several, encoder=encoder, cache=False)


def _exported(classifier: bytes | None = None) -> bytes:
    """An exported file, with other bytes for the classifier in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.onnx"
        texts = {} if classifier is None else {
            "zsclip.classifier": base64.b64encode(classifier).decode()
        }  # fmt: skip
        exported_colors(_classifier(), path, metadata=lambda told: told.update(texts))
        return path.read_bytes()


def _seeds() -> Iterator[Seed]:
    yield Seed("a whole file", _exported())
    for several in (False, True):
        yield Seed(f"a classifier, {several}", saved_bytes(_classifier(several=several)), "saved")


def _load(data: bytes) -> str:
    path = Path("a.onnx" if Random(data).random() < 0.9 else "a.zsclip")
    path.write_bytes(data if data.startswith(START) else _exported(data))
    try:
        ZeroShotClassifier.load(path, cache=False)
    finally:
        path.unlink()
    return "read"


EXPORTED = Target(
    lambda: list(_seeds()), _load, (ZsclipError,),
    (b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b"NaN", b"1e999", b'"model"',
     b'"format"', b'"square"', b'"fp32"', b"zsclip.about", b"zsclip.classifier", b"\x3a", b"\x72",
     b"\x6a\x00", b"\x70\x01", b"/etc/passwd", b"\x0b",
     b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
)  # fmt: skip
