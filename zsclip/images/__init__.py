"""Anything that a user calls a picture, read as an upright RGB one.

`load_image` reads one picture, `find_pictures` lists those in a folder, and `describe_source` says
in a few words which picture is meant. Every behavior is a row of the table in ``docs/pictures.md``.
Nothing here knows about models.
"""

from __future__ import annotations

from zsclip.images.describe import describe_source
from zsclip.images.folders import find_pictures
from zsclip.images.kinds import ImageSource
from zsclip.images.load import MAX_BYTES, MAX_PIXELS, load_image

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "ImageSource",
    "describe_source",
    "find_pictures",
    "load_image",
]
