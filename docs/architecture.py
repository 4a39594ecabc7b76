#!/usr/bin/env python3
"""Read the imports of zsclip/: draw its rooms, measure them, and find circles.

usage: python docs/architecture.py [--check]

Writes docs/images/architecture.svg and the table of rooms in docs/architecture.md. With --check it
writes nothing, and ends with 1 where there is a circle, an arrow that does not lead down, a drawing
that is not what it would write, or a table that is off by more than a point.

A room is a folder or a file directly under zsclip/. Every import of zsclip's own modules counts:
those inside of functions, and those for annotations alone. What is imported from `zsclip` itself is
imported from where it comes from.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "zsclip"
DRAWING = ROOT / "docs" / "images" / "architecture.svg"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- table of rooms: written by docs/architecture.py -->\n", "<!-- end -->\n"

Graph = Mapping[str, Set[str]]
"""What each node imports."""


# ------------------------------------------------------------------------------------- imports


class Import(NamedTuple):
    """One file's import of another: paths in the package, the line, and how it is meant."""

    importer: str
    imported: str
    line: int
    mark: str = ""  # "in a function" or "for annotations"
    by_root: bool = False  # whether the package itself was asked for the name

    def __str__(self) -> str:
        mark = f", {self.mark}" if self.mark else ""
        return f"{self.importer} imports {self.imported} (line {self.line}{mark})"


def read_imports(package: Path) -> list[Import]:
    """The imports between the files of a package, in the order of files and lines."""
    files = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    homes = dict(_names_of_root(package, files))
    found = []
    for file in sorted(files):
        tree = ast.parse((package / file).read_text("utf-8"))
        for node, mark in _import_nodes(tree, ""):
            for module in _modules(node, file, package.name):
                imported = file_of(homes.get(module, module), files)
                if imported is not None and imported != file:
                    found.append(Import(file, imported, node.lineno, mark, module in homes))
    return sorted(set(found))


def file_of(module: str, files: Set[str]) -> str | None:
    """The file of a module, by its name without the package's: ``images.load``; None if neither
    the module nor its parent, whose name it may be, has one."""
    path = module.replace(".", "/")
    parent = path.rpartition("/")[0]
    for candidate in (f"{path}.py", f"{path}/__init__.py", f"{parent}.py", f"{parent}/__init__.py"):
        if candidate.removeprefix("/") in files:
            return candidate.removeprefix("/")
    return None


