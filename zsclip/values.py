"""Whole numbers and truth values that users give, and errors that name them."""

from __future__ import annotations

import operator

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.wording import brief

__all__ = ["truth", "whole_number"]


def whole_number(param: str, value: object, *, least: int = 1) -> int:
    """A whole number that a user gave, as an `int`: of Python's, NumPy's, or any with an index.

    Raises:
        ParameterTypeError: It is no whole number; a truth value is none, and neither is a text.
        ParameterError: It is less than `least`.

    Examples:
        >>> whole_number("batch_size", 8)
        8
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ParameterTypeError(f"`{param}` must be a whole number, got {brief(value)}.") from None
    if number < least:
        raise ParameterError(f"`{param}` must be {least:,} or more, got {brief(value)}.")
    return number


def truth(param: str, value: object) -> bool:
    """A truth value that a user gave; a number or a text is none.

    Raises:
        ParameterTypeError: It is none.

    Examples:
        >>> truth("exact", True)
        True
    """
    if not isinstance(value, bool):
        raise ParameterTypeError(f"`{param}` must be True or False, got {brief(value)}.")
    return value
