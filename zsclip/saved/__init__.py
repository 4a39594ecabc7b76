"""A classifier as a file: its head, and the way to its model.

The file is a safetensors file of one tensor, and one more for each array that was learnt; all
else stands as JSON in its metadata. Reading one
runs no code. The documentation's page on saved classifiers has the format. Nothing here knows how
a model is found again: that is the engines' business.
"""

from __future__ import annotations

from zsclip.saved.format import SavedClassifier
from zsclip.saved.reading import read_classifier
from zsclip.saved.target import check_target, refused
from zsclip.saved.writing import bytes_of_classifier, write_classifier

__all__ = [
    "SavedClassifier",
    "bytes_of_classifier",
    "check_target",
    "read_classifier",
    "refused",
    "write_classifier",
]
