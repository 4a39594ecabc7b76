"""`Tie`: what something was learnt on, without which it means nothing."""

from __future__ import annotations

from dataclasses import dataclass, fields

from zsclip.wording import brief

__all__ = ["Tie"]

_WORDS = {
    "model": "the model",
    "engine": "the engine",
    "weights_sha256": "the SHA-256 of the weights",
    "labels": "the labels",
    "templates": "the templates",
    "precision": "the precision",
    "labels_precision": "the precision of the labels",
    "reading": "how pictures are read",
    "scores": "how scores are made",
}


@dataclass(frozen=True, kw_only=True)
class Tie:
    """What was learnt holds for this, and for nothing else.

    Attributes:
        model: The name of the model, with its sizes where nothing else tells its weights.
        engine: What runs it, with what it computes otherwise than other engines.
        weights_sha256: The SHA-256 of its tensors; None if the engine does not know it.
        labels: The name of the label set, the number of its labels, and 16 digits of the SHA-256
            of their ids, names, aliases and prompts in order.
        templates: How many there are, and 16 digits of their SHA-256.
        precision: In which precision pictures are embedded.
        labels_precision: In which precision the labels were embedded.
        reading: What decides the pixels of pictures, of which the decoding of large JPEGs at a
            reduced size is left out: it moves cosines by less than a precision does.
        scores: ``"softmax"``, ``"sigmoid"``, or how several labels at once are scored, with the
            null prompts; and the model's scale where nothing else tells its weights.
    """

    model: str
    engine: str
    weights_sha256: str | None
    labels: str
    templates: str
    precision: str
    labels_precision: str
    reading: str
    scores: str

    def differences(self, other: Tie) -> list[str]:
        """What differs in another one, in words; empty if nothing does.

        Names that differ for the same weights are no difference.
        """
        found = []
        for field in fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            if mine != others and not (field.name == "model" and self._same_weights(other)):
                found.append(f"{_WORDS[field.name]} ({brief(mine)}, and here {brief(others)})")
        return found

    def _same_weights(self, other: Tie) -> bool:
        return self.weights_sha256 is not None and self.weights_sha256 == other.weights_sha256
