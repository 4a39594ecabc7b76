"""What a classifier could have learnt, by hand: one value of each kind."""

from __future__ import annotations

import numpy as np

from zsclip import Calibration, Learnt, Probe, Rejection, Standardization, Thresholds
from zsclip.learnt import LearntValue, Tie


def some_parts(n: int, d: int) -> dict[str, LearntValue]:
    """One of each kind, for so many labels and embeddings so wide."""
    numbers = np.random.default_rng(n * d)
    rows = numbers.normal(size=(3, d)).astype(np.float32)
    return {
        "probe": Probe(
            pictures=20,
            c=0.5,
            start="zero",
            weights=numbers.normal(size=(n, d)).astype(np.float32),
            bias=numbers.normal(size=n).astype(np.float32),
        ),
        "standardization": Standardization(
            pictures=30, mean=np.linspace(0.1, 0.3, n), deviation=np.linspace(0.05, 0.1, n)
        ),
        "calibration": Calibration(
            temperature=2.5,
            bound="",
            pictures=40,
            ece_before=0.2,
            ece_after=0.1,
            brier_before=0.5,
            brier_after=0.4,
            lac=np.linspace(0, 0.9, 20),
            aps=np.linspace(0.05, 1, 20),
        ),
        "thresholds": Thresholds(
            target="f1",
            pictures=50,
            temperature=2.5,
            bias=-0.5,
            brier_before=0.2,
            brier_after=0.1,
            precision=0.8,
            recall=0.5,
            f1=0.6,
            values=np.array([*np.linspace(0.2, 0.8, n - 1), np.inf]),
            own=np.ones(n),
        ),
        "rejection": Rejection(
            method="null",
            null_prompts=("a thing.", "a picture.", "something."),
            threshold=0.4,
            pictures=60,
            coverage=0.95,
            negatives=rows / np.linalg.norm(rows, axis=1, keepdims=True),
        ),
    }


def some_learnt(tie: Tie, n: int, d: int, *names: str) -> Learnt:
    """What was learnt of the kinds that are named; of all if none is."""
    parts = some_parts(n, d)
    chosen = {name: parts[name] for name in names or parts}
    return Learnt(tie=tie, **chosen)  # type: ignore[arg-type]
