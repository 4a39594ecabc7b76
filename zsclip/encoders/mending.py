"""Embeddings that half precision could not hold, computed once more."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from zsclip.errors import PrecisionWarning

__all__ = ["mend"]


def mend(
    rows: NDArray[np.float32],
    again: Callable[[list[int]], NDArray[np.float32]],
    *,
    what: str,
    model: str,
    device: torch.device,
    precision: str,
) -> NDArray[np.float32]:
    """Compute rows that are not finite again in fp32, whose range half precision lacks.

    Args:
        rows: float32 (n, d), which are changed.
        again: Gives the rows of these places in fp32: float32 (m, d).
        what: What they are embeddings of, for the warning.
        model: The name of the model.
        device: Where it runs.
        precision: What it computes in.

    Warns:
        PrecisionWarning: There are such rows.
    """
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1)).tolist()
    if bad and precision != "fp32":
        warnings.warn(
            f"{model} gave NaN or infinity for {len(bad)} of {len(rows)} {what} on {device} in "
            f"{precision}; these are computed again in fp32. Pass precision='fp32' if this comes "
            "often.",
            PrecisionWarning,
            stacklevel=3,
        )
        rows[bad] = again(bad)
    return rows
