"""A pickle is data: what state dicts and TorchScript modules are written with, and nothing else."""

from __future__ import annotations

import pickle
import struct
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from archives import reduced, storage, tensor
from deadlines import run_program

from zsclip.formats.unpickling import PICKLE_LIMIT, Module, View, unpickle

BOX = b"c__torch__.a\nB\n)\x81"
HUGE = 0xFFFF_FFFF


def _read(pickled: bytes) -> Any:
    return unpickle(BytesIO(pickled))


def _of(protocol: int, value: object) -> bytes:
    return pickle.dumps(value, protocol)


class _Call:
    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.made = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.made


def test_what_a_training_script_keeps_beside_tensors() -> None:
    value = {
        "epoch": 3, "lr": 0.1, "name": "x", "best": None, "done": True, "big": 2**127, "low": -5,
        "steps": [1, 300, 70_000], "betas": (0.9, 0.999), "nested": {0: {"a": ()}, "b": [[]]},
        "four": (1, 2, 3, 4), "ordered": OrderedDict(x=1, y=2),
    }  # fmt: skip
    assert _read(_of(2, value)) == value


def test_what_is_no_tensor_and_no_harm_is_left_out() -> None:
    beside = (
        torch.Size([1]), torch.device("cpu"), torch.float32, torch.bool, {1}, bytearray(b"x"),
        b"12", 1j, Counter([3, 5]),
    )  # fmt: skip
    for protocol in (2, 3):
        for value in beside:
            if protocol == 3 and isinstance(value, bytes | bytearray):
                continue  # which PyTorch does not read either
            assert _read(_of(protocol, {"a": value, "b": 1}))["b"] == 1, value


def test_a_module_is_a_box_of_whatever_state_it_had() -> None:
    for state in ({"a": 1}, ("a", 1), None, [1]):
        module = _read(b"\x80\x02" + BOX + _of(2, state)[2:-1] + b"b.")
        assert type(module) is Module
        assert module.state == state


def test_names_of_torchscript_itself_are_passed_through() -> None:
    for name in ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist"):
        assert _read(reduced(f"torch.jit._pickle {name}", b"(](K\x01K\x02et") + b".") == [1, 2]
    assert _read(reduced("torch.jit._pickle restore_type_tag", b"(K\x05X\1\0\0\0xt") + b".") == 5


def test_a_tensor_is_a_place_in_its_storage() -> None:
    view = _read(tensor(storage(12), (2, 3), (1, 4), offset=1) + b".")
    assert isinstance(view, View)
    assert (view.storage.dtype, view.storage.count, view.offset) == ("F32", 12, 1)
    assert (view.shape, view.strides, view.size) == ((2, 3), (1, 4), 24)


CODE = {
    "a function of the system": _of(2, _Call(__import__("os").system, "true")),
    "eval": _of(2, _Call(eval, "1")),
    "getattr": _of(2, _Call(getattr, "a", "b")),
    "a function of torch": _of(2, _Call(torch.hub.load, "x", "y")),
    "a method of storages": b"ctorch\nFloatStorage.from_file\n.",
    "torch.load": _of(2, _Call(torch.load, "x")),
    "another name of a module": b"ctorch.jit._pickle\nos.system\n.",
    "a type": _of(2, deque),
    "another class": _of(2, deque([1])),
    "a frozen set": _of(2, frozenset({1})),
    "a tensor of another kind": reduced(
        "torch._tensor _rebuild_from_type_v2", b"(cos\nsystem\nctorch\nTensor\n(X\x04\0\0\0truet}t"
    )
    + b".",
    "a call of a dtype": b"ctorch\nfloat32\n)R.",
    "a global below": b"ccollections\nOrderedDict.fromkeys\n.",
    "a near name": b"c__torch__x\nB\n.",
    "a call of a box": BOX + b")R.",
    "a call of a module's name": b"c__torch__\nB\n)R.",
    "a call of a storage's name": b"ctorch\nFloatStorage\n)R.",
    "a call of a text": b"X\x01\0\0\0x)R.",
    "an instance of a function": b"ctorch._utils\n_rebuild_tensor_v2\n)\x81.",
    "an instance with arguments": b"c__torch__\nB\n(K\x01t\x81.",
    "a state of a list": b"]}b.",
    "a state of a tensor": tensor(storage(1), (1,)) + b"}b.",
    "a state of a name": b"ctorch\nFloatStorage\n}b.",
    "items of a box": BOX + b"K\x01K\x02s.",
    "items of a list": b"](K\x01K\x02u.",
    "a storage from nowhere": b"(X\x06\0\0\0moduleK\x01K\x02K\x03K\x04tQ.",
    "a storage of another kind": storage(1, kind="torch._utils _rebuild_tensor_v2") + b".",
    "a storage of no name": b"(X\x07\0\0\0storage(tK\x02K\x03K\x04tQ.",
    "a view of a storage": storage(4, after=b"(X\x01\0\0\0vK\x00K\x02t") + b".",
}  # fmt: skip
INSTRUCTIONS = {
    "INST": b"(ios\nsystem\n.", "OBJ": b"(cos\nsystem\no.", "EXT1": b"\x82\x01.",
    "EXT2": b"\x83\x01\0.", "EXT4": b"\x84\x01\0\0\0.", "NEWOBJ_EX": BOX[:-2] + b")}\x92.",
    "STACK_GLOBAL": b"\x8c\x02os\x8c\x06system\x93.", "FRAME": b"\x95" + bytes([255] * 8) + b".",
    "LONG4": b"\x8b" + struct.pack("<i", 2**31 - 1) + b".", "PERSID": b"Pstorage\n.",
    "BINUNICODE8": b"\x8d" + bytes([255] * 7) + b"\x7f.", "BINBYTES": b"B\xff\xff\xff\xff.",
    "BYTEARRAY8": b"\x96" + bytes([255] * 7) + b"\x7f.", "NEXT_BUFFER": b"\x97.", "INT": b"I1\n.",
    "LONG": b"L1L\n.", "STRING": b"S'a'\n.", "UNICODE": b"Va\n.", "FLOAT": b"F1\n.", "DUP": b"]2.",
    "EMPTY_SET": b"\x8f.", "FROZENSET": b"(\x91.", "MEMOIZE": b"]\x94.", "text": b"<html>",
}  # fmt: skip


