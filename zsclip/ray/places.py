"""`Place`: a file or a folder, on a disk or in a bucket, in the one way that Arrow has for both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from zsclip.errors import ParameterError
from zsclip.files import as_path, writing_whole
from zsclip.needs import needed
from zsclip.wording import brief, shown

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

__all__ = ["Place"]

MESSAGE = 600  # characters of an error of a file system's that are told


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder.

    Attributes:
        url: What Ray and people are told: an absolute path, or a URL such as ``s3://bucket/a``.
        path: What its file system knows it by.
        fs: The file system.
        local: Whether it lies where paths of this machine lead.
    """

    url: str
    path: str
    fs: FileSystem
    local: bool

    @classmethod
    def of(cls, given: object, param: str) -> Place:
        """A place that a user named.

        Raises:
            ParameterError: It is a URL of a kind that Arrow has no file system for, or holds a
                password.
            ParameterTypeError: It is no path.
            OSError: There is a file system for it, which cannot be reached.
        """
        with needed("A cluster", "ray"):
            from pyarrow import ArrowException, fs
        text = os.fspath(given) if isinstance(given, str | os.PathLike) else given
        if not (isinstance(text, str) and "://" in text):
            path = str(as_path(given, param).absolute())  # type: ignore[arg-type]
            return cls(path, path, fs.LocalFileSystem(), local=True)
        if "@" in text.partition("://")[2].partition("/")[0]:  # it would stand in every row
            raise ParameterError(
                f"`{param}` must hold no key or password, got {brief(text)}. Give them in the "
                "environment, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
        try:
            found, path = fs.FileSystem.from_uri(text)
        except OSError as error:  # a bucket that is not there, keys that are wrong, no network
            raise OSError(
                f"`{param}` names {brief(text)}, which cannot be reached from here: "
                f"{shown(str(error), MESSAGE)}"
            ) from error
        except (ArrowException, ValueError) as error:
            raise ParameterError(
                f"`{param}` must be a path, or a URL of a file system that Arrow knows (s3, gs, "
                f"abfss, hdfs, file), got {brief(text)}: {error}"
            ) from error
        path = path.rstrip("/")
        if isinstance(found, fs.LocalFileSystem):
            return cls(path, path, found, local=True)
        url, mark, query = text.partition("?")  # as in s3://bucket/a?region=eu-west-1
        return cls(url.rstrip("/") + mark + query, path, found, local=False)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]

    def inside(self, name: str) -> Place:
        """What has a name in this folder."""
        return self.beside(f"/{name}")

    def beside(self, ending: str) -> Place:
        """What lies beside it, under its name with something after it."""
        url, mark, query = (self.url, "", "") if self.local else self.url.partition("?")
        return Place(url + ending + mark + query, self.path + ending, self.fs, self.local)

    def at(self, path: str) -> Place:
        """Another path of the same file system, which lies below this one."""
        return self.beside(path.removeprefix(self.path))

    def is_file(self) -> bool:
        """Whether there is a file."""
        return bool(self._info().is_file)

    def is_folder(self) -> bool:
        """Whether there is a folder."""
        from pyarrow.fs import FileType

        return bool(self._info().type == FileType.Directory)

    def _info(self) -> FileInfo:
        return self.fs.get_file_info(self.path)

    def files(self, *, deep: bool = False) -> list[FileInfo]:
        """The files in it, by name; none if there is no such folder."""
        from pyarrow.fs import FileSelector

        selector = FileSelector(self.path, recursive=deep, allow_not_found=True)
        found = [info for info in self.fs.get_file_info(selector) if info.is_file]
        return sorted(found, key=lambda info: str(info.path))

    def open(self) -> Any:
        """The file, to read at any place in it.

        Raises:
            OSError: It cannot be opened.
        """
        return self.fs.open_input_file(self.path)

    def read(self) -> bytes:
        """The content of the file.

        Raises:
            OSError: It cannot be read.
        """
        with self.open() as file:
            return bytes(file.read())

    @contextmanager
    def writing(self) -> Iterator[IO[bytes]]:
        """A file to write to, which is there when all of it is.

        In a bucket that is so because a file appears when it is closed; what fails meanwhile may
        leave a part of it, so that whatever has to be whole is named in another, written later.

        Raises:
            OSError: It cannot be written.
        """
        if self.local:
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            with writing_whole(Path(self.path)) as file:
                yield file
        else:
            with self.fs.open_output_stream(self.path) as stream:
                yield stream

    def write(self, content: bytes) -> None:
        """Write a small file.

        Raises:
            OSError: It cannot be written.
        """
        with self.writing() as file:
            file.write(content)

    def remove_file(self) -> None:
        """Remove the file."""
        self.fs.delete_file(self.path)

    def remove_folder(self) -> None:
        """Remove the folder and all in it, if there is one."""
        if self.is_folder():
            self.fs.delete_dir(self.path)
