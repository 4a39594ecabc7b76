"""Makes the pictures of docs/figures.md, by the page's own examples.

usage: python docs/figures.py
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from zsclip.demo import copy_drawings

PAGE = Path(__file__).with_name("figures.md")
TARGET = Path(__file__).parent / "images" / "figures"


def draw(folder: Path) -> list[Path]:
    """Runs the page among the drawings, and returns the pictures that it shows."""
    before = Path.cwd()
    copy_drawings(folder)
    os.chdir(folder)
    try:
        blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
        exec("".join(blocks), {"__name__": "__main__"})
    finally:
        os.chdir(before)
    return [folder / Path(name).name for name in shown()]


def shown() -> list[str]:
    """The pictures that the page names."""
    return re.findall(r"\]\((images/figures/.*?)\)", PAGE.read_text("utf-8"))


def main() -> None:
    """Stores each with few colors, which leaves a third of its bytes."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = draw(Path(folder))
        shutil.rmtree(TARGET, ignore_errors=True)
        TARGET.mkdir(parents=True)
        for picture in pictures:
            with Image.open(picture) as image:
                about = PngInfo()
                if told := image.info.get("Description"):
                    about.add_text("Description", told)
                small = image.convert("RGB").quantize(128)
                small.save(TARGET / picture.name, optimize=True, pnginfo=about)


if __name__ == "__main__":
    main()
