"""`Budget`: what a fetch may still take, of time and of bytes."""

from __future__ import annotations

import time

import httpcore

__all__ = ["Budget"]


class Budget:
    """What one fetch may still take.

    Args:
        end: When it has to be over, by `time.monotonic`.
    """

    def __init__(self, end: float) -> None:
        self._end = end
        self._bytes = 0
        self._refusal: Exception = ValueError("nothing is allowed yet")

    def seconds(self) -> float:
        """How many are left.

        Raises:
            httpcore.TimeoutException: None.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException
        return left

    def allow(self, more: int, refusal: Exception) -> None:
        """Let so many more bytes come.

        Args:
            more: How many.
            refusal: What is raised when there are more.
        """
        self._bytes += more
        self._refusal = refusal

    def count(self, came: int) -> None:
        """Take off bytes that came; raises what was said if they are too many."""
        self._bytes -= came
        if self._bytes < 0:
            raise self._refusal
