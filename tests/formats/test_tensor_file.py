"""Headers of safetensors that lie, or ask for more than a file of tensors does."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from deadlines import run_program
from safetensors.torch import save_file

from zsclip.errors import CheckpointError
from zsclip.formats.layouts import open_tensors
from zsclip.formats.tensor_file import TensorFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "w.safetensors"


def _write(path: Path, header: object, data: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def _entry(shape: object = (2,), begin: object = 0, end: object = 8, dtype: object = "F32") -> Any:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


LIES: dict[str, object] = {
    "an unknown type": {"a": _entry(dtype="F128")},
    "a list as a type": {"a": _entry(dtype=[])},
    "a text as a shape": {"a": _entry(shape="2")},
    "a size as a text": {"a": _entry(shape=["2"])},
    "a size as a fraction": {"a": _entry(shape=[2.0])},
    "a size as a truth value": {"a": _entry(shape=[True, 2])},
    "a negative size": {"a": _entry(shape=[-1, -2])},
    "nothing by more than can be counted": {"a": _entry(shape=[0, 2**40, 2**40], end=0)},
    "a size of hundreds of digits": {"a": _entry(shape=[0, 10**300], end=0)},
    "sixty-five sizes": {"a": _entry(shape=[1] * 65)},
    "two tensors in one place": {"a": _entry(), "b": _entry()},
    "one tensor in another": {"a": _entry(), "b": _entry([1], 4, 8)},
    "a gap": {"a": _entry([1], 4, 8)},
    "an end before its beginning": {"a": _entry(begin=8, end=0)},
    "more bytes than there are": {"a": _entry([3], 0, 12)},
    "fewer bytes than there are": {"a": _entry([1], 0, 4)},
    "no offsets": {"a": {"dtype": "F32", "shape": [2]}},
    "three offsets": {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]}},
    "no entry": {"a": 1},
    "a list": [1],
    "one name twice": b'{"a":' + json.dumps(_entry()).encode() + b',"a":1}',
    "metadata that are no texts": {"__metadata__": {"x": 1}, "a": _entry()},
    "a long name": {"a" * 1001: _entry()},
    "a name with terminal codes": {"\x1b[2J" * 200: 1},
    "no JSON": b"{" * 100,
    "no text": b'{"\xff": 1}',
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_does_not_fit_the_file_is_refused(lie: str, path: Path) -> None:
    _write(path, LIES[lie], bytes(8))
    with pytest.raises(CheckpointError) as caught:
        TensorFile(path)
    message = str(caught.value)
    assert str(path) in message
    assert message.isprintable()
    assert len(message) < 700


@pytest.mark.parametrize("depth", [100, 900, 950, 1000, 10_000, 1_000_000])
def test_a_header_that_nests_is_refused(depth: int, path: Path) -> None:
    _write(path, b'{"a":' + b"[" * depth + b"]" * depth + b"}")
    with pytest.raises(CheckpointError, match=r"described as|nests too deeply"):
        TensorFile(path)


def test_a_length_that_is_none(path: Path) -> None:
    for length in (0, 1, 9, 2**63, 2**64 - 1):
        path.write_bytes(struct.pack("<Q", length) + b"{}")
        with pytest.raises(CheckpointError, match="its header would take"):
            TensorFile(path)


def test_tensors_of_nothing_are_read(path: Path) -> None:
    state = {"a": torch.zeros(0, 7), "b": torch.zeros(0, dtype=torch.bfloat16)}
    save_file(state, path)
    tensors = open_tensors(path)
    for name, tensor in state.items():
        assert tensors.read(name).shape == tensor.shape
        assert tensors.read(name).dtype == tensor.dtype


PROGRAM = """
import resource, sys
from pathlib import Path
from zsclip.errors import CheckpointError
from zsclip.formats.tensor_file import TensorFile
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
for path in sys.argv[1:]:
    try:
        TensorFile(Path(path))
    except CheckpointError:
        print("refused")
"""


def test_a_large_header_takes_little_memory(tmp_path: Path) -> None:
    """Of a hundred million bytes, which were read once, Python would make gigabytes."""
    pytest.importorskip("resource")
    for name, count in {"largest": 1_398_000, "larger": 33_000_000}.items():
        _write(tmp_path / name, b'{"a":[' + b"[]," * count + b"1]}")
    said = run_program(["-c", PROGRAM, "largest", "larger"], folder=tmp_path)
    assert said == "refused\nrefused\n"
