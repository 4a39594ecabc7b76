"""Bars that show how far a call is, in a notebook or a terminal; off unless they are asked for.

They are tqdm's, which is imported when one is to be shown.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any, Literal, TypeAlias, TypeVar

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.wording import brief

__all__ = ["Progress", "counting", "watched"]

Progress: TypeAlias = bool | Literal["text"]
"""Whether a bar is shown: True for that of a notebook where the program runs in one, ``"text"`` for
a line of text on standard error anywhere."""

T = TypeVar("T")


@contextmanager
def counting(progress: Progress, total: int | None) -> Iterator[Callable[[int], object]]:
    """A bar over pictures with their rate and the time left, closed on leaving, by errors as well.

    Args:
        progress: Which bar; False for none.
        total: How many there will be; None if nobody knows, and there is no time left to tell.

    Returns:
        What is called with how many more are done.

    Raises:
        ParameterError: `progress` is another text than ``"text"``.
        ParameterTypeError: It is neither a truth value nor a text.
    """
    _require(progress)
    if not progress or sys.stderr is None:  # as in programs without a terminal on Windows
        yield _nobody
        return
    bar: Any
    if progress == "text":
        from tqdm import tqdm as bar
    else:
        from tqdm.auto import tqdm as bar
    shown: Any = None
    # A full disk or a broken pipe takes no bar, and no result is to be lost for it.
    with suppress(OSError):
        shown = bar(total=total, unit=" pictures", dynamic_ncols=True)
    try:
        yield _nobody if shown is None else partial(_show, shown)
    finally:
        with suppress(OSError):
            if shown is not None:
                shown.close()


def watched(
    results: Generator[T, None, None], progress: Progress, total: int | None
) -> Generator[T, None, None]:
    """Results one by one, counted by a bar; without one the same generator.

    The bar appears with the first result that is asked for, and is closed when the last one was,
    when an error comes, or when nobody wants any more. Raises what `counting` does, at the call.
    """
    _require(progress)
    return _counted(results, progress, total) if progress else results


def _counted(
    results: Generator[T, None, None], progress: Progress, total: int | None
) -> Generator[T, None, None]:
    with closing(results), counting(progress, total) as done:
        for result in results:
            done(1)
            yield result


def _show(bar: Any, n: int) -> None:
    with suppress(OSError):
        bar.update(n)


def _nobody(_: int) -> None:
    pass


def _require(progress: object) -> None:
    if isinstance(progress, bool) or progress == "text":
        return
    wrong = ParameterError if isinstance(progress, str) else ParameterTypeError
    raise wrong(f'`progress` must be True, False or "text", got {brief(progress)}.')
