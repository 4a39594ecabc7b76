"""The parts of `ZeroShotClassifier` that stand on its predictions and embeddings.

What judges it, what it learns from pictures, and scores of vectors that one has already. Whatever
learns gives a new classifier with another head; the old one stays as it is. Each method is thin:
`zsclip.evaluation` and `zsclip.fitting`, which do the work, are loaded when one is called.
"""

from __future__ import annotations

from zsclip.learning.fitted import Fitted
from zsclip.learning.judged import Judged
from zsclip.learning.rejecting import Rejecting

__all__ = ["Learning"]


class Learning(Judged, Fitted, Rejecting):
    """All of them: a base of `ZeroShotClassifier`."""