def _import_nodes(node: ast.AST, mark: str) -> Iterator[tuple[ast.Import | ast.ImportFrom, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, mark
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for inner in child.body:
                yield from _import_nodes(ast.Module([inner], []), mark or "for annotations")
            for inner in child.orelse:
                yield from _import_nodes(ast.Module([inner], []), mark)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _import_nodes(child, mark or "in a function")
        else:
            yield from _import_nodes(child, mark)


def _modules(node: ast.Import | ast.ImportFrom, file: str, package: str) -> Iterator[str]:
    """What an import asks for, as names below the package; what is not of the package left out."""
    if isinstance(node, ast.Import):
        for name in node.names:
            head, _, rest = name.name.partition(".")
            if head == package:
                yield rest
        return
    if node.level:
        base = file.removesuffix(".py").split("/")[: -node.level]
        module = ".".join([*base, *([node.module] if node.module else [])])
    else:
        head, _, module = (node.module or "").partition(".")
        if head != package:
            return
    for name in node.names:
        yield f"{module}.{name.name}".removeprefix(".")


def _names_of_root(package: Path, files: Set[str]) -> Iterator[tuple[str, str]]:
    """Where the names come from that the package itself offers."""
    root = package / "__init__.py"
    if not root.exists():
        return
    for node, _ in _import_nodes(ast.parse(root.read_text("utf-8")), ""):
        if isinstance(node, ast.ImportFrom):
            modules = _modules(node, "__init__.py", package.name)
            for name, module in zip(node.names, modules, strict=False):
                if "." in module and file_of(module, files) is not None:
                    yield name.asname or name.name, module


# --------------------------------------------------------------------------------------- rooms


def room_of(file: str) -> str:
    """The room that a file is in; the package's own face, ``__init__.py``, is none of them."""
    return file.partition("/")[0].removesuffix(".py")


def _rooms(found: Import) -> tuple[str, str]:
    return room_of(found.importer), room_of(found.imported)


def graph_of(imports: Iterable[Import], *, rooms: bool = False) -> dict[str, set[str]]:
    """What each file imports, or each room."""
    graph: dict[str, set[str]] = {}
    for found in imports:
        ends = _rooms(found) if rooms else found[:2]
        if ends[0] != ends[1] and not (rooms and "__init__" in ends):
            graph.setdefault(ends[0], set()).add(ends[1])
            graph.setdefault(ends[1], set())
    return graph


def shares(package: Path) -> dict[str, tuple[int, float]]:
    """How many files each room has, and what part of the package's lines; the largest first."""
    files, lines = Counter[str](), Counter[str]()
    for path in package.rglob("*.py"):
        room = room_of(path.relative_to(package).as_posix())
        files[room] += 1
        lines[room] += len(path.read_text("utf-8").splitlines())
    total = sum(lines.values())
    order = sorted(lines, key=lambda room: (-lines[room], room))
    return {room: (files[room], lines[room] / total) for room in order if room != "__init__"}


def make_table(package: Path) -> str:
    """The table of the rooms and their sizes."""
    rows = [
        f"| `{room}` | {files} | {100 * share:.0f} % |\n"
        for room, (files, share) in shares(package).items()
    ]
    return "| room | files | of the lines |\n|---|--:|--:|\n" + "".join(rows)


def with_table(page: str, package: Path) -> str:
    """The page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + make_table(package) + END + after


def has_table(page: str, package: Path) -> bool:
    """Whether the page's table has the rooms as they are, and their shares to about a point."""
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) % \|$", page, re.MULTILINE)
    told = {room: (int(files), int(percent) / 100) for room, files, percent in rows}
    real = shares(package)
    return told.keys() == real.keys() and all(
        files == real[room][0] and abs(share - real[room][1]) <= 0.015
        for room, (files, share) in told.items()
    )


# ------------------------------------------------------------------------------------- circles


def find_circles(graph: Graph) -> list[list[str]]:
    """One shortest circle of each group of nodes that reach each other, from its first node on."""
    reached = {node: _reached(node, graph) for node in graph}
    circles, done = [], set[str]()
    for node in sorted(graph):
        if node in reached[node] and node not in done:
            group = {other for other in reached[node] if node in reached[other]}
            done |= group
            circles.append(min((_way_back(start, graph) for start in sorted(group)), key=len))
    return circles


def _reached(node: str, graph: Graph) -> set[str]:
    found: set[str] = set()
    todo = [node]
    while todo:
        for other in graph.get(todo.pop(), ()):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _way_back(start: str, graph: Graph) -> list[str]:
    """The shortest way from a node to itself."""
    ways = [[start]]
    seen: set[str] = set()
    while True:
        for way in ways:
            if start in graph[way[-1]]:
                return way
        ways = [
            [*way, node] for way in ways for node in sorted(graph[way[-1]] - seen) if node != start
        ]
        seen |= {way[-1] for way in ways}


def explain_circles(imports: Sequence[Import]) -> list[str]:
    """Each circle of files, and of rooms, in words: which lines make it."""
    messages = []
    for rooms in (False, True):
        graph = graph_of(imports, rooms=rooms)
        for circle in find_circles(graph):
            group = sum(circle[0] in _reached(node, graph) for node in _reached(circle[0], graph))
            what = f"{'rooms' if rooms else 'files'}, {group} of which reach each other"
            messages.append(f"A circle of {what}: {' -> '.join([*circle, circle[0]])}")
            for ends in itertools.pairwise([*circle, circle[0]]):
                found = [i for i in imports if (_rooms(i) if rooms else i[:2]) == ends]
                more = f" and {len(found) - 1} more" if found[1:] else ""
                messages.append(f"  {found[0]}{more}")
    return messages


def explain_climbs(imports: Sequence[Import], layers: Sequence[Sequence[str]]) -> list[str]:
    """Each import of a room that is not in a lower layer, and each room in no layer, in words."""
    level = {room: i for i, layer in enumerate(layers) for room in layer}
    graph = graph_of(imports, rooms=True)
    messages = [f"The room {room} is in no layer." for room in sorted(graph.keys() - level.keys())]
    return messages + [
        f"{found}: {room_of(found.imported)} is in no layer below {room_of(found.importer)}"
        for found in imports
        if level.get(_rooms(found)[1], len(level)) <= level.get(_rooms(found)[0], -1)
        and len({*_rooms(found), "__init__"}) == 3
    ]


# ------------------------------------------------------------------------------------- drawing

ROW, GAP, MARGIN, BOX = 64, 22, 20, 32  # pixels: from row to row, between boxes, around, a box
LETTER = 7.4  # pixels of a letter, about
STYLE = """\
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; text-anchor: middle }
text { fill: #1f2328 }
.paper { fill: #ffffff; stroke: #d0d7de }
.room { fill: #f6f8fa; stroke: #59636e }
.arrow { fill: none; stroke: #59636e; stroke-width: 1.2 }
.head { fill: #59636e }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.paper { fill: #0d1117; stroke: #3d444d }
.room { fill: #21262d; stroke: #9198a1 }
.arrow { stroke: #9198a1 }
.head { fill: #9198a1 }
}"""


def read_layers(pyproject: Path, package: str) -> list[list[str]]:
    """The rooms of each layer, the highest first, as import-linter's contract has them."""
    contracts = tomllib.loads(pyproject.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    return [
        [room.strip().removeprefix(f"{package}.") for room in layer.replace(":", "|").split("|")]
        for layer in layers
    ]


def reduced(graph: Graph) -> dict[str, set[str]]:
    """A graph without circles, without the arrows that a longer way stands for."""
    return {
        node: {
            other
            for other in others
            if not any(other in _reached(between, graph) for between in others)
        }
        for node, others in graph.items()
    }


def draw(graph: Graph, layers: Sequence[Sequence[str]]) -> str:
    """The rooms, layer by layer, with arrows down to what they import."""
    arrows = [(a, b) for a, others in sorted(reduced(graph).items()) for b in sorted(others)]
    rows, links = _rows([sorted(graph.keys() & set(layer)) for layer in layers], arrows)
    _order(rows, links)
    x = _places(rows, links)
    return _svg(graph, rows, arrows, x)


Node = tuple[str, ...]
"""A room, as ``(room,)``, or the point where the arrow ``(from, to, layer)`` passes a layer."""


def _rows(
    layers: Sequence[Sequence[str]], arrows: Sequence[tuple[str, str]]
) -> tuple[list[list[Node]], list[tuple[Node, Node]]]:
    """The rooms and passing points of each layer that has rooms, and what links them downwards."""
    rows: list[list[Node]] = [[(room,) for room in layer] for layer in layers if layer]
    level = {node[0]: i for i, row in enumerate(rows) for node in row}
    links: list[tuple[Node, Node]] = []
    for a, b in arrows:
        way: list[Node] = [(a,), *((a, b, str(i)) for i in range(level[a] + 1, level[b])), (b,)]
        for i, point in enumerate(way[1:-1], start=level[a] + 1):
            rows[i].append(point)
        links += itertools.pairwise(way)
    return rows, links


def _order(rows: list[list[Node]], links: Sequence[tuple[Node, Node]]) -> None:
    """Sort each row so that arrows cross seldom: by the mean place of neighbors, in sweeps."""
    up, down = _neighbors(links)
    best = [list(row) for row in rows]
    for sweep in range(24):
        going_down = sweep % 2 == 0
        for row in rows if going_down else rows[::-1]:
            place = {node: i / max(1, len(r) - 1) for r in rows for i, node in enumerate(r)}
            near = up if going_down else down
            means = {n: _mean([place[m] for m in near.get(n, [])], place[n]) for n in row}
            row.sort(key=lambda node: (round(means[node], 9), node))
        if _crossings(rows, links) < _crossings(best, links):
            best = [list(row) for row in rows]
    rows[:] = best


def _neighbors(
    links: Sequence[tuple[Node, Node]],
) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    up: dict[Node, list[Node]] = {}
    down: dict[Node, list[Node]] = {}
    for a, b in links:
        down.setdefault(a, []).append(b)
        up.setdefault(b, []).append(a)
    return up, down


def _crossings(rows: Sequence[Sequence[Node]], links: Sequence[tuple[Node, Node]]) -> int:
    place = {node: (i, j) for i, row in enumerate(rows) for j, node in enumerate(row)}
    ends = [(*place[a], place[b][1]) for a, b in links]
    return sum(
        one[0] == other[0] and one[1] < other[1] and one[2] > other[2]
        for one in ends
        for other in ends
    )


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _width(node: Node) -> float:
    return 24 + LETTER * len(node[0]) if len(node) == 1 else 8


def _places(
    rows: Sequence[Sequence[Node]], links: Sequence[tuple[Node, Node]]
) -> dict[Node, float]:
    """The middle of each node, from the left: near its neighbors, and apart in its row."""
    up, down = _neighbors(links)
    x = dict.fromkeys((node for row in rows for node in row), 0.0)
    for sweep in range(40):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            near = [up.get(node, []) + down.get(node, []) for node in row]
            wanted = [_mean([x[m] for m in ms], x[n]) for n, ms in zip(row, near, strict=True)]
            x |= zip(row, _apart(wanted, [_width(node) for node in row]), strict=True)
    left = min(x[node] - _width(node) / 2 for node in x)
    return {node: place - left + MARGIN for node, place in x.items()}


def _apart(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """The places nearest to those wanted, by squares, at which nothing overlaps; order is kept.

    Without the widths to the left of each that is to find a sequence that does not fall, and pools
    of neighbors that would fall take their mean (isotonic regression).
    """
    offsets = [0.0]
    for one, other in itertools.pairwise(widths):
        offsets.append(offsets[-1] + (one + other) / 2 + GAP)
    pools: list[list[float]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        pools.append([place - offset])
        while len(pools) > 1 and _mean(pools[-2], 0) >= _mean(pools[-1], 0):
            pools[-2:] = [pools[-2] + pools[-1]]
    flat = [_mean(pool, 0) for pool in pools for _ in pool]
    return [place + offset for place, offset in zip(flat, offsets, strict=True)]


def _svg(
    graph: Graph,
    rows: Sequence[Sequence[Node]],
    arrows: Sequence[tuple[str, str]],
    x: Mapping[Node, float],
) -> str:
    y = {node: MARGIN + ROW * i + BOX / 2 for i, row in enumerate(rows) for node in row}
    width = max(x[node] + _width(node) / 2 for node in x) + MARGIN
    height = 2 * MARGIN + ROW * (len(rows) - 1) + BOX
    words = "; ".join(
        f"{room} imports {', '.join(sorted(others)) or 'none of the others'}"
        for room, others in sorted(graph.items())
    )
    points = {arrow: [n for n in x if n[:2] == arrow and len(n) == 3] for arrow in arrows}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" role="img" aria-labelledby="title words">',
        '<title id="title">The rooms of zsclip, and which imports which</title>',
        f'<desc id="words">{escape(words)}.</desc>',
        "<!-- Drawn by docs/architecture.py. -->",
        f"<style>\n{STYLE}\n</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
        f'<rect class="paper" x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1:.0f}" '
        'rx="10"/>',
        *(_arrow([(a,), *points[a, b], (b,)], x, y) for a, b in arrows),
    ]
    for node in sorted(node for node in x if len(node) == 1):
        left, top, wide = x[node] - _width(node) / 2, y[node] - BOX / 2, _width(node)
        lines += [
            f'<rect class="room" x="{left:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{BOX}" '
            'rx="6"/>',
            f'<text x="{x[node]:.1f}" y="{y[node] + 4.5:.1f}">{escape(node[0])}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _arrow(way: Sequence[Node], x: Mapping[Node, float], y: Mapping[Node, float]) -> str:
    """A curve from the lower edge of a box, down through the passing points, to the upper edge."""
    way = sorted(way, key=lambda node: y[node])
    at = [(x[node], y[node]) for node in way]
    at[0] = (at[0][0], at[0][1] + BOX / 2)
    at[-1] = (at[-1][0], at[-1][1] - BOX / 2)
    path = f"M{at[0][0]:.1f} {at[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(at):
        middle = (y0 + y1) / 2
        path += f" C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    return f'<path class="arrow" marker-end="url(#head)" d="{path}"/>'


# ----------------------------------------------------------------------------------------- main


def main(arguments: Sequence[str]) -> int:
    """Draw, or check; the exit status."""
    imports, layers = read_imports(PACKAGE), read_layers(ROOT / "pyproject.toml", PACKAGE.name)
    faults = [*explain_circles(imports), *explain_climbs(imports, layers)]
    if not faults:
        drawing, page = draw(graph_of(imports, rooms=True), layers), PAGE.read_text("utf-8")
        if "--check" not in arguments:
            DRAWING.write_text(drawing, "utf-8")
            PAGE.write_text(with_table(page, PACKAGE), "utf-8")
        elif DRAWING.read_text("utf-8") != drawing or not has_table(page, PACKAGE):
            faults.append(
                "The drawing or the table is out of date. Run: python docs/architecture.py"
            )
    print(make_table(PACKAGE), end="")
    print(*faults, sep="\n", end="\n" if faults else "", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
