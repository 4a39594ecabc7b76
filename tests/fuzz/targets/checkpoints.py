"""Checkpoints: safetensors, the zips of ``torch.save`` and of TorchScript, old pickles."""

from __future__ import annotations

import io
import json
import math
import pickle
import struct
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from tests.fuzz.catalogue import Target
from tests.fuzz.forms import FORMS
from tests.fuzz.mutations import Seed
from zsclip.clip.model import CLIPConfig
from zsclip.errors import ModelError, NonFiniteError
from zsclip.weights import load_checkpoint

__all__ = ["CHECKPOINTS", "make_state"]

_CONFIG = CLIPConfig(8, 32, 1, 64, 32, 8, 16, 64, 1)


def make_state() -> dict[str, Tensor]:
    """A very small CLIP with random weights, in OpenAI's layout."""
    state = {f"visual.{k}": v for k, v in _CONFIG.image_tower().state_dict().items()}
    state |= _CONFIG.text_tower().state_dict()
    random = torch.Generator().manual_seed(0)
    for tensor in state.values():
        tensor.normal_(0, 0.1, generator=random)
    half = {key: tensor.half() for key, tensor in state.items()}
    return {**half, "logit_scale": torch.tensor(math.log(50))}


class _Node(nn.Module):
    """A module with the tensors and children that a state dict speaks of."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        super().__init__()
        for child in sorted({key.split(".")[0] for key in state}):
            start = f"{child}."
            inside = {k.removeprefix(start): t for k, t in state.items() if k.startswith(start)}
            if inside:
                self.add_module(child, _Node(inside))
            else:
                self.register_buffer(child, state[child])

    def forward(self, x: Tensor) -> Tensor:
        return x


def _seeds() -> Iterator[Seed]:
    state = make_state()
    yield Seed("safetensors", save(state, {"format": "pt"}), "safetensors")
    for name, value in (("state dict", state), ("nested", {"state_dict": state, "epoch": 3})):
        out = io.BytesIO()
        torch.save(value, out)
        yield Seed(name, out.getvalue(), "zip")
    out = io.BytesIO()
    torch.save(state, out, _use_new_zipfile_serialization=False)
    yield Seed("old state dict", out.getvalue())
    yield Seed("torchscript", _scripted(state), "zip")
    yield Seed("pickle", pickle.dumps({"a": 1}))
    yield from _harmful(state)


def _scripted(state: dict[str, Tensor]) -> bytes:
    trace: Any = torch.jit.trace
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # TorchScript is deprecated; the archives remain
        path = Path(folder) / "archive.pt"
        torch.jit.save(trace(_Node(state).eval(), torch.zeros(1)), path)
        return path.read_bytes()


def _harmful(state: dict[str, Tensor]) -> Iterator[Seed]:
    for name, opcodes in (
        ("long_binput", b"\x80\x02Nr\xff\xff\xff\x7f."),
        ("frame", b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"."),
        ("bytes of many", b"\x80\x05\x8e" + struct.pack("<Q", 2**40)),
        ("long", b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1)),
        ("names a function", b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R."),
        ("deep", b"\x80\x02" + b"]" * 30_000 + b"a" * 29_999 + b"."),
        ("doubling", b"\x80\x02]q\0" + b"h\0h\0a" * 20_000 + b"."),
    ):
        yield Seed(name, opcodes)
        yield Seed(f"{name} in a zip", FORMS["zip"].together(
            [(b"a/data.pkl", opcodes), (b"a/version", b"3\n"), (b"a/byteorder", b"little")]
        ), "zip")  # fmt: skip
        yield Seed(f"{name} in torchscript", FORMS["zip"].together(
            [(b"a/data.pkl", opcodes), (b"a/constants.pkl", b"\x80\x02)."), (b"a/version", b"3\n")]
        ), "zip")  # fmt: skip
    out = io.BytesIO()
    wide = torch.as_strided(torch.zeros(1), (80_000, 75_000), (0, 0))
    torch.save({**state, "text_projection": wide}, out)
    yield Seed("one number for billions", out.getvalue(), "zip")
    shape = {"dtype": "F32", "shape": [2**31, 2**31], "data_offsets": [0, 4]}
    header = json.dumps({"text_projection": shape}).encode()
    yield Seed("safetensors of billions", FORMS["safetensors"].together(
        [(b"json", header), (b"data", bytes(4))]
    ), "safetensors")  # fmt: skip
    one = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    yield Seed("safetensors of many", lambda: FORMS["safetensors"].together(
        [(b"json", json.dumps({f"x{i}": one for i in range(30_000)}).encode()), (b"data", b"")]
    ))  # fmt: skip
    yield Seed("zeros", lambda: FORMS["deflated"].together(
        [(b"a/data.pkl", bytes(1_500_000_000)), (b"a/version", b"3\n")]
    ))  # fmt: skip


def _load(data: bytes) -> str:
    path = Path("model.pt")
    path.write_bytes(data)
    try:
        checkpoint = load_checkpoint(path, activation="quickgelu")
        checkpoint.load_image_tower()
        checkpoint.load_text_tower()
        assert len(checkpoint.sha256) == 64
    finally:
        path.unlink()
    return "read"


CHECKPOINTS = Target(
    lambda: list(_seeds()), _load, (ModelError, NonFiniteError),
    (b"ctorch._utils\n_rebuild_tensor_v2\n", b"cos\nsystem\n", b"c__builtin__\neval\n", b"R",
     b"b", b".",
     b"\x81", b"\x93", b"r\xff\xff\xff\x7f", b"\x8a\x08" + b"\xff" * 8, b"K\x00",
     b"J\xff\xff\xff\x7f",
     b"X\xff\xff\xff\x7f", b"]", b"}", b"(", b"t", b"Q", b"cuda:0", b"HalfStorage",
     b"DoubleStorage",
     b"constants.pkl", b"data/0", b"byteorder", b"big", b"F64", b"F8_E5M2", b"\x7f\xc0\0\0",
     b'"shape":[', b"data_offsets", b"18446744073709551615", b"-1"),
)  # fmt: skip
