"""What a source holds: pictures one by one, or shards of many; looked for in a fixed order.

A folder of pictures, a list of paths and URLs, and tables that name pictures give an `Entry` for
each picture. Tables that hold bytes or vectors, and tars, give one for each file, whose rows are
read where they are needed.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal, TypeAlias

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.images import find_files, picture_suffixes
from zsclip.ray.parquet import UNREADABLE, blocks_of, column_of, is_text, rows_of, schema_of
from zsclip.ray.places import Place
from zsclip.wording import brief

if TYPE_CHECKING:
    from pyarrow import DataType

__all__ = ["Entry", "Kind", "Source", "look"]

Kind: TypeAlias = Literal["pictures", "tables", "tars"]
_Entries: TypeAlias = "Callable[[], Iterator[Entry]]"

TABLES = (".parquet", ".pq")
TARS = (".tar", ".tar.gz", ".tgz")
THREADS = 16  # that ask files for their sizes
ROWS = 4096  # of a table that names pictures, at a time


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a listing.

    Attributes:
        source: The path or URL of a picture or a shard.
        size: Its bytes, where it is a file.
        changed: When it was changed last, in nanoseconds since 1970.
        rows: How many rows a shard has, if it says so.
        table: The table that names the picture.
        row: In which row of it.
        id: Its id, where the table has one.
        problem: Why nothing can be read of it.
    """

    source: str
    size: int | None = None
    changed: int | None = None
    rows: int | None = None
    table: str | None = None
    row: int | None = None
    id: object = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from.

    Attributes:
        kind: What an entry is.
        name: What the user named.
        column: The column of pictures or vectors; of tars the ending of the pictures, or none.
        entries: Looks for all of them, from the first on, each time it is called.
        ids: The type of the ids that come with entries, if there are some.
    """

    kind: Kind
    name: str
    column: str | None
    entries: _Entries
    ids: DataType | None = None


def look(
    given: object, column: str | None, id_column: str | None, sink: Place | None = None
) -> Source:
    """What a user named.

    Args:
        given: A path or URL of a folder, a table, a tar or a list; or paths and URLs.
        column: The column of pictures or vectors, or the ending of pictures in tars, if it is said.
        id_column: The column of ids, if there is one.
        sink: The folder of results, which is no part of the source if it lies in it.

    Raises:
        ImageError: There are tables, and none can be read.
        ParameterError: There is nothing, or of several kinds; or the tables have no such column.
        ParameterTypeError: It is nothing that could be a source.
        OSError: It cannot be looked into.
    """
    if isinstance(given, str | os.PathLike):
        place = Place.of(given, "source")
        name = place.url
        found = _inside(place, sink) if place.is_folder() else _file(place)
    elif isinstance(given, Iterable) and not isinstance(given, bytes | bytearray):
        texts = [_text(item) for item in given]
        name = f"a list of {len(texts):,}"
        found = _items(texts)
    else:
        raise ParameterTypeError(
            "`source` must be a path, a URL, a list of them or a dataset of Ray, got "
            f"{brief(given)}."
        )
    if found.kind == "tables":
        return _of_tables(name, found.names, column, id_column)
    if id_column is not None:
        raise ParameterError(
            f"`id_column` names a column of tables, and {brief(name)} holds {found.kind}: leave it "
            "out, and they are numbered."
        )
    if found.kind == "pictures" and column is not None:
        raise ParameterError(f"`column` is of tables and tars, and {brief(name)} holds pictures.")
    return Source(found.kind, name, column, found.entries)


@dataclass(frozen=True, slots=True)
class _Found:
    kind: Kind
    names: Sequence[str]
    entries: _Entries


def _text(item: object) -> str:
    if isinstance(item, str | os.PathLike) and isinstance(path := os.fspath(item), str):
        return path
    raise ParameterTypeError(f"`source` must hold paths and URLs, got {brief(item)} among them.")


def _file(place: Place) -> _Found:
    if not place.is_file():
        raise ParameterError(f"`source` names {brief(place.url)}, and nothing is there.")
    name = place.name.lower()
    if name.endswith((*TABLES, *TARS)) or PurePath(name).suffix in picture_suffixes():
        return _items([place.url])
    try:
        text = place.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ParameterError(
            f"`source` names {brief(place.url)}, which is no picture, no Parquet file, no tar and "
            "no text of paths and URLs, one a line (UTF-8)."
        ) from None
    # `splitlines` would also end a line at U+2028 and others that may stand in a path
    lines = io.StringIO(text, newline=None)
    return _items([line.rstrip("\n") for line in lines if line.strip()])


def _items(items: Sequence[str]) -> _Found:
    """Paths and URLs: all of them of tables, all of tars, or none."""
    if not items:
        raise ParameterError("`source` names no picture, no table and no tar: it is empty.")
    names = [*map(_absolute, items)]
    kinds: tuple[tuple[Kind, tuple[str, ...]], ...] = (("tables", TABLES), ("tars", TARS))
    for kind, endings in kinds:
        n = sum(_ends(name, endings) for name in names)
        if n == len(names):
            return _Found(kind, names, lambda: map(_measured, names))
        if n:
            raise _mixed(f"{n:,} {kind} among {len(names):,} paths")
    # they are not looked at: there may be a hundred million URLs
    return _Found("pictures", names, lambda: map(_named, names))


def _absolute(item: str) -> str:
    """A path as other machines read it: from the working directory, as those on standard input."""
    return item if "://" in item else os.path.abspath(os.path.expanduser(item))  # noqa: PTH100, PTH111


def _inside(place: Place, sink: Place | None) -> _Found:
    if place.local:  # in their natural order, links followed
        suffixes = picture_suffixes() | {PurePath(f"a{end}").suffix for end in (*TABLES, *TARS)}
        names = [str(path) for path in find_files(place.path, suffixes)]
    else:
        names = [info.path for info in place.files(deep=True)]
    kinds: dict[Kind, tuple[str, ...]] = {
        "tables": TABLES,
        "tars": TARS,
        "pictures": tuple(picture_suffixes()),  # with HEIF, where some was found just now
    }
    own = () if sink is None else _own(place, sink)
    found: dict[Kind, list[str]] = {}
    for name in names:
        below = name.removeprefix(place.path)
        kind = next((kind for kind, ends in kinds.items() if _ends(name, ends)), None)
        if kind is None or below.startswith(own) or _is_hidden(below, kind):
            continue
        found.setdefault(kind, []).append(name if place.local else place.at(name).url)
    if not found:
        raise ParameterError(
            f"`source` holds no picture, no Parquet file and no tar: {brief(place.url)}. Name the "
            "folder that does."
        )
    if len(found) > 1:
        told = ", ".join(f"{len(found[kind]):,} {kind}" for kind in kinds if kind in found)
        raise _mixed(f"{told} in {brief(place.url)}")
    ((kind, of_kind),) = found.items()
    return _Found(kind, of_kind, lambda: map(_measured, of_kind))


def _own(place: Place, sink: Place) -> tuple[str, ...]:
    """What the paths below a source begin with that are of the run itself."""
    if place.local != sink.local:
        return ()
    folder, path = place.path, sink.path
    if place.local:  # by whatever way they are named
        folder = os.path.realpath(folder)
        above, name = os.path.split(path)
        path = os.path.join(os.path.realpath(above), name)  # noqa: PTH118
    if not path.startswith(f"{folder}/"):
        return ()
    below = path.removeprefix(folder)
    return f"{below}/", f"{below}.job/"


def _ends(name: str, endings: tuple[str, ...]) -> bool:
    """Whether a path, or a URL less what is asked of its server, has one of these endings."""
    path = name.partition("?")[0] if "://" in name else name
    return path.lower().endswith(endings)


def _is_hidden(path: str, kind: Kind) -> bool:
    """Whether it is hidden, or of tables a note of who wrote them: ``_temporary``, ``_metadata``.

    Cameras write pictures that begin so: ``_DSC0001.JPG``.
    """
    marks = (".",) if kind == "pictures" else (".", "_")
    return any(part.startswith(marks) for part in path.split("/"))


def _mixed(told: str) -> ParameterError:
    return ParameterError(
        f"`source` must hold pictures, tables or tars, got {told}. Name those of one kind in a "
        "list."
    )


# ----------------------------------------------------------------------------------------- entries


def _named(path: str) -> Entry:
    """An entry of which nothing is known but its name."""
    try:
        path.encode()
    except UnicodeEncodeError:
        printable = path.encode("utf-8", "backslashreplace").decode()
        return Entry(printable, problem="Its name is no text (UTF-8), as Parquet has to have it.")
    return Entry(path)


def _measured(path: str) -> Entry:
    """An entry with what tells whether the file changes."""
    entry = _named(path)
    if entry.problem is not None:
        return entry
    try:
        place = Place.of(path, "source")
        info = place.fs.get_file_info(place.path)
    except OSError as error:
        return replace(entry, problem=str(error))
    if not info.is_file:
        return replace(entry, problem="There is no such file.")
    return replace(entry, size=info.size, changed=info.mtime_ns)


def _of_tables(
    name: str, tables: Sequence[str], column: str | None, id_column: str | None
) -> Source:
    schema = schema_of(tables)
    column = column_of(schema, column, id_column)
    if not is_text(schema.field(column).type):
        return Source("tables", name, column, lambda: _counted(tables))
    columns = [column] if id_column in (None, column) else [column, str(id_column)]
    return Source(
        "pictures",
        name,
        column,
        lambda: (entry for table in tables for entry in _rows_of(table, columns, id_column)),
        None if id_column is None else schema.field(id_column).type,
    )


def _counted(tables: Sequence[str]) -> Iterator[Entry]:
    """Tables with the numbers of their rows."""
    with ThreadPoolExecutor(THREADS) as pool:
        yield from pool.map(_with_rows, tables)


def _with_rows(table: str) -> Entry:
    entry = _measured(table)
    if entry.problem is None:
        try:
            return replace(entry, rows=rows_of(table))
        except UNREADABLE as error:
            return replace(entry, problem=str(error))
    return entry


def _rows_of(table: str, columns: Sequence[str], id_column: str | None) -> Iterator[Entry]:
    """The pictures that a table names, with paths as they lead from its folder."""
    row = 0
    place = Place.of(table, "source")
    folder = os.path.dirname(place.path) if place.local else None  # noqa: PTH120
    try:
        for block in blocks_of(table, columns, ROWS):
            paths = block.column(columns[0]).to_pylist()
            ids = [None] * len(paths) if id_column is None else block.column(id_column).to_pylist()
            for path, of_row in zip(paths, ids, strict=True):
                yield _in_table(path, folder, table, row, of_row)
                row += 1
    except UNREADABLE as error:
        told = f"The table cannot be read from row {row:,} on: {error}"
        yield Entry(table, table=table, row=row, problem=told)


def _in_table(path: str | None, folder: str | None, table: str, row: int, of_row: object) -> Entry:
    if path is None:
        return Entry("", table=table, row=row, id=of_row, problem="The row names no picture.")
    if folder is not None and "://" not in path:
        path = os.path.join(folder, path)  # noqa: PTH118
    return Entry(path, table=table, row=row, id=of_row)
