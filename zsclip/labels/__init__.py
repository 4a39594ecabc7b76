"""Label sets: the classes to choose from, as values and as installable data.

A label set is a TOML file in an installed package, found by entry point and read without importing
the package; or it is a file, a folder, a text, or made in code. What is read becomes a draft, the
rules run over it once, and what keeps them is a `LabelSet`. This room needs the standard library
only, and knows neither models nor pictures.
"""

from zsclip.labels.drafts import Problem
from zsclip.labels.installed import (
    LABELSETS_GROUP,
    LabelSetInfo,
    list_labelsets,
    load_labelset,
)
from zsclip.labels.labelset import LabelSet
from zsclip.labels.lengths import TokenCounter, find_too_long, length_that_fits
from zsclip.labels.making import require_no_problems
from zsclip.labels.prompts import blocks_of_prompts
from zsclip.labels.rules import fold
from zsclip.labels.tree import Node, Tree
from zsclip.labels.values import (
    DEFAULT_TEMPLATES,
    Expected,
    Group,
    Label,
    Provenance,
    fill_template,
    texts_of,
)

__all__ = [
    "DEFAULT_TEMPLATES",
    "LABELSETS_GROUP",
    "Expected",
    "Group",
    "Label",
    "LabelSet",
    "LabelSetInfo",
    "Node",
    "Problem",
    "Provenance",
    "TokenCounter",
    "Tree",
    "blocks_of_prompts",
    "fill_template",
    "find_too_long",
    "fold",
    "length_that_fits",
    "list_labelsets",
    "load_labelset",
    "require_no_problems",
    "texts_of",
]
