"""From results and truth to an evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError
from zsclip.evaluation.evaluation import Evaluation
from zsclip.evaluation.parts import UnknownTruth
from zsclip.evaluation.truth import Truth
from zsclip.labels import LabelSet
from zsclip.results import Failure, Prediction
from zsclip.wording import in_lines

__all__ = ["judge", "require_as_many"]


def judge(results: Iterable[Prediction | Failure], truth: Truth, labelset: LabelSet) -> Evaluation:
    """How right results are.

    Args:
        results: One for each picture, taken once.
        truth: What is true of each.
        labelset: The labels.

    Raises:
        ParameterError: There are more or fewer pictures than truth, or none could be judged.
    """
    known = truth.known
    said = dict(reversed(truth.unknown))  # of several labels of a picture, the first unknown one
    kept: list[int] = []
    sources: list[str] = []
    accepted: list[bool] = []
    failures: list[Failure] = []
    unknown: list[UnknownTruth] = []
    scores = np.empty((len(truth), len(labelset)), np.float32)  # kept once
    one: Prediction | None = None
    i = -1
    for i, result in enumerate(results):
        if i >= len(truth):
            raise _not_as_many(f"more than {i:,}", truth)
        if isinstance(result, Failure):
            failures.append(result)
        elif not known[i]:
            unknown.append(UnknownTruth(result.source, said[i]))
        else:
            scores[len(kept)] = result.scores
            one = result
            kept.append(i)
            sources.append(result.source)
            if result.learnt.rejection is not None:
                accepted.append(result.accepted)
    require_as_many(i + 1, truth)
    if one is None:
        raise _nothing_judged(failures, unknown)
    return Evaluation(
        labelset,
        one.origin,
        tuple(sources),
        _read_only(truth.indices[kept]),
        _read_only(scores[: len(kept)]),
        _read_only(np.array(accepted)) if accepted else None,
        tuple(failures),
        tuple(unknown),
        one.learnt,
    )


def require_as_many(pictures: int, truth: Truth) -> None:
    """Raise if there is not one truth for each picture.

    Raises:
        ParameterError: There is not.
    """
    if pictures != len(truth):
        raise _not_as_many(f"{pictures:,}", truth)


def _not_as_many(pictures: str, truth: Truth) -> ParameterError:
    return ParameterError(
        f"`truth` must say one thing for each picture: there are {pictures} pictures, and "
        f"{len(truth):,} in `truth`. Look for a picture that was left out of one of them."
    )


def _nothing_judged(failures: Sequence[Failure], unknown: Sequence[UnknownTruth]) -> ParameterError:
    lines = [str(failure.error) for failure in failures]
    lines += [f"{u.source}: {u.truth!r} is no label" for u in unknown]
    return ParameterError(
        f"There is nothing to evaluate: {len(failures):,} pictures could not be read, and "
        f"{len(unknown):,} have a truth that is no label.{in_lines(lines)}"
    )


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    values.flags.writeable = False
    return values
