"""Split conformal prediction: how strange the truth is among pictures that nothing was fitted on.

A new picture that could have been one of these is no stranger than the k-th of m with a probability
of k / (m + 1), whatever the model is (Angelopoulos & Bates 2021, §1 and appendix D). The measures
themselves, which predictions use as well, are those of `zsclip.scoring`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zsclip.scoring import aps, lac, part_left_out

__all__ = ["strangeness"]


def strangeness(
    scores: NDArray[np.float32],
    truth: NDArray[np.int64],
    u: NDArray[np.float64] | None = None,
    *,
    empty: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How strange the truth is in each picture, by LAC and by APS.

    Args:
        scores: (n, labels), as predictions have them.
        truth: int64 (n,).
        u: Random numbers from 0 to 1 for APS: float64 (n,); `part_left_out` of the scores if None.
        empty: Whether sets may be empty, as in the papers.

    Returns:
        Two times float64 (n,), ascending.
    """
    wide = scores.astype(np.float64)
    left_out = part_left_out(wide) if u is None else u
    rows = np.arange(len(wide))
    by_lac, by_aps = lac(wide, empty=empty), aps(wide, left_out, empty=empty)
    return np.sort(by_lac[rows, truth]), np.sort(by_aps[rows, truth])
