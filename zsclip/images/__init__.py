"""Anything that a user calls a picture, read as an upright RGB one.

`load_image` reads one picture in the way that a `Reading` says, `find_pictures` lists those in a
folder, `sources_of` gives several one after the other, as `Listed` where their paths may be read
later, and `describe_source` says which picture is meant. The two steps of `load_image` stand alone
for whoever does something in between: `open_source` and `decode_picture`. Every behavior is a row
of the table in ``docs/pictures.md``.

Nothing here knows about models, embeddings or labels.
"""

from __future__ import annotations

from zsclip.images.allowance import Watched
from zsclip.images.decode import decode_picture
from zsclip.images.folders import (
    Images,
    Listed,
    counted_sources,
    find_files,
    find_pictures,
    picture_suffixes,
    sources_of,
)
from zsclip.images.kinds import (
    ImageSource,
    TensorLike,
    describe_source,
    is_path,
    is_tensor,
    plain_file,
)
from zsclip.images.load import load_image, load_named
from zsclip.images.names import apart, names_for, with_name, with_names
from zsclip.images.reading import Reading, as_reading, reading_like
from zsclip.images.remarks import is_doubted, listening
from zsclip.images.sources import open_source
from zsclip.images.thumbnails import thumbnail, thumbnail_if_readable

__all__ = [
    "ImageSource",
    "Images",
    "Listed",
    "Reading",
    "TensorLike",
    "Watched",
    "apart",
    "as_reading",
    "counted_sources",
    "decode_picture",
    "describe_source",
    "find_files",
    "find_pictures",
    "is_doubted",
    "is_path",
    "is_tensor",
    "listening",
    "load_image",
    "load_named",
    "names_for",
    "open_source",
    "picture_suffixes",
    "plain_file",
    "reading_like",
    "sources_of",
    "thumbnail",
    "thumbnail_if_readable",
    "with_name",
    "with_names",
]
