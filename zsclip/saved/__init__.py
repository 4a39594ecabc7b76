"""A classifier as a file: the class matrix, and everything that says how it came about.

The file is a safetensors file of one tensor; all else stands as JSON in its metadata. Reading one
runs no code. The documentation's page on saved classifiers has the format.
"""

from __future__ import annotations

from zsclip.saved.content import ModelFacts, SavedClassifier
from zsclip.saved.fitting import check_fit, find_engine
from zsclip.saved.reading import read_classifier
from zsclip.saved.writing import check_target, write_classifier

__all__ = [
    "ModelFacts",
    "SavedClassifier",
    "check_fit",
    "check_target",
    "find_engine",
    "read_classifier",
    "write_classifier",
]
