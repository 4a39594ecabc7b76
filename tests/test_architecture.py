"""The script that draws the rooms: what counts as an import, circles, shares, the drawing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from docs_scripts import DOCS, load_script

script = load_script("architecture")

Tree = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes a package named ``made`` with these files."""

    def tree(files: Mapping[str, str]) -> Path:
        package = tmp_path / "made"
        for name, code in {"__init__.py": "", **files}.items():
            path = package / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code)
        return package

    return tree


def test_zsclip_has_no_circle_and_the_page_shows_it_as_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = script.main(["--check"])
    assert (status, capsys.readouterr().err) == (0, "")


def test_the_page_tells_of_every_room_and_of_no_file_that_is_not_there() -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`((?:\w+/)*\w+\.(?:py|toml|md)|\w+/)`", page))
    places = (script.PACKAGE, DOCS.parent)
    assert {name for name in named if not any((place / name).exists() for place in places)} == set()
    table = page.partition("## The rooms\n")[2].partition("\n\n`import zsclip`")[0]
    firsts = "".join(row.split(" | ")[0] for row in table.splitlines())
    rooms = {script.room_of(name) for name in re.findall(r"`([\w./]+)`", firsts)}
    assert script.shares(script.PACKAGE).keys() - rooms == set()


def test_the_page_says_of_nothing_twice_where_it_is() -> None:
    page = (DOCS / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (.+?) \|", page.partition("## To change something\n")[2], re.MULTILINE)
    assert [what for what in rows if rows.count(what) > 1] == []


@pytest.mark.parametrize(
    ("line", "imported", "mark"),
    [
        ("from made.room import face", "room/__init__.py", ""),
        ("from made.room import inner", "room/inner.py", ""),
        ("from made.room.inner import name, other", "room/inner.py", ""),
        ("import made.room.inner as short", "room/inner.py", ""),
        ("from made import ground", "ground.py", ""),
        ("from made import face", "room/__init__.py", ""),  # where the package has it from
        ("from . import ground", "ground.py", ""),
        ("from .room.inner import name", "room/inner.py", ""),
        ("import made", "__init__.py", ""),
        ("def f():\n    from made.ground import name", "ground.py", "in a function"),
        ("try:\n    import made.ground\nexcept ImportError: pass", "ground.py", ""),
        (
            "if TYPE_CHECKING:\n    from made.ground import name",
            "ground.py",
            "for annotations",
        ),
        ("if typing.TYPE_CHECKING: from made import ground", "ground.py", "for annotations"),
        ("if TYPE_CHECKING: pass\nelse: from made import ground", "ground.py", ""),
    ],
)
def test_every_kind_of_import_counts(tree: Tree, line: str, imported: str, mark: str) -> None:
    package = tree(
        {
            "__init__.py": "if TYPE_CHECKING:\n    from made.room import face\n",
            "top.py": line,
            "room/__init__.py": "",
            "room/inner.py": "",
            "ground.py": "",
        }
    )
    found = [i for i in script.read_imports(package) if i.importer == "top.py"]
    by_root = line == "from made import face"
    assert [i[1:] for i in found] == [(imported, found[0].line, mark, by_root)]


@pytest.mark.parametrize(
    "line", ["import os", "from torch import nn", "from made_up import x", "import made_up.ground"]
)
def test_other_peoples_modules_do_not_count(tree: Tree, line: str) -> None:
    assert script.read_imports(tree({"top.py": line, "ground.py": ""})) == []


def test_a_relative_import_goes_up_as_many_rooms_as_it_has_dots(tree: Tree) -> None:
    package = tree(
        {
            "room/__init__.py": "from .one import x",
            "room/one.py": "from .two import x\nfrom ..ground import y",
            "room/two.py": "",
            "ground.py": "",
        }
    )
    assert [found[:2] for found in script.read_imports(package)] == [
        ("room/__init__.py", "room/one.py"),
        ("room/one.py", "ground.py"),
        ("room/one.py", "room/two.py"),
    ]


def test_a_circle_for_annotations_alone_is_one_and_its_lines_are_told(tree: Tree) -> None:
    package = tree(
        {
            "a.py": "from made.b import x",
            "b.py": "\nif TYPE_CHECKING:\n    from made.c import x",
            "c.py": "def f():\n    from made.a import x\n    from made.d import y",
            "d.py": "",
        }
    )
    messages = script.explain_circles(script.read_imports(package))
    assert messages[:4] == [
        "A circle of files, 3 of which reach each other: a.py -> b.py -> c.py -> a.py",
        "  a.py imports b.py (line 1)",
        "  b.py imports c.py (line 3, for annotations)",
        "  c.py imports a.py (line 2, in a function)",
    ]
    assert messages[4] == "A circle of rooms, 3 of which reach each other: a -> b -> c -> a"


def test_a_circle_of_rooms_needs_none_of_files(tree: Tree) -> None:
    package = tree(
        {
            "one/a.py": "from made.two.a import x",
            "one/b.py": "",
            "two/a.py": "",
            "two/b.py": "from made.one.b import x",
            "two/c.py": "from made.one.b import x",
        }
    )
    assert script.explain_circles(script.read_imports(package)) == [
        "A circle of rooms, 2 of which reach each other: one -> two -> one",
        "  one/a.py imports two/a.py (line 1)",
        "  two/b.py imports one/b.py (line 1) and 1 more",
    ]


def test_a_file_that_imports_its_rooms_face_is_in_a_circle(tree: Tree) -> None:
    package = tree(
        {"room/__init__.py": "from made.room.a import x", "room/a.py": "from made.room import y"}
    )
    [message, *_] = script.explain_circles(script.read_imports(package))
    assert "room/__init__.py -> room/a.py -> room/__init__.py" in message


def test_the_shortest_circle_of_each_group_is_told() -> None:
    graph = {
        "a": {"b"},
        "b": {"c"},
        "c": {"a", "d"},
        "d": {"c"},
        "x": {"y"},
        "y": {"x"},
        "z": {"x"},
    }
    assert script.find_circles(graph) == [["c", "d"], ["x", "y"]]
    assert script.find_circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_climbs_and_rooms_in_no_layer_are_told(tree: Tree) -> None:
    package = tree(
        {
            "top.py": "import made.low\nimport made.stray",
            "beside.py": "if TYPE_CHECKING: import made.top",
            "low.py": "import made.top",
            "stray.py": "",
        }
    )
    layers = [["top", "beside"], ["low"]]
    assert script.explain_climbs(script.read_imports(package), layers) == [
        "The room stray is in no layer.",
        "beside.py imports top.py (line 1, for annotations): top is in no layer below beside",
        "low.py imports top.py (line 1): top is in no layer below low",
    ]


def test_the_rooms_shares_make_up_the_whole(tree: Tree) -> None:
    package = tree({"room/a.py": "x\n" * 5, "room/b.py": "x\n" * 10, "one.py": "x\n" * 5})
    assert script.shares(package) == {"room": (2, 0.75), "one": (1, 0.25)}
    assert "| `room` | 2 | 75 % |" in script.make_table(package)


def test_a_table_may_be_a_point_off_and_no_more(tree: Tree) -> None:
    package = tree({"room/a.py": "x\n" * 75, "one.py": "x\n" * 25})
    page = script.with_table(f"Before.\n{script.BEGIN}old\n{script.END}After.\n", package)
    assert page.startswith("Before.\n")
    assert page.endswith("After.\n")
    assert "old" not in page
    assert script.has_table(page, package)
    assert script.has_table(page.replace("75 %", "76 %"), package)
    for old, new in [("75 %", "77 %"), ("| 1 | 25", "| 2 | 25"), ("`one`", "`two`")]:
        assert old in page
        assert not script.has_table(page.replace(old, new), package)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.py": "import made.b", "b.py": ""}, ""),
        ({"a.py": "import made.b", "b.py": "import made.a"}, "A circle of files"),
        ({"a.py": "", "b.py": "import made.a"}, "a is in no layer below b"),
        ({"a.py": "import made.b", "b.py": "", "c.py": "import made.b"}, "room c is in no layer"),
        ({"a.py": "import made.b", "b.py": "", "b/c.py": ""}, "out of date"),
    ],
)
def test_the_check_ends_with_1_and_a_message_where_something_is_wrong(
    tree: Tree,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    files: Mapping[str, str],
    said: str,
) -> None:
    root = tree({"a.py": "import made.b", "b.py": ""}).parent
    layers = "[[tool.importlinter.contracts]]\ntype = 'layers'\nlayers = ['made.a', 'made.b']\n"
    (root / "pyproject.toml").write_text(layers)
    (root / "page.md").write_text(script.BEGIN + script.END)
    places = {"ROOT": root, "PACKAGE": root / "made"}
    places |= {"DRAWING": root / "drawing.svg", "PAGE": root / "page.md"}
    for name, path in places.items():
        monkeypatch.setattr(script, name, path)
    assert script.main([]) == 0
    tree(files)
    before = [path.read_bytes() for path in (root / "drawing.svg", root / "page.md")]
    assert script.main(["--check"]) == bool(said)
    assert said in capsys.readouterr().err
    assert before == [path.read_bytes() for path in (root / "drawing.svg", root / "page.md")]


