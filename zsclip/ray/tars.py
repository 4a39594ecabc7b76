"""Pictures out of tars as WebDataset has them, numbered: what tasks run that read."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from zsclip.images import picture_suffixes
from zsclip.ray.parquet import UNREADABLE
from zsclip.ray.places import Place
from zsclip.ray.shards import AT_ONCE, PICTURE, PROBLEM, number_of, require_readable

if TYPE_CHECKING:
    from pyarrow import Table

__all__ = ["Tar"]

_DAMAGED = (*UNREADABLE, tarfile.TarError, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class Tar:
    """Pictures in a tar, one of each sample: of files whose names are one up to the first dot.

    Attributes:
        url: The file.
        shard: Its number.
        ending: What the names of pictures end in; any ending of pictures if None.
        id_column: What ids are called.
        strict: Whether what cannot be read is an error.
        most_bytes: How many bytes a picture may have.
        problem: Why nothing can be read of it.
    """

    url: str
    shard: int
    ending: str | None
    id_column: str
    strict: bool
    most_bytes: int
    problem: str | None

    @property
    def columns(self) -> list[str]:
        """What its rows have."""
        return [self.id_column, "source", "member", PICTURE, PROBLEM]

    @property
    def ids(self) -> range | None:
        """The ids that its rows may have."""
        return range(number_of(self.shard), number_of(self.shard + 1))

    @property
    def rows(self) -> int | None:
        """How many rows there are: only reading it tells."""
        return None

    def __iter__(self) -> Iterator[Table]:
        samples = self._samples()
        row = 0
        while some := list(islice(samples, AT_ONCE * 8)):
            yield require_readable(self._block(some, row), strict=self.strict)
            row += len(some)

    def _block(self, samples: list[_Sample], row: int) -> Table:
        import pyarrow as pa

        first = number_of(self.shard, row)
        names, pictures, problems = zip(*samples, strict=True)
        return pa.table(
            {
                self.id_column: pa.array(range(first, first + len(samples)), pa.int64()),
                "source": pa.array([self.url] * len(samples), pa.string()),
                "member": pa.array(names, pa.string()),
                PICTURE: pa.array(pictures, pa.binary()),
                PROBLEM: pa.array(problems, pa.string()),
            }
        )

    def _samples(self) -> Iterator[_Sample]:
        """The picture of each sample, or why there is none."""
        n = 0
        try:
            if self.problem is not None:
                raise OSError(self.problem)
            with (
                Place.of(self.url, "source").open() as file,
                tarfile.open(fileobj=file, mode="r|*") as tar,
            ):
                for _, members in groupby(_files(tar), key=_key):
                    yield self._sample(tar, members)
                    n += 1
        except _DAMAGED as error:
            yield None, None, f"{self.url} cannot be read from sample {n:,} on: {error}"

    def _sample(self, tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo]) -> _Sample:
        found: _Sample | None = None
        name = ""
        for member in members:
            name = name or member.name
            if found is None and not member.isfile() and self._is_picture(member.name):
                told = f"It is a link to {_printable(member.linkname)!r}, and no file of its own."
                found = _printable(member.name), None, told
                continue
            if found is None and self._is_picture(member.name):
                if member.size > self.most_bytes:
                    told = f"It has {member.size:,} bytes, and may have {self.most_bytes:,}."
                    found = _printable(member.name), None, told
                elif (file := tar.extractfile(member)) is not None:
                    found = _printable(member.name), file.read(), None
        return found or (_printable(name), None, "There is no picture in this sample.")

    def _is_picture(self, name: str) -> bool:
        lower = name.lower()
        if self.ending is not None:
            return lower.endswith("." + self.ending.lower().removeprefix("."))
        return PurePosixPath(lower).suffix in picture_suffixes()


_Sample: TypeAlias = tuple[str | None, bytes | None, str | None]


def _files(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Files and links to some, without hidden ones: ``._a.jpg`` is what macOS puts beside each."""
    for member in tar:
        hidden = member.name.rpartition("/")[2].startswith(".")
        if (member.isfile() or member.islnk() or member.issym()) and not hidden:
            yield member


def _key(member: tarfile.TarInfo) -> str:
    folder, _, name = member.name.rpartition("/")
    return f"{folder}/{name.partition('.')[0]}"


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
