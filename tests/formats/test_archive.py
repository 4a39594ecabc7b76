"""Archives of PyTorch give what PyTorch itself reads of them; archives that lie are refused."""

from __future__ import annotations

import os
import pickle
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from archives import dict_of, storage, tensor, write_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from zsclip.errors import CheckpointError
from zsclip.formats.layouts import open_tensors
from zsclip.formats.tensor_file import copy_out

State = dict[str, Tensor]


class _Part(nn.Module):
    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 2, bias=False).to(dtype)
        layout: Any = {"memory_format": torch.channels_last}  # which its annotations leave out
        self.conv.to(**layout)
        self.norm = nn.BatchNorm2d(4).to(dtype)
        self.turned = nn.Parameter(torch.randn(5, 3, dtype=dtype).t())
        self.register_buffer("of_step_two", torch.randn(12, dtype=dtype)[1::2])
        self.register_buffer("passing", torch.randn(2, dtype=dtype), persistent=False)
        self.attn_mask = torch.zeros(3, 3, dtype=dtype)  # neither parameter nor buffer

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)
        return y + self.attn_mask.sum()


class _Whole(nn.Module):
    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.visual = _Part(dtype)
        self.again = self.visual.conv
        flat = torch.randn(10, dtype=dtype)
        self.register_buffer("head", flat[:4])
        self.register_buffer("rest", flat[4:].view(2, 3))
        self.logit_scale = nn.Parameter(torch.tensor(4.6, dtype=dtype))
        for name, other in {"i": torch.int64, "s": torch.int16, "b": torch.bool}.items():
            self.register_buffer(name, torch.tensor([0, 1, 1]).to(other))
        self.register_buffer("empty", torch.zeros(0, 7, dtype=dtype))
        self.register_buffer("none", None)
        self.sizes = [1, 2]
        self.several = [torch.ones(2)]
        self.word = "x"

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.visual(x)
        return y * self.logit_scale


def _scripted(module: nn.Module) -> Any:
    return torch.jit.script(module)


def _traced(module: nn.Module) -> Any:
    example = torch.zeros(1, 3, 4, 4, dtype=module.logit_scale.dtype)  # type: ignore[arg-type]
    trace: Any = torch.jit.trace
    return trace(module.eval(), example, check_trace=False)


@pytest.fixture(autouse=True)
def _torchscript_is_deprecated() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _official(path: Path) -> State:
    load: Any = torch.jit.load
    state: State = load(path, map_location="cpu").state_dict()
    return state


def _assert_same(path: Path, due: State) -> None:
    tensors = open_tensors(path)
    assert set(tensors.shapes) == set(due)
    for name, tensor_due in due.items():
        found = tensors.read(name)
        assert found.dtype == tensor_due.dtype, name
        assert torch.equal(found, tensor_due), name
        assert found.stride() == tensor_due.stride() or found.numel() < 2, name
    assert _shared({name: tensors.read(name) for name in due}) == _shared(due)


def _shared(state: State) -> set[frozenset[str]]:
    """Which tensors lie in one storage."""
    places: dict[int, set[str]] = {}
    for name, tensor_there in state.items():
        if tensor_there.numel():
            places.setdefault(tensor_there.untyped_storage().data_ptr(), set()).add(name)
    return {frozenset(names) for names in places.values()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("make", [_scripted, _traced])
def test_a_module_gives_the_state_dict_that_torch_gives(
    make: Callable[[nn.Module], Any], dtype: torch.dtype, tmp_path: Path
) -> None:
    torch.jit.save(make(_Whole(dtype)), tmp_path / "m.pt")
    due = _official(tmp_path / "m.pt")
    assert len(due) == 17
    _assert_same(tmp_path / "m.pt", due)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_state_dict_is_what_torch_reads(zipped: bool, dtype: torch.dtype, tmp_path: Path) -> None:
    path = tmp_path / "s.pt"
    state = _Whole(dtype).state_dict()
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    _assert_same(path, torch.load(path, weights_only=True))


@pytest.mark.parametrize("zipped", [True, False])
def test_what_training_keeps_beside_a_state_dict_is_left_out(zipped: bool, tmp_path: Path) -> None:
    """All that PyTorch itself unpickles as weights, and an optimizer with its schedule has."""
    path, module = tmp_path / "t.pt", _Whole(torch.float32)
    optimizer = torch.optim.AdamW(module.parameters())
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 5])
    beside = {
        "schedule": schedule.state_dict(), "optimizer": optimizer.state_dict(), "key": b"key",
        "size": torch.Size([3, 4]), "device": torch.device("cpu"), "dtype": torch.float16,
        "done": {1, 2}, "random": torch.get_rng_state(),
    }  # fmt: skip
    state = module.state_dict()
    whole = {"epoch": 3, "state_dict": state, **beside}
    torch.save(whole, path, _use_new_zipfile_serialization=zipped)
    _assert_same(path, torch.load(path, weights_only=True)["state_dict"])


