"""The public side of the cache: what may be asked of it, and with what."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.cache.database import Database
from zsclip.cache.faults import Fault
from zsclip.cache.keys import FileStamp, make_key
from zsclip.cache.place import list_set_aside, locate, size_on_disk, why_unusable
from zsclip.cache.records import EMBEDDINGS, FILES, pack, unpack
from zsclip.cache.reports import CacheInfo, CacheReport
from zsclip.cache.schema import SCHEMA
from zsclip.cache.store import Store
from zsclip.errors import ParameterTypeError
from zsclip.forks import ForkLock
from zsclip.values import whole_number
from zsclip.wording import brief, shown

__all__ = ["DEFAULT_MAX_BYTES", "EmbeddingCache", "open_cache"]

DEFAULT_MAX_BYTES = 1024**3
"""1 GiB: some 450,000 embeddings of 512 numbers."""

_LEAST_MAX_BYTES = 1024**2


class EmbeddingCache:
    """Embeddings kept on disk: one SQLite file, shared by threads and processes.

    No method raises for trouble with the disk. A file that fails is done without for a minute and
    then tried again: what is asked for is not there, what is given is not kept, and a
    `CacheWarning` tells of it, once for each cause. A damaged file is set aside and replaced. One
    that another user could have written is left alone, unless ``ZSCLIP_TRUST`` names it or a
    folder above it.

    Nothing is opened before the first use, and a closed cache opens itself again.

    Args:
        path: A file that ends in ``.sqlite``, ``.sqlite3`` or ``.db``, or a folder for
            ``embeddings.sqlite``. If None, that is in the folder that ``ZSCLIP_CACHE`` names, or
            else in the user's cache folder. What is missing is made.
        max_bytes: What the file may take. Beyond it, what was not used for the longest time goes.

    Raises:
        ParameterError: `path` is empty or a file of another kind, or `max_bytes` is below 1 MiB.
        ParameterTypeError: One of them is of another type.

    Examples:
        >>> import numpy as np
        >>> from zsclip.cache import make_key
        >>> cache = EmbeddingCache("embeddings")
        >>> key = make_key("text", "weights", "a red fox")
        >>> cache.put([(key, np.array([0.6, 0.8], np.float32))])
        >>> cache.get([key, make_key("another")])
        [array([0.6, 0.8], dtype=float32), None]
        >>> cache.close()
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
    ) -> None:
        most = whole_number("max_bytes", max_bytes, least=_LEAST_MAX_BYTES)
        self._store = Store(locate(path), most)
        weakref.finalize(self, self._store.close)  # when it is forgotten, or Python ends

    @property
    def path(self) -> Path:
        """The file, absolute."""
        return self._store.path

    @property
    def max_bytes(self) -> int:
        """What the file may take."""
        return self._store.max_bytes

    def get(self, keys: Sequence[bytes]) -> list[NDArray[np.float32] | None]:
        """The embeddings under some keys.

        Args:
            keys: As `put` was given them.

        Returns:
            One for each key, in their order: float32 (width,), read-only; or None.

        Raises:
            ParameterTypeError: A key is not `bytes`.
        """
        wanted = [_check_bytes(key, "keys") for key in keys]
        if not wanted:
            return []
        nothing: dict[bytes, list[bytes]] = {}
        found = self._store.run(lambda database: database.read(EMBEDDINGS, wanted), nothing)
        vectors = {key: unpack(data) for key, (data,) in found.items()}
        return [vectors.get(key) for key in wanted]

    def put(self, entries: Iterable[tuple[bytes, NDArray[np.float32]]]) -> None:
        """Keep embeddings, all of them or, if the process dies meanwhile, none.

        Args:
            entries: Keys and vectors of length 1, float32 (width,). What is under a key already is
                replaced.

        Raises:
            ParameterError: An array has not one dimension, or is not of length 1.
            ParameterTypeError: A key is not `bytes`, or a vector is no float32 array.
        """
        records = [(_check_bytes(key, "entries"), pack(vector)) for key, vector in entries]
        if records:
            self._store.run(lambda database: database.write(EMBEDDINGS, records), None, writes=True)

    def get_digests(self, stamps: Sequence[FileStamp]) -> list[bytes | None]:
        """The hashes of files' contents, of those that have not changed since.

        Args:
            stamps: The files as they are now.

        Returns:
            One for each file, in their order; None where it has changed or is not known.

        Raises:
            ParameterTypeError: One of them is no `FileStamp`.
        """
        wanted = [_row(stamp, "stamps") for stamp in stamps]
        if not wanted:
            return []
        paths = [path for path, _ in wanted]
        nothing: dict[bytes, list[bytes]] = {}
        found = self._store.run(lambda database: database.read(FILES, paths), nothing)
        known = [found.get(path, (None, None)) for path in paths]
        return [
            digest if then == now else None
            for (_, now), (then, digest) in zip(wanted, known, strict=True)
        ]

    def put_digests(self, entries: Iterable[tuple[FileStamp, bytes]]) -> None:
        """Keep the hashes of files' contents.

        A file that had been changed within two seconds when its stamp was taken is left out: it may
        change again and keep its stamp.

        Args:
            entries: Files as they were before they were read, and the hashes of what was read.

        Raises:
            ParameterTypeError: One of them is no `FileStamp`, or a hash is not `bytes`.
        """
        records = [
            (*_row(stamp, "entries"), _check_bytes(digest, "entries"))
            for stamp, digest in entries
            if not isinstance(stamp, FileStamp) or stamp.settled
        ]
        if records:
            self._store.run(lambda database: database.write(FILES, records), None, writes=True)

    def info(self) -> CacheInfo:
        """What is in it and whether it can be used. Makes and mends nothing."""

        def look(database: Database) -> tuple[int, int, Fault | None]:
            return *database.count(), database.fault

        found = self._store.inspect(look)
        entries, files, fault = 0, 0, self._store.fault
        exists, schema = found is not None, None
        if isinstance(found, Fault):
            fault = found
        elif found is not None:
            entries, files, schema = found[0], found[1], SCHEMA
            fault = fault or found[2]
        fault = fault or why_unusable(self.path)
        return CacheInfo(
            path=self.path,
            exists=exists,
            entries=entries,
            files=files,
            bytes=size_on_disk(self.path),
            max_bytes=self.max_bytes,
            schema=schema,
            set_aside=tuple(list_set_aside(self.path)),
            problem=None if fault is None else fault.problem(self.path),
        )

    def clear(self) -> int:
        """Remove everything, damaged files that were set aside as well, and give the space back.

        Returns:
            How many embeddings went.
        """
        return self._store.clear()

    def verify(self) -> CacheReport:
        """Check the structure of the file, every record against its checksum, and the lengths.

        What is damaged is removed. If the structure is, the file is set aside, and a new one holds
        what could be read of it.
        """

        def check(database: Database) -> tuple[int, int, int]:
            database.check()
            return database.sweep(), *database.count()

        found, done = self._store.check(check)
        aside, damaged = (None, 0) if done is None else (done[0], done[1].lost)
        problem = found.problem(self.path) if isinstance(found, Fault) else None
        swept, entries, files = (0, 0, 0) if found is None or isinstance(found, Fault) else found
        return CacheReport(
            path=self.path,
            entries=entries,
            files=files,
            damaged=damaged + swept,
            set_aside=aside,
            problem=problem,
        )

    def close(self) -> None:
        """Close the file. The next use opens it again."""
        self._store.close()

    def __repr__(self) -> str:
        return f"<EmbeddingCache {shown(str(self.path))}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (str(self.path), self.max_bytes)


def _remake(path: str, max_bytes: int) -> EmbeddingCache:
    return EmbeddingCache(path, max_bytes=max_bytes)


def _check_bytes(value: object, name: str) -> bytes:
    if not isinstance(value, bytes):
        raise ParameterTypeError(
            f"`{name}` must hold keys and hashes that are bytes, got {type(value).__name__}: "
            f"{brief(value)}."
        )
    return value


def _row(stamp: object, name: str) -> tuple[bytes, bytes]:
    """The hash of a file's path, so that no names are kept, and the rest of its stamp."""
    if not isinstance(stamp, FileStamp):
        raise ParameterTypeError(
            f"`{name}` must hold a FileStamp for each file, got {type(stamp).__name__}: "
            f"{brief(stamp)}."
        )
    return make_key(os.fsencode(stamp.path)), stamp.text


# -------------------------------------------------------------------------------- one for each file

_shared: weakref.WeakValueDictionary[Path, EmbeddingCache] = weakref.WeakValueDictionary()
_guard = ForkLock()


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
            f"{type(cache).__name__}: {brief(cache)}."
        )
    path = locate(None if cache is True else cache)
    with _guard:
        found = _shared.get(path)
        if found is None:
            found = _shared[path] = EmbeddingCache(path)
        return found
