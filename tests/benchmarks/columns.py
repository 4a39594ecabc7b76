"""Columns that several tables have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.machine import peak


def differences(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> dict[str, str]:
    """How far two sets of unit vectors are apart, as columns of a table.

    What was normalised in bf16 is not quite of length 1, which is no matter of direction.
    """
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return {
        "largest difference": f"{np.abs(ours - theirs).max():.1e}",
        "lowest cosine": f"{((ours * theirs).sum(axis=1) / lengths).min():.6f}",
    }


def flops_shown(flops: float, machine: Mapping[str, Any], precision: str) -> str:
    """Operations a second, and their share of what a plain matrix product reaches.

    Without the share where no plain product was measured in this precision.
    """
    rate = f"{flops / 1e9:,.0f}"
    if precision not in machine["matmul"]:
        return rate
    return f"{rate} ({flops / peak(machine, precision):.0%})"
