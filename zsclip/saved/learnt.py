"""What a classifier learnt, as plain values and arrays that a file can hold, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from zsclip.learnt import (
    NOTHING,
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

__all__ = ["arrays_of_learnt", "learnt_of_plain", "plain_of_learnt"]

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


def learnt_of_plain(plain: Plain, arrays: Mapping[str, NDArray[Any]]) -> Learnt:
    """What the two were made of; both may come from strangers.

    Raises:
        ValueError: A value is missing, unknown, or has another type; or values do not belong
            together.
    """
    if unknown := plain.value.keys() - PARTS.keys() - {"tie"}:
        raise ValueError(f"there is no `learnt.{min(unknown)}`")
    parts: dict[str, Any] = {}
    taken: set[str] = set()
    for name, kind in PARTS.items():
        if name in plain.value:
            own = {
                key.removeprefix(f"{name}."): values
                for key, values in arrays.items()
                if key.startswith(f"{name}.")
            }
            taken |= {f"{name}.{key}" for key in own}
            parts[name] = _part_of(kind, plain.table(name), own)
    if not parts:
        return NOTHING
    if left := arrays.keys() - taken:
        raise ValueError(f"it holds an array that nothing needs, `{min(left)}`")
    tie = plain.table("tie")
    texts = {field.name: tie.text_or_none(field.name) for field in fields(Tie)}
    if any(value is None for key, value in texts.items() if key != "weights_sha256"):
        raise ValueError("`learnt.tie` must say what it was learnt on")
    return Learnt(tie=Tie(**texts), **parts)  # type: ignore[arg-type]


def _part_of(
    kind: type[LearntValue], plain: Plain, arrays: Mapping[str, NDArray[Any]]
) -> LearntValue:
    hints, values = get_type_hints(kind), {}
    for field in fields(kind):
        hint = hints[field.name]
        if field.name in arrays:
            values[field.name] = _array(field.name, arrays[field.name], str(hint))
        else:
            values[field.name] = _value(plain, field.name, hint)
    if unknown := (plain.value.keys() | arrays.keys()) - values.keys():
        raise ValueError(f"there is no `{plain.where}.{min(unknown)}`")
    return kind(**values)


def _array(name: str, values: NDArray[Any], hint: str) -> NDArray[Any]:
    if f"numpy.{values.dtype.name}" not in hint:
        raise ValueError(f"`{name}` has the wrong type of numbers, {values.dtype.name}")
    return np.asarray(values)


def _value(plain: Plain, key: str, hint: Any) -> Any:
    """A value of the type that its field has."""
    written = str(hint)
    if "None" in written and plain.value.get(key) is None:
        return None
    if hint is int:
        return plain.whole(key)
    if "tuple" in written:
        return plain.texts(key)
    return plain.number(key) if "float" in written and "NDArray" not in written else plain.text(key)
