"""`Origin`: how a prediction came about; a frozen value, and plain as JSON."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from zsclip.encoders import ModelInfo
from zsclip.labels import Provenance
from zsclip.results.plain import plain_json
from zsclip.wording import brief, in_a_row, shown

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True, repr=False)
class Origin:
    """How a prediction came about, so that it can be had again.

    Attributes:
        model: The model, with the engine that ran it, where, and in which precision.
        weights_sha256: The SHA-256 of its tensors; None if the engine does not know it.
        labelset: The name of the label set.
        provenance: Distribution, version, file and SHA-256 of every file that the label set was
            read from; empty if it was made in code.
        templates: The templates in use.
        zsclip: The version of zsclip.
        labels_precision: In which precision the labels were embedded, if that is another one than
            the model's, as it can be for a classifier that was loaded from a file; otherwise None.
        multi_label: Whether each label was scored by itself.
        null_prompts: What labels were compared with then; empty if with nothing.
        learnt: The `Learnt.id` of what the classifier had learnt from pictures; empty if nothing.
    """

    model: ModelInfo
    weights_sha256: str | None
    labelset: str
    provenance: tuple[Provenance, ...]
    templates: tuple[str, ...]
    zsclip: str
    labels_precision: str | None = None
    multi_label: bool = False
    null_prompts: tuple[str, ...] = ()
    learnt: str = ""

    @property
    def id(self) -> str:
        """A short name of it: 16 digits of the SHA-256 of `to_dict` as JSON with sorted keys."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; as in `Prediction.to_dict`."""
        plain: dict[str, Any] = plain_json(asdict(self))
        for key in ("multi_label", "null_prompts", "learnt"):
            if not plain[key]:
                del plain[key]
        return plain

    def __repr__(self) -> str:
        labels = brief(self.labelset)
        if self.provenance:
            labels += f" of {in_a_row(list(map(str, self.provenance)), ' + ')}"
        where = f"{self.model.device} in {self.model.precision}"
        if self.labels_precision:
            where += f" (labels in {self.labels_precision})"
        return f"<Origin {shown(self.model.name)} on {where}, {labels}, zsclip {self.zsclip}>"
