"""Where the drawings come from: npm packages over plain HTTP, each pinned by its SHA-256."""

from __future__ import annotations

import hashlib
import io
import tarfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

__all__ = ["STYLES", "Style", "fetch"]

WANTED = ("icons.json", "metadata.json")


@dataclass(frozen=True)
class Style:
    """A collection of drawings in one style, of which tiny-cartoon was trained on none.

    Attributes:
        name: Of the style, as the page says it.
        package: The npm package, `version` and `sha256` of its archive.
        license: Of the drawings.
    """

    name: str
    package: str
    version: str
    sha256: str
    license: str

    @property
    def url(self) -> str:
        """Of the archive."""
        stem = self.package.rpartition("/")[2]
        return f"https://registry.npmjs.org/{self.package}/-/{stem}-{self.version}.tgz"


STYLES = (
    Style(
        "FxEmoji",
        "@iconify-json/fxemoji",
        "1.2.2",
        "f3e72b3c59d05e1db03b7e308d55c0d05bd7ba3f625a90da1b79313c12858eef",
        "Apache-2.0",
    ),
    Style(
        "OpenMoji",
        "@iconify-json/openmoji",
        "1.2.29",
        "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5",
        "CC BY-SA 4.0",
    ),
    Style(
        "Emoji One 1",
        "@iconify-json/emojione-v1",
        "1.2.3",
        "6641d59d48a42823fdc2b84e7427e9f302944eb98d2c7d94d6e67c139e7b37b3",
        "CC BY-SA 4.0",
    ),
)


def fetch(style: Style, folder: Path) -> Path:
    """The folder of a style's package below `folder`; fetched unless it is there.

    Raises:
        SystemExit: The archive is not the one that is pinned.
    """
    place = folder / style.package.rpartition("/")[2]
    if all((place / name).is_file() for name in WANTED):
        return place
    print(f"Fetching {style.url} ({style.license})", flush=True)
    with urllib.request.urlopen(style.url, timeout=60) as answer:
        raw = answer.read()
    found = hashlib.sha256(raw).hexdigest()
    if found != style.sha256:
        raise SystemExit(f"{style.url} has the SHA-256 {found}, and {style.sha256} was expected.")
    place.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        for name in WANTED:
            member = archive.extractfile(f"package/{name}")
            assert member is not None
            (place / name).write_bytes(member.read())
    return place
