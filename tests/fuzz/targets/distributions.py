"""Wheels and sdists of label sets, as an author or a shop's owner has them checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.fuzz.catalogue import Target
from tests.fuzz.forms import FORMS, Part
from tests.fuzz.mutations import Seed
from tests.fuzz.targets.labels import VALID
from zsclip.authoring import check_distribution
from zsclip.errors import LabelSetError
from zsclip.testing import parametrize_with_labelset_checks

__all__ = ["SDISTS", "WHEELS"]

_METADATA = b"""Metadata-Version: 2.4
Name: zsclip-labels-garden
Version: 1.0
Summary: Birds of gardens
License-Expression: CC0-1.0
License-File: LICENSE
Requires-Dist: zsclip>=0.1

What is in it.
"""
_PROJECT = b"""[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "zsclip-labels-garden"
version = "1.0"
license = "CC0-1.0"
dependencies = ["zsclip>=0.1"]

[project.entry-points."zsclip.labelsets"]
garden = "zsclip_labels_garden"
"""
_ENTRY = b"[zsclip.labelsets]\ngarden = zsclip_labels_garden\n"
_INFO = b"zsclip_labels_garden-1.0.dist-info/"
_TOP = b"zsclip_labels_garden-1.0/"


def _wheel() -> list[Part]:
    files = {
        b"zsclip_labels_garden/__init__.py": b"",
        b"zsclip_labels_garden/garden.toml": VALID,
        _INFO + b"METADATA": _METADATA,
        _INFO + b"WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        _INFO + b"entry_points.txt": _ENTRY,
        _INFO + b"licenses/LICENSE": b"CC0",
    }
    return [*files.items(), (_INFO + b"RECORD", b"".join(b"%s,,\n" % name for name in files))]


def _sdist() -> list[Part]:
    return [
        (_TOP + b"PKG-INFO", _METADATA),
        (_TOP + b"pyproject.toml", _PROJECT),
        (_TOP + b"README.md", b"# Birds\n"),
        (_TOP + b"LICENSE", b"CC0"),
        (_TOP + b"zsclip_labels_garden/__init__.py", b""),
        (_TOP + b"zsclip_labels_garden/garden.toml", VALID),
    ]


def _wheels() -> Iterator[Seed]:
    parts = _wheel()
    yield Seed("stored", FORMS["zip"].together(parts), "zip")
    yield Seed("deflated", FORMS["deflated"].together(parts), "deflated")
    yield Seed("many folders", lambda: FORMS["zip"].together(
        parts + [(b"a%d/" % i, b"") for i in range(12_000)]
    ))  # fmt: skip
    yield Seed(
        "deep folders", lambda: FORMS["zip"].together([*parts, (b"a/" * 12_000 + b"x", b"")])
    )
    yield Seed("zeros", lambda: FORMS["deflated"].together(_grown(parts, b".toml", bytes(10**9))))
    yield Seed("entry points", lambda: FORMS["deflated"].together(
        _grown(parts, b"entry_points.txt", _ENTRY * 40_000)
    ))  # fmt: skip
    yield Seed("headers", lambda: FORMS["deflated"].together(
        _grown(parts, b"METADATA", b"X: y\n" * 100_000 + _METADATA)
    ))  # fmt: skip


def _sdists() -> Iterator[Seed]:
    parts = _sdist()
    together = FORMS["tar.gz"].together
    yield Seed("sdist", together(parts), "tar.gz")
    yield Seed("with a link", together([*parts, (_TOP + b"x", b"link:/etc/passwd")]), "tar.gz")
    yield Seed("link for a folder", together([(_TOP[:-1], b"link:/etc"), *parts]), "tar.gz")
    yield Seed("many files", lambda: together(
        parts + [(_TOP + b"a%d/b" % i, b"") for i in range(12_000)]
    ))  # fmt: skip
    yield Seed("zeros", lambda: together(_grown(parts, b".toml", bytes(200_000_000))))


def _grown(parts: list[Part], end: bytes, body: bytes) -> list[Part]:
    return [(name, body if name.endswith(end) else own) for name, own in parts]


def _check(data: bytes, name: str) -> str:
    path = Path(name)
    path.write_bytes(data)
    try:
        problems = check_distribution(path)
        if Random(data).random() < 0.1:
            parametrize_with_labelset_checks(path)
    finally:
        path.unlink()
    return "broken rules" if problems else "read"


_WORDS = (b"../", b"/", b"\\", b"\0", b"\n", b":", b"zsclip_labels_garden/", b".toml",
          b".dist-info/",
          b"METADATA", b"entry_points.txt", b"[zsclip.labelsets]", b"Name: ", b"Version: ",
          b"License: ",
          b"PK\1\2", b"PK\3\4", b"PK\5\6", b"PK\6\6", b"\xff\xff\xff\xff", b"[project]",
          b"dynamic = [",
          b"''", b"Requires-Dist: ")  # fmt: skip

WHEELS = Target(
    lambda: list(_wheels()),
    lambda data: _check(data, "zsclip_labels_garden-1.0-py3-none-any.whl"),
    (LabelSetError,),
    _WORDS,
)
SDISTS = Target(
    lambda: list(_sdists()),
    lambda data: _check(data, "zsclip_labels_garden-1.0.tar.gz"),
    (LabelSetError,),
    _WORDS,
)