@pytest.mark.parametrize("what", [*CODE, *INSTRUCTIONS])
def test_what_is_no_tensor_is_refused_before_it_is_made(what: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match="holds Python objects other than tensors"):
        _read({**CODE, **INSTRUCTIONS}[what])


def test_a_name_is_shown_on_one_line_and_not_at_length() -> None:
    with pytest.raises(pickle.UnpicklingError) as caught:
        _read(b"c" + b"\x1b[2J" * 100_000 + b"\nx\n.")
    assert len(str(caught.value)) < 1000
    assert str(caught.value).isprintable()


TENSORS = {
    "larger than its storage": tensor(storage(3), (2, 2), (2, 1)),
    "of stride 0": tensor(storage(1), (6_000_000_000,), (0,)),
    "of stride 0 within": tensor(storage(10), (1000, 10), (0, 1)),
    "past the end by its offset": tensor(storage(4), (2,), (1,), offset=3),
    "past the end by its strides": tensor(storage(4), (2,), (4,)),
    "of nothing, past the end": tensor(storage(4), (0,), (1,), offset=5),
    "of nothing by nothing": tensor(storage(4), (0, 2**40, 2**40), (1, 1, 1)),
    "a negative stride": tensor(storage(4), (2,), (-1,), offset=3),
    "a negative offset": tensor(storage(4), (2,), (1,), offset=-1),
    "a negative size": tensor(storage(4), (-2, -2), (1, 1)),
    "sizes without strides": tensor(storage(4), (2, 2), (1,)),
    "too many sizes": tensor(storage(4), (1,) * 65, (1,) * 65),
    "of truth values": tensor(storage(4), (True,), (1,)),
    "of no storage": tensor(b"K\x01", (1,)),
    "of too few parts": reduced("torch._utils _rebuild_tensor_v2", b"(K\x01t"),
    "of a negative storage": tensor(storage(-1), (1,)),
    "of a storage without end": tensor(storage(2**60), (1,)),
    "of two storages of one name": tensor(storage(4), (1,)) + tensor(storage(5), (1,)),
}


@pytest.mark.parametrize("what", TENSORS)
def test_a_tensor_that_does_not_lie_in_its_storage(what: str) -> None:
    with pytest.raises(ValueError, match=r"tensor|storage|broken"):
        _read(b"(" + TENSORS[what] + b"t.")


@pytest.mark.parametrize(
    "pickled",
    [b"", b".", b"\x80", b"\x80\x09.", b"h\x05.", b"(K\x01", b"X\xff\xff\xff\xffa.", b"a.", b"R.",
     b"t.", b"cos", b"}(K\x01u.", b"K\x01Q.", b"K\x01K\x02a.", b"\x8a\xff.", b"c\xff\n\xff\n."],
)  # fmt: skip
def test_a_pickle_that_is_broken(pickled: bytes) -> None:
    with pytest.raises((ValueError, pickle.UnpicklingError)):
        _read(pickled)


def test_keys_that_take_for_ever_to_find_are_refused() -> None:
    deep = b")" + b"\x85" * 100 + b"K\x01"
    colliding = b"".join(_of(2, n * (2**61 - 1))[2:-1] + b"N" for n in range(3, 40))
    for items in (deep, colliding, b"G" + bytes(8) + b"N", b"NN"):
        with pytest.raises(pickle.UnpicklingError, match="as a key"):
            _read(b"\x80\x02}(" + items + b"u.")


# Each of these took a process, gigabytes or for ever in one reader of pickles or another.
GREEDY = {
    "a place in the memo": b"]r" + struct.pack("<I", HUGE) + b".",
    "lists in lists": b"]" * (PICKLE_LIMIT // 2) + b"a" * (PICKLE_LIMIT // 2 - 1) + b".",
    "tuples in tuples": b")" + b"\x85" * (PICKLE_LIMIT - 2) + b".",
    "a deep tuple as a key": b"})" + b"\x85" * (PICKLE_LIMIT - 5) + b"Ns.",
    "a wide tuple as a key": b"})" + b"q\x00h\x00\x86" * 60 + b"Ns.",
    "dicts": b"}" * (PICKLE_LIMIT - 1) + b".",
    "marks": b"(" * (PICKLE_LIMIT - 1) + b".",
    "a long text": b"X" + struct.pack("<I", HUGE) + b"a",
}
PROGRAM = """
import pickle, resource, sys
from io import BytesIO
from zsclip.formats.unpickling import unpickle
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    unpickle(BytesIO(open(sys.argv[1], "rb").read()))
except (ValueError, pickle.UnpicklingError):
    pass
print("ended")
"""


@pytest.mark.parametrize("what", GREEDY)
def test_a_pickle_of_the_largest_size_takes_neither_time_nor_memory_nor_the_process(
    what: str, tmp_path: Path
) -> None:
    pytest.importorskip("resource")
    assert len(GREEDY[what]) <= PICKLE_LIMIT
    (tmp_path / "pickle").write_bytes(GREEDY[what])
    said = run_program(["-c", PROGRAM, tmp_path / "pickle"], folder=tmp_path, seconds=100)
    assert said == "ended\n"
