"""The version: written here and nowhere else, so that it is known where metadata are not."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
