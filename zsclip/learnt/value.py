"""Frozen dataclasses that may hold arrays, and are values in spite of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from zsclip.wording import brief

__all__ = ["ArrayValue", "LearntValue"]


class ArrayValue:
    """Base of a frozen dataclass whose arrays are read-only: compared, hashed and pickled by them.

    It takes ``eq=False``, so that this holds.
    """

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def _key(self) -> tuple[object, ...]:
        values = (getattr(self, field.name) for field in fields(self))
        return tuple(
            (v.shape, v.dtype.str, v.tobytes()) if isinstance(v, np.ndarray) else v for v in values
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self is other or self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple[Any, ...]:
        # A pickled array forgets that it is read-only; made anew, it is again.
        return _made, (type(self), {f.name: getattr(self, f.name) for f in fields(self)})

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class LearntValue(ArrayValue):
    """Base of what was learnt: saved by its fields.

    Fields are texts, numbers, tuples of texts, and arrays, which are copied and made read-only.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, value in self.arrays().items():
            own = np.array(value, order="C")
            own.flags.writeable = False
            object.__setattr__(self, name, own)
        self.check()

    def check(self) -> None:
        """Raise if the fields do not belong together.

        Raises:
            ValueError: They do not; a file may have said so.
        """

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The fields that are arrays, by their names."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}

    def plain(self) -> dict[str, Any]:
        """The other fields, as values that JSON can hold."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in found.items()
            if not isinstance(value, np.ndarray)
        }

    def __repr__(self) -> str:
        named = (
            f"{f.name}=<{value.dtype} {value.shape}>"
            if isinstance(value := getattr(self, f.name), np.ndarray)
            else f"{f.name}={brief(value)}"
            for f in fields(self)
        )
        return f"{type(self).__name__}({', '.join(named)})"


def _made(kind: type[Any], values: dict[str, Any]) -> Any:
    return kind(**values)
