"""`plain_json`: values as JSON has them, whatever they were made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["plain_json"]


def plain_json(value: Any) -> Any:
    r"""A value as JSON has it: of Python's own types alone, which any encoder takes as they are.

    Lists stand for tuples, Python's numbers for those of NumPy, and None for NaN and infinity. A
    lone surrogate, for which UTF-8 has no bytes, stands as ``\udce9``, a backslash and five
    characters.

    Examples:
        >>> import numpy as np
        >>> plain_json({"a": (np.float32(0.5), float("nan"), "caf\udce9")})
        {'a': [0.5, None, 'caf\\udce9']}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.encode(value, "utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {plain_json(key): plain_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(inner) for inner in value]
    return value
