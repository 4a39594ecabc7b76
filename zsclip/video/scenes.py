"""Where one scene ends and the next begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from av import VideoFrame

__all__ = ["THRESHOLD", "Scenes"]

THRESHOLD = 27.0
"""PySceneDetect's, for its content detector."""

_SHORTEST = 0.6  # seconds: PySceneDetect's
_WIDEST = 256  # pixels, to which frames are made smaller, as there
_HUES = 180 / 256  # OpenCV's circle of hues has 180 steps in eight bits, and Pillow's 256


class Scenes:
    """Tells frames that begin a scene, by the content detector of PySceneDetect (Castellano 2014).

    The difference of two frames is the mean over their pixels of the absolute differences in hue
    (0 to 179), saturation and brightness (0 to 255), each with the same weight. Where it reaches
    the threshold a scene begins, unless the last one did less than 0.6 seconds before.

    Args:
        threshold: From 0 to 255.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._before: NDArray[np.float32] | None = None
        self._last = 0.0

    def begins(self, frame: VideoFrame, time: float) -> bool:
        """Whether a frame, which comes after those given before, begins a scene."""
        now = _in_small(frame)
        before, self._before = self._before, now
        if before is None or before.shape != now.shape:
            differs = True
        else:
            differs = float(np.abs(now - before).mean()) >= self._threshold
            differs = differs and time - self._last >= _SHORTEST
        if differs:
            self._last = time
        return differs


def _in_small(frame: VideoFrame) -> NDArray[np.float32]:
    """A frame in hue, saturation and brightness: float32 (height, width, 3)."""
    smaller = max(1.0, frame.width / _WIDEST)
    size = max(1, round(frame.width / smaller)), max(1, round(frame.height / smaller))
    small = frame.reformat(*size, "rgb24", interpolation="BILINEAR")
    hsv = np.asarray(Image.fromarray(small.to_ndarray()).convert("HSV")).astype(np.float32)
    hsv[:, :, 0] *= _HUES
    return hsv
