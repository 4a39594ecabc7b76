"""One cache for each file in a process, and what ``cache=`` may be."""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path

from zsclip.cache.embeddings import EmbeddingCache
from zsclip.cache.location import locate
from zsclip.errors import ParameterTypeError

__all__ = ["open_cache"]

_shared: weakref.WeakValueDictionary[Path, EmbeddingCache] = weakref.WeakValueDictionary()
_guard = threading.Lock()


def open_cache(cache: bool | str | os.PathLike[str] | EmbeddingCache) -> EmbeddingCache | None:
    """The cache that is meant.

    Args:
        cache: True for the default one, False for none, a file or a folder, or a cache.

    Returns:
        For True, a file or a folder: the same one for the same file, as long as it is in use.

    Raises:
        ParameterError: The path is empty or a file of another kind.
        ParameterTypeError: It is of no such type.

    Examples:
        >>> open_cache("embeddings") is open_cache("embeddings/embeddings.sqlite")
        True
        >>> open_cache(False) is None
        True
    """
    if isinstance(cache, EmbeddingCache):
        return cache
    if cache is False:
        return None
    if cache is not True and not isinstance(cache, str | os.PathLike):
        raise ParameterTypeError(
            "`cache` must be True, False, a file or folder, or an EmbeddingCache, got "
            f"{type(cache).__name__}: {cache!r}."
        )
    path = locate(None if cache is True else cache)
    with _guard:
        found = _shared.get(path)
        if found is None:
            found = _shared[path] = EmbeddingCache(path)
        return found