def test_an_arrow_that_a_longer_way_stands_for_is_left_out() -> None:
    graph = {"a": {"b", "c", "d"}, "b": {"c"}, "c": {"d"}, "d": set()}
    assert script.reduced(graph) == {"a": {"b"}, "b": {"c"}, "c": {"d"}, "d": set()}


def test_the_drawing_holds_every_room_every_arrow_and_its_words() -> None:
    graph = {"a": {"b", "c"}, "b": {"d"}, "c": {"d", "e"}, "d": set(), "e": set()}
    svg = script.draw(graph, [["a"], ["c", "b", "unused"], ["e"], ["d"]])
    root = ElementTree.fromstring(svg)
    inside = "{http://www.w3.org/2000/svg}"
    assert [text.text for text in root.iter(f"{inside}text")] == ["a", "b", "c", "d", "e"]
    assert svg.count('class="arrow"') == 5
    words = root.findtext(f"{inside}desc") or ""
    assert words.startswith("a imports b, c; b imports d; c imports d, e; d imports none")
    assert root.get("role") == "img"
    assert "prefers-color-scheme: dark" in svg
    assert "unused" not in svg
    heights = dict(re.findall(r'y="([\d.]+)">(\w)<', svg))
    assert heights[min(heights, key=float)] == "a"