def test_tensors_with_attributes_of_their_own_are_read(path: Path) -> None:
    tensor_there, parameter = torch.arange(3.0), nn.Parameter(torch.ones(2))
    for marked in (tensor_there, parameter):
        marked.no_decay = True  # type: ignore[attr-defined]
    torch.save({"a": tensor_there, "b": parameter}, path)
    tensors = open_tensors(path)
    assert (tensors.read("a").tolist(), tensors.read("b").tolist()) == ([0, 1, 2], [1, 1])


def test_a_wrapped_module_is_read_without_its_wrapper(path: Path) -> None:
    wrapped = nn.Module()
    wrapped.module = _Whole(torch.float32)  # as `DataParallel` has it
    torch.jit.save(_scripted(wrapped), path)
    due = {name.removeprefix("module."): t for name, t in _official(path).items()}
    assert "visual.conv.weight" in due
    _assert_same(path, due)


def test_a_zip_without_checksums_is_read(path: Path) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"a": torch.arange(3.0)}, path)
    finally:
        torch.serialization.set_crc32_options(True)
    assert open_tensors(path).read("a").tolist() == [0, 1, 2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "m.pt"


ONE = dict_of(a=tensor(storage(2), (2,)))
BYTES = struct.pack("<2f", 1, 2)


def test_an_archive_of_a_test_is_read(path: Path) -> None:
    write_zip(path, ONE, {"data/0": BYTES, "byteorder": b"little", "../x": b"y"})
    assert open_tensors(path).read("a").tolist() == [1, 2]


MODULE = b"c__torch__\nM\n)\x81"
LIES: dict[str, tuple[bytes, dict[str, bytes]]] = {
    "a storage that is not there": (ONE, {}),
    "a storage that is too short": (ONE, {"data/0": BYTES[:7]}),
    "a storage that is too long": (ONE, {"data/0": BYTES + b"x"}),
    "a storage elsewhere": (dict_of(a=tensor(storage(2, key="../x"), (2,))), {"x": BYTES}),
    "another order of bytes": (ONE, {"data/0": BYTES, "byteorder": b"big"}),
    "a module in itself": (MODULE + b"q\0}X\1\0\0\0ah\0sb.", {}),
    "modules that double": (
        MODULE
        + b"".join(b"q\1" + MODULE + b"}(X\1\0\0\0ah\1X\1\0\0\0bh\1ub" for _ in range(60))
        + b".",
        {},
    ),
    # as names, some gigabytes of these
    "tensors in modules that double": (
        MODULE
        + b"}(X\1\0\0\0tq\0"
        + tensor(storage(2), (2,))
        + b"q\2X\1\0\0\0m"
        + MODULE
        + b"}("
        + b"".join(b"X\4\0\0\0%04dh\2" % n for n in range(2000))
        + b"ub"
        + b"".join(
            b"q\1X\2\0\0\0%02d" % n + MODULE + b"}(X\1\0\0\0ah\1X\1\0\0\0bh\1ub" for n in range(14)
        )
        + b"ub.",
        {"data/0": BYTES},
    ),
    "a name without end": (dict_of(**{"a" * 1001: tensor(storage(2), (2,))}), {"data/0": BYTES}),
    "too much of little": (
        dict_of(**{f"a{i}": tensor(storage(1000), (1000,)) for i in range(2000)}),
        {"data/0": bytes(4000)},
    ),
    "a large pickle": (b"N" * (1 << 21) + b".", {}),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_archive_that_lies_is_refused(lie: str, path: Path) -> None:
    write_zip(path, *LIES[lie])
    with pytest.raises(CheckpointError) as caught:
        open_tensors(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_a_pickle_that_is_not_what_was_written_is_refused(path: Path) -> None:
    write_zip(path, ONE, {"data/0": BYTES})
    content = path.read_bytes().replace(b"X\x01\0\0\0a", b"X\x01\0\0\0b")
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is not what was written"):
        open_tensors(path)


def test_two_pickles_are_refused(path: Path) -> None:
    write_zip(path, ONE, {"data/0": BYTES})
    with zipfile.ZipFile(path, "a") as second:
        second.writestr("n/data.pkl", ONE)
    with pytest.raises(CheckpointError, match=r"2 entries data\.pkl"):
        open_tensors(path)


def test_a_packed_pickle_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data.pkl", ONE)
    with pytest.raises(CheckpointError, match="damaged or none"):
        open_tensors(path)


def _legacy(
    state: bytes, keys: object, storages: bytes, *, little: bool = True, version: int = 1001
) -> bytes:
    system = {"protocol_version": version, "little_endian": little, "type_sizes": {}}
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, version, system)]
    return b"".join([*parts, state, pickle.dumps(keys, 2), storages])


OLD = dict_of(a=tensor(storage(2, after=b"N"), (2,)))
COUNTED = struct.pack("<q", 2) + BYTES


def test_an_older_file_of_a_test_is_read(path: Path) -> None:
    path.write_bytes(_legacy(OLD, ["0"], COUNTED))
    assert open_tensors(path).read("a").tolist() == [1, 2]


@pytest.mark.parametrize(
    "content",
    [
        _legacy(OLD, ["0"], COUNTED, little=False),
        _legacy(OLD, ["0"], COUNTED, version=1002),
        _legacy(OLD, [], COUNTED),
        _legacy(OLD, ["1"], COUNTED),
        _legacy(OLD, ["0", "0"], COUNTED * 2),
        _legacy(OLD, [((),)], COUNTED),
        _legacy(OLD, "0", COUNTED),
        _legacy(OLD, ["0"], struct.pack("<q", 3) + BYTES + BYTES),
        _legacy(OLD, ["0"], COUNTED[:-1]),
        _legacy(OLD, ["0"], b""),
        _legacy(b"\x80\x02](" + b"N" * (1 << 21) + b"e.", [], b""),
    ],
    ids=[
        "order of bytes", "version", "no keys", "another key", "a key twice", "a tuple as a key",
        "a text of keys", "count", "cut short", "no storage", "a large pickle",
    ],
)  # fmt: skip
def test_an_older_file_that_lies_is_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"damaged or none|in the other order"):
        open_tensors(path)


def test_a_write_while_an_archive_is_read_is_seen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_zip(path, ONE, {"data/0": BYTES})

    def copy_late(*arguments: Any) -> Any:
        os.utime(path, ns=(1, 1))
        return copy_out(*arguments)

    monkeypatch.setattr("zsclip.formats.archive.copy_out", copy_late)
    with pytest.raises(CheckpointError, match="was written to while it was read"):
        open_tensors(path)


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("scripted") / "m.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(_scripted(_Whole(torch.float32)), path)
    return path.read_bytes()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_to_an_archive_is_an_error_of_ours_or_none(
    scripted: bytes, path: Path, data: st.DataObject
) -> None:
    content = bytearray(scripted)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(CheckpointError):
        tensors = open_tensors(path)
        for name in tensors.shapes:
            tensors.read(name)
