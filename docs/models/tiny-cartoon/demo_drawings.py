"""Choose and rasterize the drawings of ``zsclip demo``: every fifth of FxEmoji's animals.

The animals are those of `fxemoji.toml`, in code-point order; the first one is taken and every
fifth after it, whatever the model makes of them. Needs resvg-py, pillow and the npm package
``@iconify-json/fxemoji``.

    python demo_drawings.py NODE_MODULES OUT

OUT gets ``drawings/*.png`` and ``drawings.toml``.
"""

import argparse
import io
import json
import tomllib
from pathlib import Path

import resvg_py
from PIL import Image

SIZE = 256
EVERY = 5


def rasterize(icon: dict[str, object], width: int, height: int) -> Image.Image:
    """One icon as RGBA, SIZE pixels wide, its ground transparent."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{SIZE}" height="{SIZE}">{icon["body"]}</svg>'
    )
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGBA")


def main() -> None:
    """Write the drawings and their list."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("node_modules", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    folder = args.out / "drawings"
    folder.mkdir(parents=True, exist_ok=True)
    table = tomllib.loads(Path(__file__).with_name("fxemoji.toml").read_text(encoding="utf8"))
    package = args.node_modules / "@iconify-json" / "fxemoji"
    data = json.loads((package / "icons.json").read_text(encoding="utf8"))
    in_order = sorted(table["animals"].items(), key=lambda item: int(item[0], 16))
    lines = ["# The drawings of `zsclip demo`; where they come from: drawings/SOURCES.md.\n"]
    for code, entry in in_order[::EVERY]:
        icon = data["icons"][entry["key"]]
        width, height = (icon.get(k, data.get(k, data["height"])) for k in ("width", "height"))
        image = rasterize(icon, width, height)
        image.quantize(128, method=Image.Quantize.FASTOCTREE).save(
            folder / f"{entry['key']}.png", optimize=True
        )
        lines += [
            "[[drawings]]",
            f'file = "{entry["key"]}.png"',
            f'animal = "{entry["animal"]}"',
            f'code_point = "U+{code}"\n',
        ]
    (args.out / "drawings.toml").write_text("\n".join(lines), encoding="utf8")


if __name__ == "__main__":
    main()