def test_the_drawing_is_the_same_whatever_the_order_of_what_it_is_made_of() -> None:
    graph = {"a": {"x", "y"}, "b": {"y", "x"}, "x": {"z"}, "y": {"z"}, "z": set()}
    turned = {room: set(graph[room]) for room in sorted(graph)[::-1]}
    layers = [["a", "b"], ["x", "y"], ["z"]]
    assert script.draw(graph, layers) == script.draw(turned, [row[::-1] for row in layers])


def test_boxes_of_one_row_do_not_overlap() -> None:
    wide = ["a" * 20, "b" * 20, "c" * 20]
    svg = script.draw({room: {"low"} for room in wide} | {"low": set()}, [wide, ["low"]])
    boxes = re.findall(r'class="room" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', svg)
    row = sorted((float(x), float(w)) for x, y, w in boxes if y == min(b[1] for b in boxes))
    assert len(row) == 3
    assert all(x + w < after for (x, w), (after, _) in itertools.pairwise(row))


def test_the_layers_are_those_of_the_import_contract(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[[tool.importlinter.contracts]]\ntype = 'forbidden'\n"
        "[[tool.importlinter.contracts]]\ntype = 'layers'\n"
        "layers = ['made.top', 'made.a | made.b : made.c']\n"
    )
    assert script.read_layers(tmp_path / "pyproject.toml", "made") == [["top"], ["a", "b", "c"]]
