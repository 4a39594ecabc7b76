"""Label sets: the classes to choose from, as values and as installable data.

A label set is a TOML file in an installed package, found by entry point and read without importing
the package; or it is made in code. This room needs the standard library only.
"""

from zsclip.labels.expressions import parse_labels
from zsclip.labels.labelset import LabelSet
from zsclip.labels.registry import LABELSETS_GROUP, LabelSetInfo, list_labelsets, load_labelset
from zsclip.labels.values import Expected, Group, Label, Provenance, fill_template

__all__ = [
    "LABELSETS_GROUP",
    "Expected",
    "Group",
    "Label",
    "LabelSet",
    "LabelSetInfo",
    "Provenance",
    "fill_template",
    "list_labelsets",
    "load_labelset",
    "parse_labels",
]
