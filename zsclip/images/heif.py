"""HEIC pictures, by the plugin of Pillow's that reads them, where that is installed."""

from __future__ import annotations

from PIL import Image

__all__ = ["HEIF_ADVICE", "register_heif"]

HEIF_ADVICE = 'pip install "zsclip[formats]", and nothing else is to be done.'


def register_heif() -> bool:
    """Have Pillow read HEIC from now on, and tell whether it does. Asked for at a HEIC picture."""
    if "HEIF" in Image.OPEN:
        return True
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True
