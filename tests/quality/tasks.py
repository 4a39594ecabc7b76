"""What is to be told apart: animals, or kinds of animals, of which there are enough drawings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.quality.embedded import Pictures, drawn_often
from zsclip import LabelSet, ZeroShotClassifier

__all__ = ["Task", "all_animals", "four_kinds", "often_drawn"]

KINDS = {  # by the groups of the label set
    "mammal": ("mammal",),
    "bird": ("bird",),
    "fish, reptile or amphibian": ("fishes", "reptile", "dinosaur", "amphibian"),
    "invertebrate": ("invertebrate", "insect", "arachnid", "crustacean", "mollusk"),
}


@dataclass(frozen=True)
class Task:
    """A classifier, and drawings with their labels.

    Attributes:
        name: What is told apart, for the page.
        clf: Over the labels.
        rows: The drawings.
        truth: The label of each.
    """

    name: str
    clf: ZeroShotClassifier
    rows: NDArray[np.int64]
    truth: Sequence[str]


def all_animals(pictures: Pictures) -> Task:
    """Every label of cartoon-animals."""
    rows = pictures.animals
    count = len(pictures.labelset)
    return Task(f"all {count} animals", pictures.clf, rows, pictures.names(rows))


def often_drawn(pictures: Pictures, least: int) -> Task:
    """The animals with so many drawings or more."""
    names = drawn_often(pictures.drawings, least)
    labelset = LabelSet.from_names(names, templates=pictures.labelset.templates)
    rows = np.array([i for i in pictures.animals if pictures.drawings[i].animal in names], np.int64)
    clf = pictures.clf.with_labels(labelset)
    return Task(f"{len(names)} animals", clf, rows, pictures.names(rows))


def four_kinds(pictures: Pictures) -> Task:
    """Four kinds of animals; the prompts of each are the names of the animals of that kind."""
    kind_of = {
        label.name: kind
        for label in pictures.labelset
        for kind, groups in KINDS.items()
        if label.parent in groups
    }
    templates = pictures.labelset.templates
    names = {kind: [name for name, its in kind_of.items() if its == kind] for kind in KINDS}
    rows = np.array([i for i in pictures.animals if pictures.drawings[i].animal in kind_of])
    truth = [kind_of[name] for name in pictures.names(rows)]
    clf = pictures.clf.with_labels(LabelSet.from_mapping(names, templates=templates))
    return Task("four kinds of animals", clf, rows, truth)
