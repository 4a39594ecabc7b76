"""A classifier as one ONNX file: pixels in, scores and embeddings out.

The file holds normalization, the tower for pictures, the class matrix, temperature and score
function, and in its metadata the saved classifier itself. Stands on encoders, heads and the format
of saved classifiers; ONNX comes with the extra ``onnx`` and is loaded when a file is written.
"""

from __future__ import annotations

from zsclip.export.about import ABOUT, CLASSIFIER, FORMAT, LABELS
from zsclip.needs import needed

with needed("An export", "onnx"):  # of a classifier that was loaded where torch is not, too
    from zsclip.export.writing import PRECISIONS, check_onnx_target, write_onnx

__all__ = [
    "ABOUT",
    "CLASSIFIER",
    "FORMAT",
    "LABELS",
    "PRECISIONS",
    "check_onnx_target",
    "write_onnx",
]
