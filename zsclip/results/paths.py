"""`picture_path`: where the picture of a result may be looked at again."""

from __future__ import annotations

from zsclip.results.failure import Failure
from zsclip.results.prediction import Prediction
from zsclip.results.shown import path_of

__all__ = ["picture_path"]


def picture_path(result: Prediction | Failure) -> str | None:
    """The path at which the picture of a result may be looked at again, if it has one.

    None for a URL, for what lay in memory, for what could not be read, and for a name that was
    given to the picture, which may be that of another file.
    """
    return None if isinstance(result, Failure) else path_of(result.source, named=result.named)
