"""A classifier as one ONNX file: pixels in, scores and embeddings out.

The file holds normalisation, the tower for pictures, the class matrix, temperature and score
function, and in its metadata the saved classifier itself. Stands on encoders, heads and the format
of saved classifiers; ONNX comes with the extra ``onnx`` and is loaded when a file is written.
"""

from __future__ import annotations
