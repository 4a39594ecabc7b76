"""What a classifier learnt, as plain values and arrays that a file can hold, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_type_hints

from numpy.typing import NDArray

from zsclip.learnt import (
    Calibration,
    Learnt,
    LearntValue,
    Probe,
    Rejection,
    Standardization,
    Thresholds,
    Tie,
)
from zsclip.saved.plain import Plain
from zsclip.wording import printable

__all__ = ["arrays_of_learnt", "learnt_of_plain", "plain_of_learnt", "types_of_arrays"]

PARTS: dict[str, type[LearntValue]] = {
    "probe": Probe,
    "standardization": Standardization,
    "calibration": Calibration,
    "thresholds": Thresholds,
    "rejection": Rejection,
}


def plain_of_learnt(learnt: Learnt) -> dict[str, Any]:
    """Everything but the arrays, as values that JSON can hold."""
    assert learnt.tie is not None
    parts = {name: part.plain() for name, part in learnt.parts().items()}
    return {"tie": asdict(learnt.tie), **parts}


def arrays_of_learnt(learnt: Learnt) -> dict[str, NDArray[Any]]:
    """The arrays by names such as ``calibration.lac``."""
    return {
        f"{name}.{key}": values
        for name, part in learnt.parts().items()
        for key, values in part.arrays().items()
    }


def types_of_arrays() -> dict[str, str]:
    """The type of each array that a file can hold, in the words of safetensors."""
    return {
        f"{name}.{field.name}": "F32" if "float32" in str(hint) else "F64"
        for name, kind in PARTS.items()
        for field in fields(kind)
        if "NDArray" in str(hint := get_type_hints(kind)[field.name]) or "ndarray" in str(hint)
    }


def learnt_of_plain(plain: Plain, arrays: Mapping[str, NDArray[Any]]) -> Learnt:
    """What the two were made of; both may come from strangers.

    Raises:
        ValueError: A value is missing, unknown, or has another type; or values do not belong
            together.
    """
    if unknown := plain.value.keys() - PARTS.keys() - {"tie"}:
        raise ValueError(f"there is no `learnt.{printable(min(unknown))}`")
    parts: dict[str, Any] = {}
    left = dict(arrays)
    for name, kind in PARTS.items():
        if name in plain.value:
            keys = [key for key in left if key.startswith(f"{name}.")]
            own = {key.removeprefix(f"{name}."): left.pop(key) for key in keys}
            parts[name] = _part_of(kind, plain.table(name), own)
    if left:
        raise ValueError(f"it holds an array that nothing needs, `learnt.{min(left)}`")
    if not parts:
        raise ValueError("`learnt` holds nothing that was learnt")
    return Learnt(tie=_tie(plain.table("tie")), **parts)


def _tie(plain: Plain) -> Tie:
    names = [field.name for field in fields(Tie)]
    if unknown := plain.value.keys() - set(names):
        raise ValueError(f"there is no `{plain.where}.{printable(min(unknown))}`")
    texts: dict[str, Any] = {
        name: plain.text_or_none(name) if name == "weights_sha256" else plain.text(name)
        for name in names
    }
    return Tie(**texts)


def _part_of(
    kind: type[LearntValue], plain: Plain, arrays: Mapping[str, NDArray[Any]]
) -> LearntValue:
    hints, values = get_type_hints(kind), {}
    for field in fields(kind):
        hint = hints[field.name]
        if field.name in arrays:
            values[field.name] = arrays[field.name]
        else:
            values[field.name] = _value(plain, field.name, hint)
    if unknown := plain.value.keys() - (values.keys() - arrays.keys()):
        raise ValueError(f"there is no `{plain.where}.{printable(min(unknown))}`")
    return kind(**values)


def _value(plain: Plain, key: str, hint: Any) -> Any:
    """A value of the type that its field has."""
    written = str(hint)
    if "None" in written and plain.value.get(key) is None:
        return None
    if "ndarray" in written:
        raise ValueError(f"the array `{plain.where}.{key}` is missing")
    if hint is int:
        return plain.whole(key)
    if "tuple" in written:
        return plain.texts(key)
    return plain.number(key) if "float" in written else plain.text(key)
