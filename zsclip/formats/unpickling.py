"""The pickle of a checkpoint, read as data: what a tensor is made of, and nothing that runs.

A pickle is a program that may call whatever it names. This reader knows the few names that a state
dict and a TorchScript module are written with, and calls none of them: a tensor becomes the place
of its numbers, and a module a box of what it was given. Every other name is refused, and so is
every instruction that PyTorch does not write.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

from zsclip.formats.tensor_file import BYTES, LARGEST, MOST_DIMENSIONS
from zsclip.wording import brief, shown

__all__ = ["PICKLE_LIMIT", "Module", "Storage", "View", "unpickle"]

PICKLE_LIMIT = 1 << 21
"""Bytes of a pickle. A thousand tensors take some 0.2 MB, and an optimizer's state twice that."""

_STORAGES = {
    "DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
    "LongStorage": "I64", "IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8",
    "ByteStorage": "U8", "BoolStorage": "BOOL",
}  # fmt: skip
_DTYPE_NAMES = (
    "float64", "float32", "float16", "bfloat16", "complex128", "complex64",
    "int64", "int32", "int16", "int8", "uint8", "bool",
)  # fmt: skip
_BUILTINS = ("set", "complex", "bytearray")
_LIST_BUILDERS = ("build_intlist", "build_doublelist", "build_boollist", "build_tensorlist")


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers in a row.

    Attributes:
        dtype: Their type, in the words of safetensors.
        key: What the file calls them.
        count: How many there are, as the pickle says.
    """

    dtype: str
    key: str
    count: int

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return self.count * BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class View:
    """A tensor: some numbers of a storage, all of them within it.

    Attributes:
        storage: The storage.
        offset: The place of the first number.
        shape: The tensor's shape.
        strides: The steps between neighbors, in numbers.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def size(self) -> int:
        """The length of its numbers in bytes."""
        return math.prod(self.shape) * BYTES[self.storage.dtype]


class Module:
    """A module of TorchScript, of which only what it held is kept."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state: object = None


@dataclass(frozen=True, slots=True)
class _Name:
    """What a pickle names; nothing can be done with it but what is done below."""

    module: str
    name: str

    @property
    def is_module(self) -> bool:
        """Whether it is one of TorchScript's."""
        return f"{self.module}.".startswith("__torch__.")


def unpickle(file: BinaryIO, storages: dict[str, Storage] | None = None) -> Any:
    """What a pickle holds, as dicts, lists, tuples, numbers, texts, `View` and `Module`.

    Args:
        file: The pickle, in memory; no more of it is read than the one.
        storages: Takes the storages that it speaks of, by their keys.

    Raises:
        pickle.UnpicklingError: It holds something else. The message goes on from the file's name.
        ValueError: It is damaged.
    """
    try:
        return _Unpickler(file, {} if storages is None else storages).load()
    except (_RefusedError, MemoryError):
        raise
    except Exception as e:  # whatever an instruction raises that finds nothing to work on
        raise ValueError(f"its pickle is broken ({type(e).__name__}: {shown(str(e))})") from e


class _RefusedError(pickle.UnpicklingError):
    """Of the pickle's meaning, and not of damage to it."""


def _refuse(what: str) -> _RefusedError:
    return _RefusedError(
        f"holds Python objects other than tensors ({shown(what, 200)}), or is no checkpoint at "
        "all. zsclip unpickles nothing but tensors, because other objects can run code. If it is "
        "yours, save model.state_dict() in place of the model."
    )


def _dict() -> dict[Any, Any]:
    return {}  # of an OrderedDict; a dict keeps the order as well


def _view(
    storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
    requires_grad: bool, hooks: object,
) -> View:  # fmt: skip
    numbers = (offset, *shape, *strides)
    if not (
        isinstance(storage, Storage)
        and type(shape) is type(strides) is tuple
        and len(shape) == len(strides) <= MOST_DIMENSIONS
        and all(type(n) is int and n >= 0 for n in numbers)
    ):
        raise ValueError("a tensor is described by no sizes")
    count = math.prod(shape)
    last = sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    if offset + (last + 1 if count else 0) > storage.count or count > storage.count:
        raise ValueError(
            f"a tensor of {brief(shape)} is larger than the {storage.count:,} numbers it is made of"
        )
    if not count and math.prod(n or 1 for n in shape) >= LARGEST:
        raise ValueError(f"a tensor of {brief(shape)} is no tensor")
    # of one number, or none, the step to the next is any number
    steps = tuple(
        step if count and size > 1 else 1 for size, step in zip(shape, strides, strict=True)
    )
    return View(storage, offset, shape, steps)


def _itself(value: object, *_: object) -> object:
    return value


def _subclass(rebuild: object, kind: object, arguments: Any, state: object) -> object:
    """A tensor to which a program gave attributes of its own."""
    if not isinstance(rebuild, _Name) or rebuild not in _TENSORS:
        raise _refuse("a tensor of another kind")
    return _TENSORS[rebuild](*arguments)


