"""What `tests/test_structure.py` asks of the code, as functions of any source or tree."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

__all__ = [
    "count_lines",
    "foreign_assignments",
    "imports_past_faces",
    "names_of_several",
    "short_docstrings",
    "writes",
]

OWN = ("self", "cls")
SETTERS = {"setattr", "delattr", "object.__setattr__", "object.__delattr__"}
WRITERS = {"write_text", "write_bytes", "touch", "save_file", "tofile", "savez"}


def foreign_assignments(source: str) -> list[str]:
    """Where a source sets, changes or deletes an underscore attribute of something but its own.

    Own is what is called ``self`` or ``cls``. Names between double underscores are Python's.

    Returns:
        ``"line 3: other._x"`` for each.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        for owner, name in _assigned(node):
            if _is_private(name) and ast.unparse(owner) not in OWN:
                found.append((owner.lineno, f"line {owner.lineno}: {ast.unparse(owner)}.{name}"))
    return [text for _, text in sorted(found)]


def _assigned(node: ast.AST) -> Iterator[tuple[ast.expr, object]]:
    """What a node assigns to: the object and the name of its attribute."""
    match node:
        case ast.Attribute(value=owner, attr=name, ctx=ast.Store() | ast.Del()):
            yield owner, name
        case ast.Call(func=function, args=[owner, ast.Constant(value=name), *_]):
            if ast.unparse(function) in SETTERS:
                yield owner, name
        case ast.Subscript(
            value=ast.Attribute(value=owner, attr="__dict__")
            | ast.Call(func=ast.Name("vars"), args=[owner]),
            slice=ast.Constant(value=name),
            ctx=ast.Store() | ast.Del(),
        ):
            yield owner, name


def _is_private(name: object) -> bool:
    return isinstance(name, str) and name.startswith("_") and not name.endswith("__")


def short_docstrings(package: Path) -> list[str]:
    """The packages in a folder, itself among them, that tell of themselves in less than 3 lines."""
    files = sorted(package.rglob("__init__.py"))
    docs = {file: ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "" for file in files}
    return [
        file.relative_to(package).as_posix()
        for file, doc in docs.items()
        if len(doc.splitlines()) < 3
    ]


def count_lines(package: Path) -> dict[str, int]:
    """How many lines each file of a package has."""
    return {
        file.relative_to(package).as_posix(): len(file.read_text("utf-8").splitlines())
        for file in sorted(package.rglob("*.py"))
    }


def names_of_several(folder: Path) -> dict[str, list[str]]:
    """The names that several test functions have, and the files of these."""
    files = defaultdict(list)
    for file in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                files[node.name].append(file.relative_to(folder).as_posix())
    return {name: found for name, found in sorted(files.items()) if len(found) > 1}


def writes(source: str) -> set[str]:
    """The calls in a text of Python that may make a file or change one."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if name in WRITERS or (name == "open" and _opens_for_writing(node)):
                    found.add(name)
    return found


def _opens_for_writing(call: ast.Call) -> bool:
    modes = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    return any(
        isinstance(part, ast.Constant)
        and isinstance(part.value, str)
        and len(part.value) <= 3
        and bool(set(part.value) & set("wax+"))
        for mode in modes
        for part in ast.walk(mode)
    )


def imports_past_faces(imports: Iterable[tuple[str, str]], room: str) -> Mapping[str, list[str]]:
    """What the files of a room import from the inside of other rooms.

    Args:
        imports: The importing and the imported file of each import.
        room: The name of the room.
    """
    inside = defaultdict(list)
    for importer, imported in imports:
        other, _, file = imported.partition("/")
        if importer.startswith(f"{room}/") and other != room and file not in ("", "__init__.py"):
            inside[importer].append(imported)
    return inside
