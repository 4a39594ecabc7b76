"""`Failure`: what stands in the place of a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zsclip.results.plain import plain_json
from zsclip.wording import told

__all__ = ["Failure"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Failure:
    """A picture that could not be classified, in the place of its prediction.

    Those about the same picture with an error of the same type and message are equal.

    Attributes:
        source: The picture, as in `Prediction`.
        error: Why.
    """

    source: str
    error: Exception

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; as in `Prediction.to_dict`."""
        kind = type(self.error).__name__
        return {
            "source": plain_json(self.source),
            "error": plain_json(told(str(self.error))),
            "error_type": kind,
        }

    def __repr__(self) -> str:
        return told(f"<Failure {type(self.error).__name__}: {self.error}>")

    def _repr_html_(self) -> str:
        from zsclip.results.shown import shown_failure

        return shown_failure(self.source, self.error)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Failure):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[object, ...]:
        return self.source, type(self.error), str(self.error)
