"""A classifier as it shows itself in a notebook: what it classifies with, and over which labels."""

from __future__ import annotations

from zsclip.encoders import ModelInfo
from zsclip.fragments import facts, folded, fragment, listing
from zsclip.head import Head
from zsclip.labels.shown import about_labels
from zsclip.markup import element
from zsclip.wording import counted, shown

__all__ = ["shown_classifier"]

TEMPLATES = 100


def shown_classifier(kind: str, head: Head, info: ModelInfo) -> str:
    """A classifier by itself, as a fragment; nothing is loaded for it.

    Args:
        kind: The name of its class.
        head: What it knows beside its model.
        info: The model.
    """
    labelset, templates, n = head.labelset, head.templates, len(head.labelset)
    several = "several labels a picture" if head.multi_label else "one label a picture"
    learnt = [(name.replace("_", " "), repr(part)) for name, part in head.learnt.parts().items()]
    where = f"{shown(info.name)} on {shown(info.device)} in {info.precision}"
    forms = listing(templates, most=TEMPLATES, of=len(templates), what="templates")
    return str(
        fragment(
            element("p", element("b", kind), f" · {counted(n, 'label')}, {several} · {where}"),
            facts(learnt, "What it learnt from pictures") if learnt else None,
            folded(f"Label set {shown(labelset.name)}", about_labels(labelset)),
            folded(f"{counted(len(templates), 'template')} in use", forms),
            folded("Model", facts(info.rows(), "The model")),
        )
    )
