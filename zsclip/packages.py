"""Files out of packages: out of others, which are never imported, and out of zsclip's own."""

from __future__ import annotations

import atexit
import functools
import importlib.resources
import importlib.util
import keyword
import os
import zipimport
from collections.abc import Callable, Iterator
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from zsclip.errors import LabelSetUnreadableError
from zsclip.wording import brief, shown

__all__ = ["is_top_level_name", "own_file", "read_from_package"]


def is_top_level_name(text: str) -> bool:
    """Whether a text is what ``import`` takes for one top-level package: no dots, no extras.

    A dotted name is refused because finding ``a.b`` imports ``a``.
    """
    return text.isidentifier() and not keyword.iskeyword(text)


@functools.cache
def own_file(package: str, *parts: str) -> Path:
    """The path of a data file of zsclip's own, for those who can read nothing but a path.

    Where zsclip lies in an archive, the file is taken out of it once in a process, and removed when
    that ends.

    Args:
        package: The package that holds it, such as ``zsclip.weights``.
        parts: The folders below it, and the file's name.
    """
    resource = importlib.resources.files(package).joinpath(*parts)
    if isinstance(resource, Path):
        return resource
    import tempfile

    folder = tempfile.mkdtemp(prefix="zsclip-")
    atexit.register(_remove, folder, os.getpid())
    path = Path(folder) / parts[-1]
    path.write_bytes(resource.read_bytes())
    return path


def _remove(folder: str, maker: int) -> None:
    if os.getpid() == maker:  # a forked child ends too, and its parent still needs the file
        import shutil

        shutil.rmtree(folder, ignore_errors=True)


def read_from_package(package: str, filename: str, *, limit: int) -> bytes:
    """The bytes of a file that lies in a top-level package, without importing the package.

    Works for packages in folders, in zip files, behind editable installs (path files as well as
    import hooks), and for namespace packages, which have no ``__init__.py``.

    Args:
        package: The name of an installed top-level package.
        filename: The name of a file in it, with no folder.
        limit: How many bytes it may have.

    Returns:
        The file's content.

    Raises:
        LabelSetUnreadableError: There is no such package or no such file in it, either cannot be
            read, or the file has more bytes.
    """
    spec = _find(package)
    if spec is None:
        raise LabelSetUnreadableError(
            f"the package {brief(package)} is not installed where Python looks for it. Reinstall "
            "the distribution; its author should check that the package is in the wheel."
        )
    if spec.submodule_search_locations is None:
        raise LabelSetUnreadableError(
            f"{brief(package)} is a single module, and a label set lies in a package: a folder "
            "with an __init__.py. Its author has to move the file into one."
        )
    failure: BaseException | None = None
    for read in _readers(spec):
        try:
            data = read(filename, limit + 1)
            break
        except (FileNotFoundError, NotADirectoryError):
            continue
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - loaders of others may raise anything
            failure = error
    else:
        raise _unread(package, filename, failure) from failure
    if len(data) > limit:
        raise LabelSetUnreadableError(
            f"{brief(filename)} in the package {brief(package)} has more than {limit // 2**20} "
            "MiB, which no label set needs. Its author has to shorten it."
        )
    return data


def _unread(package: str, filename: str, failure: BaseException | None) -> LabelSetUnreadableError:
    if failure is not None:
        return LabelSetUnreadableError(
            f"{brief(filename)} in the package {brief(package)} cannot be read "
            f"({type(failure).__name__}: {failure}). Check its permissions, or reinstall the "
            "distribution."
        )
    return LabelSetUnreadableError(
        f"the package {brief(package)} has no file {brief(filename)}. Reinstall the distribution; "
        "its author should check that the build puts the file into the wheel."
    )


def _find(package: str) -> ModuleSpec | None:
    """The spec of a top-level package: finding it runs finders, but nothing of the package."""
    try:
        return importlib.util.find_spec(package)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # finders of others raise anything, and even end the program
        raise LabelSetUnreadableError(
            f"Python's search for the package {brief(package)} failed ({type(error).__name__}: "
            f"{shown(str(error))}). Reinstall the distribution."
        ) from error


def _readers(spec: ModuleSpec) -> Iterator[Callable[[str, int], bytes]]:
    """Ways to read a file of the package, the loader's own first."""
    get_reader = getattr(spec.loader, "get_resource_reader", None)
    if get_reader is not None:
        yield lambda filename, size: _through_reader(get_reader(spec.name), filename, size)
    # A namespace package has no loader yet, or one that reads folders only; and a loader need not
    # have a resource reader.
    for location in spec.submodule_search_locations or ():
        yield partial(_in_location, location)


def _through_reader(reader: Any, filename: str, size: int) -> bytes:
    if reader is None:  # the loader's way to say that it has none for this package
        raise FileNotFoundError(filename)
    with reader.open_resource(filename) as file:
        data = file.read(size)
    return bytes(data)


def _in_location(location: str, filename: str, size: int) -> bytes:
    folder = Path(location)
    if folder.is_dir():
        with (folder / filename).open("rb") as file:
            return file.read(size)
    try:
        importer = zipimport.zipimporter(location)
        return importer.get_data(str(folder / filename))
    except (zipimport.ZipImportError, OSError):
        raise FileNotFoundError(filename) from None
