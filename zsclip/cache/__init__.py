"""Embeddings kept on disk, so that none is computed twice.

One SQLite file, shared by threads and processes: vectors under keys, and hashes of files' contents
under stamps. The cache saves time and never costs an answer. It knows neither models nor pictures:
whatever a vector depends on is in the key that the caller makes.

The public names are those below; `zsclip.EmbeddingCache` is the one that most programs need.
"""

from __future__ import annotations

from zsclip.cache.embeddings import DEFAULT_MAX_BYTES, EmbeddingCache, open_cache
from zsclip.cache.keys import RACY_NS, FileStamp, make_key
from zsclip.cache.place import default_path, make_folder
from zsclip.cache.reports import CacheInfo, CacheReport

__all__ = [
    "DEFAULT_MAX_BYTES",
    "RACY_NS",
    "CacheInfo",
    "CacheReport",
    "EmbeddingCache",
    "FileStamp",
    "default_path",
    "make_folder",
    "make_key",
    "open_cache",
]
