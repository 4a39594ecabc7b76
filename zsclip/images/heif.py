"""HEIC pictures, by the plugin of Pillow's that reads them, where that is installed."""

from __future__ import annotations

import functools

__all__ = ["HEIF_ADVICE", "register_heif"]

HEIF_ADVICE = "pip install pillow-heif, which zsclip uses where it is installed."


@functools.cache
def register_heif() -> bool:
    """Have Pillow read HEIC from now on, and tell whether it does; tried once, at the first one."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True
