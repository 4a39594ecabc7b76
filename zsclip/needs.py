"""What only some need is imported when it is needed, and named with its extra if it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zsclip.errors import MissingExtraError

__all__ = ["needed"]

_FIT = ("sklearn", "scipy", "joblib", "threadpoolctl")  # what the extra brings


@contextmanager
def needed(what: str) -> Iterator[None]:
    """Around imports of scikit-learn and SciPy, of which a plain installation has neither.

    Args:
        what: What they are needed for, as a sentence begins: ``"A temperature"``.

    Raises:
        MissingExtraError: They are not there; the message says how to install them.

    Examples:
        >>> with needed("A temperature"):
        ...     from scipy.optimize import minimize_scalar
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _FIT:
            raise
        raise MissingExtraError(
            f"{what} needs scikit-learn and SciPy, and {error.name} is not installed: "
            'pip install "zsclip[fit]".'
        ) from error