def _nothing(*_: object) -> None:
    """In the place of what a training script kept beside its tensors, and no model is made of."""


_TENSORS: dict[_Name, Callable[..., Any]] = {
    _Name("torch._utils", "_rebuild_tensor_v2"): _view,
    _Name("torch._utils", "_rebuild_parameter"): _itself,
    _Name("torch._utils", "_rebuild_parameter_with_state"): _itself,
}
_CALLS: dict[_Name, Callable[..., Any]] = {
    **_TENSORS,
    _Name("collections", "OrderedDict"): _dict,
    _Name("torch._tensor", "_rebuild_from_type_v2"): _subclass,
    _Name("torch.jit._pickle", "restore_type_tag"): _itself,
    **{_Name("torch.jit._pickle", name): _itself for name in _LIST_BUILDERS},
    **{_Name("torch", name): _nothing for name in ("Size", "device")},
    **{_Name("__builtin__", name): _nothing for name in _BUILTINS},
    **{_Name("builtins", name): _nothing for name in _BUILTINS},  # of protocol 3
    _Name("collections", "Counter"): _nothing,  # the milestones of a MultiStepLR
    _Name("_codecs", "encode"): _nothing,  # bytes, in protocol 2
}
_DTYPES = {_Name("torch", name): dtype for name, dtype in _STORAGES.items()}
# What is named and not called: dtypes, and the types of tensors.
_VALUES = {
    *(_Name("torch", name) for name in _DTYPE_NAMES),
    *(_Name("torch", name) for name in ("Tensor", "nn.parameter.Parameter")),
}


class _Instructions(dict[int, Any]):
    def __missing__(self, code: int) -> Any:
        raise _refuse(f"an instruction {bytes([code])!r}, which PyTorch does not write")


class _Unpickler(pickle._Unpickler):  # the one in C makes room for 4 billion objects if told so
    """The stack machine, with the instructions that PyTorch writes, in pickle's protocol 2."""

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: BinaryIO, storages: dict[str, Storage]) -> None:
        super().__init__(file)
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        found = _Name(module, name)
        if found in _CALLS or found in _DTYPES or found in _VALUES or found.is_module:
            return found
        raise _refuse(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Storage:
        kind, dtype, key, _, count, *view = pid
        known = isinstance(dtype, _Name) and dtype in _DTYPES
        if kind != "storage" or not known or view not in ([], [None]):
            raise _refuse("something from elsewhere that is no storage")
        if not (type(key) is str and type(count) is int and 0 <= count < LARGEST):
            raise ValueError("a storage is described by no size")
        storage = Storage(_DTYPES[dtype], key, count)
        if self._storages.setdefault(key, storage) != storage:
            raise ValueError("a storage is described in two ways")
        return storage

    def _call(self) -> None:
        arguments = self.stack.pop()
        name = self.stack.pop()
        if not isinstance(name, _Name) or name not in _CALLS:
            raise _refuse("a call of what is no function")
        self.stack.append(_CALLS[name](*arguments))

    def _make(self) -> None:
        arguments = self.stack.pop()
        name = self.stack.pop()
        if not isinstance(name, _Name) or not name.is_module or arguments:
            raise _refuse("an instance of what is no module")
        self.stack.append(Module())

    def _build(self) -> None:
        state, whose = self.stack.pop(), self.stack[-1]
        if isinstance(whose, Module):
            whose.state = state
        elif type(whose) is not dict:  # of a state dict it is `_metadata`, which nobody asks for
            raise _refuse("a state of what has none")

    def _set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _put(self.stack[-1], [key, value])

    def _set_items(self) -> None:
        items = self.pop_mark()
        _put(self.stack[-1], items)

    dispatch: ClassVar[dict[int, Any]] = _Instructions(
        {
            code[0]: pickle._Unpickler.dispatch[code[0]]
            for code in (
                pickle.PROTO, pickle.STOP, pickle.MARK, pickle.GLOBAL, pickle.BINPERSID,
                pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE, pickle.BINFLOAT, pickle.BINUNICODE,
                pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1,
                pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.TUPLE,
                pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS, pickle.EMPTY_DICT,
                pickle.BINPUT, pickle.LONG_BINPUT, pickle.BINGET, pickle.LONG_BINGET,
            )
        }
        | {
            pickle.REDUCE[0]: _call, pickle.NEWOBJ[0]: _make, pickle.BUILD[0]: _build,
            pickle.SETITEM[0]: _set_item, pickle.SETITEMS[0]: _set_items,
        }
    )  # fmt: skip


def _put(target: object, items: list[Any]) -> None:
    """Items into a dict, their keys and values in turn.

    Of other keys than these, some take for ever to hash, or have the same hash by the thousand.
    """
    if type(target) is not dict or len(items) % 2:
        raise _refuse("items of what has none")
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not (type(key) is str or (isinstance(key, int) and -(1 << 63) <= key < 1 << 63)):
            raise _refuse(f"a {type(key).__name__} as a key")
        target[key] = value
