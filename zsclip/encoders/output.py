"""What zsclip's own engines share: the size of a batch of texts, and embeddings as they go out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - PyTorch's own convention

__all__ = ["TEXT_BATCH", "to_unit_rows"]

TEXT_BATCH = 256


def to_unit_rows(embeddings: Tensor) -> NDArray[np.float32]:
    """Normalize embeddings (n, d) in fp32, and bring them to the CPU: float32 (n, d)."""
    return F.normalize(embeddings.float(), dim=-1).cpu().numpy()
