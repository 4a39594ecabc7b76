"""What a run is of, as plain values, and what tells it from another: who goes on says the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from zsclip.classifier import ZeroShotClassifier
from zsclip.wording import brief

__all__ = ["about_run", "differences"]


def about_run(classifier: ZeroShotClassifier, settings: dict[str, Any]) -> dict[str, Any]:
    """All that decides results but the pictures, as values of JSON.

    Args:
        classifier: What makes the results.
        settings: What else decides them, by the names that users know.
    """
    parts = [(label.id, label.name, label.aliases, label.prompts) for label in classifier.labelset]
    text = json.dumps(parts).encode("ascii")
    return {
        "settings": settings,
        "origin": classifier.origin.to_dict(),
        "labels": f"{len(parts)} with the hash {hashlib.sha256(text).hexdigest()[:16]}",
    }


def differences(then: Any, now: Any, name: str = "") -> list[str]:
    """What differs in what two runs are of, by the names of its parts.

    Examples:
        >>> differences({"settings": {"top": 3}}, {"settings": {"top": 5}})
        ['top was 3, and is 5']
    """
    if isinstance(then, dict) and isinstance(now, dict):
        keys = list(dict.fromkeys([*then, *now]))
        return [
            difference
            for key in keys
            for difference in differences(then.get(key), now.get(key), key)
        ]
    return [] if then == now else [f"{name} was {brief(then)}, and is {brief(now)}"]
