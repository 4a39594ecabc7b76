"""Frames of a video as pictures, and what is in the whole of it.

`frames` gives frames by rate or at each change of scene, upright and in their right colors, one
after the other in constant memory; `classify_video` gives a prediction for each, and one for the
clip. Decoding is PyAV's, the extra ``video``.

Stands on the public surface, and is loaded when it is first used.
"""

from __future__ import annotations

from zsclip.video.classified import ClassifiedVideo, FramePrediction, Span, classify_video
from zsclip.video.sampling import Frame, VideoSource, frames

__all__ = [
    "ClassifiedVideo",
    "Frame",
    "FramePrediction",
    "Span",
    "VideoSource",
    "classify_video",
    "frames",
]
