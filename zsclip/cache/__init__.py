"""Embeddings kept on disk, so that none is computed twice.

The public names are those below; `zsclip.EmbeddingCache` is the one that most programs need.
"""

from __future__ import annotations

from zsclip.cache.embeddings import DEFAULT_MAX_BYTES, EmbeddingCache
from zsclip.cache.keys import FileStamp, make_key
from zsclip.cache.location import default_path
from zsclip.cache.reports import CacheInfo, CacheReport
from zsclip.cache.shared import open_cache

__all__ = [
    "DEFAULT_MAX_BYTES",
    "CacheInfo",
    "CacheReport",
    "EmbeddingCache",
    "FileStamp",
    "default_path",
    "make_key",
    "open_cache",
]
