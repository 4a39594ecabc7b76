"""What answers tell of predictions and labels: what the library tells, less the server's paths."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from zsclip.classifier import ZeroShotClassifier
from zsclip.errors import LabelError
from zsclip.images import Reading
from zsclip.results import Prediction, plain_json

__all__ = ["told_labels", "told_origin", "told_ranks"]


def told_origin(classifier: ZeroShotClassifier) -> dict[str, Any]:
    """How predictions come about, as `Origin.to_dict` tells it, without folders of the server."""
    told = classifier.origin.to_dict()
    model = {**told["model"], "path": None, "source": _without_folder(told["model"]["source"])}
    files = [{**part, "file": _without_folder(part["file"])} for part in told["provenance"]]
    return {**told, "model": model, "provenance": files}


def _without_folder(text: str) -> str:
    return PurePath(text).name if os.path.isabs(text) else text  # noqa: PTH117 - as it is written


def told_labels(classifier: ZeroShotClassifier) -> dict[str, Any]:
    """The labels of a classifier, with what its scores are made of."""
    labelset, learnt = classifier.labelset, classifier.learnt
    told: dict[str, Any] = plain_json(
        {
            "name": labelset.name,
            "title": labelset.title,
            "labels": [
                {
                    "id": label.id,
                    "label": label.name,
                    "aliases": label.aliases,
                    "prompts": label.prompts,
                    "parent": label.parent,
                }
                for label in labelset
            ],
            "groups": [
                {"id": group.id, "label": group.name, "parent": group.parent}
                for group in labelset.groups
            ],
            "templates": classifier.templates,
            "null_prompts": labelset.null_prompts,
            "multi_label": classifier.origin.multi_label,
            "rejects": learnt.rejection is not None,
            "calibrated": learnt.calibration is not None,
            "learnt": list(learnt.parts()),
            "by_name": _is_had_by_name(classifier),
        }
    )
    return {**told, "origin": told_origin(classifier)}


def _is_had_by_name(classifier: ZeroShotClassifier) -> bool:
    """Whether the model's name is enough to have it again, reading pictures as by default."""
    return classifier.model_info.path is None and classifier.reading.key == Reading().key


def told_ranks(prediction: Prediction) -> dict[str, Any]:
    """The best group or label of each depth, where labels have groups whose sums mean something."""
    if prediction.labelset.tree.depths < 2:
        return {}
    try:
        return {"ranks": [plain_json(asdict(rank)) for rank in prediction.ranks()]}
    except LabelError:  # each label is scored by itself
        return {}
