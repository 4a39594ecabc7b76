"""Draw twelve cartoon animals from plain shapes, as PNGs beside this file.

They are in no collection, so no model has been trained on them. Needs Pillow alone::

    python draw.py
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 256
DETAIL = 4  # drawn this much larger, then reduced, for smooth edges
INK = "#2b2b2b"
Point = tuple[float, float]


class Pen:
    """Shapes with a dark outline, in a square of 100 by 100."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (SIZE * DETAIL, SIZE * DETAIL), "white")
        self._draw = ImageDraw.Draw(self.image)
        self._unit = SIZE * DETAIL / 100

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._unit, y * self._unit) for x, y in points]

    def oval(self, x: float, y: float, rx: float, ry: float, fill: str, line: float = 1.4) -> None:
        """An ellipse round (x, y)."""
        box = self._scaled([(x - rx, y - ry), (x + rx, y + ry)])
        width = round(line * self._unit)
        self._draw.ellipse(
            [*box[0], *box[1]], fill=fill, outline=INK if width else None, width=width
        )

    def shape(self, points: Sequence[Point], fill: str, line: float = 1.4) -> None:
        """A polygon."""
        corners = self._scaled(points)
        self._draw.polygon(corners, fill=fill)
        if line:
            self.path([*points, points[0], points[1]], line)

    def path(self, points: Sequence[Point], line: float = 1.4, color: str = INK) -> None:
        """A line through points."""
        width = round(line * self._unit)
        self._draw.line(self._scaled(points), fill=color, width=width, joint="curve")

    def arc(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, line: float = 1.4
    ) -> None:
        """Part of an ellipse's rim, in degrees clockwise from three o'clock."""
        (x0, y0), (x1, y1) = self._scaled([(x - rx, y - ry), (x + rx, y + ry)])
        self._draw.arc([x0, y0, x1, y1], start, end, fill=INK, width=round(line * self._unit))

    def eyes(self, y: float, *xs: float, r: float = 2.4) -> None:
        """Black dots."""
        for x in xs:
            self.oval(x, y, r, r, INK, 0)


def cat(p: Pen) -> None:
    """A sitting cat from the front: pointed ears, whiskers, a tail."""
    p.path([(66, 86), (82, 84), (88, 70), (82, 58)], 5, "#e8963c")
    p.oval(50, 74, 20, 20, "#f4a950")
    p.oval(50, 78, 11, 14, "#fbe3c0", 0)
    p.oval(41, 91, 7, 5, "#f4a950")
    p.oval(59, 91, 7, 5, "#f4a950")
    p.shape([(28, 34), (29, 8), (47, 22)], "#f4a950")
    p.shape([(72, 34), (71, 8), (53, 22)], "#f4a950")
    p.oval(50, 38, 25, 20, "#f4a950")
    p.eyes(36, 41, 59, r=3)
    p.shape([(47, 43), (53, 43), (50, 46.5)], "#e77a86")
    p.arc(46.5, 46.5, 3.5, 3.5, 0, 180)
    p.arc(53.5, 46.5, 3.5, 3.5, 0, 180)
    for dy in (-4, 0, 4):
        p.path([(34, 45 + dy / 2), (16, 44 + dy)], 0.9)
        p.path([(66, 45 + dy / 2), (84, 44 + dy)], 0.9)


def dog(p: Pen) -> None:
    """A sitting dog from the front: hanging ears, a muzzle, a tongue."""
    p.oval(50, 78, 20, 18, "#c98d57")
    p.oval(40, 92, 7, 5, "#c98d57")
    p.oval(60, 92, 7, 5, "#c98d57")
    p.oval(50, 37, 24, 24, "#c98d57")
    p.oval(25, 40, 8, 20, "#7a4a26")
    p.oval(75, 40, 8, 20, "#7a4a26")
    p.oval(50, 64, 4.5, 7, "#ef7f8f")
    p.oval(50, 49, 14, 12, "#f3dcbd")
    p.oval(50, 43, 5.5, 4, INK, 0)
    p.path([(50, 46), (50, 53)])
    p.arc(45, 52, 5, 4, 10, 180)
    p.arc(55, 52, 5, 4, 0, 170)
    p.eyes(32, 41, 59, r=3)


def rabbit(p: Pen) -> None:
    """A rabbit's face and body: two long ears, two front teeth."""
    for x in (39, 61):
        p.oval(x, 24, 8, 22, "#d9d4d0")
        p.oval(x, 25, 4, 16, "#f4b6c0", 0)
    p.oval(50, 82, 20, 15, "#d9d4d0")
    p.oval(50, 53, 22, 19, "#d9d4d0")
    p.eyes(49, 42, 58, r=2.8)
    p.oval(50, 56, 2.8, 2, "#e77a86", 0)
    p.arc(46.5, 59, 3.5, 3, 0, 180)
    p.arc(53.5, 59, 3.5, 3, 0, 180)
    p.shape([(47, 62), (53, 62), (53, 67), (47, 67)], "#ffffff", 0.9)
    p.path([(50, 62), (50, 67)], 0.9)
    p.oval(41, 94, 8, 4, "#ece8e4")
    p.oval(59, 94, 8, 4, "#ece8e4")


def pig(p: Pen) -> None:
    """A pig from the side: a snout, short legs, a curled tail."""
    for x in (30, 42, 60, 70):
        p.shape([(x - 4, 68), (x + 4, 68), (x + 3.5, 86), (x - 3.5, 86)], "#f0a0ae")
    p.arc(86, 50, 5, 5, 90, 360, 2)
    p.oval(54, 56, 30, 21, "#f7b3bf")
    p.oval(26, 46, 18, 17, "#f7b3bf")
    p.shape([(24, 33), (32, 18), (38, 34)], "#f0a0ae")
    p.oval(12, 50, 7, 8, "#ee8fa0")
    p.eyes(50, 10, 14.5, r=1.4)
    p.eyes(41, 24, r=2.4)


def elephant(p: Pen) -> None:
    """An elephant from the side: a trunk, a big ear, a tusk."""
    for x in (42, 54, 70, 80):
        p.shape([(x - 6, 64), (x + 6, 64), (x + 6, 90), (x - 6, 90)], "#96a1ad")
    p.path([(91, 46), (96, 62)], 2)
    p.oval(62, 50, 31, 24, "#a7b2be")
    p.path([(18, 46), (12, 62), (14, 78), (22, 82)], 12, INK)
    p.path([(18, 46), (12, 62), (14, 78), (21.5, 81.5)], 9.4, "#a7b2be")
    p.oval(29, 38, 18, 18, "#a7b2be")
    p.shape([(21, 52), (26, 54), (18, 64)], "#ffffff")
    p.oval(42, 38, 12, 17, "#8c97a3")
    p.eyes(34, 22, r=2.4)


def fish(p: Pen) -> None:
    """A fish swimming left: tail, fins, scales."""
    p.shape([(72, 50), (94, 30), (90, 50), (94, 70)], "#f08a3c")
    p.shape([(38, 30), (52, 14), (64, 32)], "#f08a3c")
    p.shape([(42, 68), (50, 82), (60, 67)], "#f08a3c")
    p.oval(44, 50, 34, 22, "#fbb040")
    p.arc(26, 50, 10, 20, 285, 75)
    for x in (46, 58):
        for y in (42, 52, 62):
            p.arc(x, y, 5, 5, 270, 90, 1)
    p.oval(24, 44, 5, 5, "#ffffff")
    p.eyes(44, 23, r=2.4)
    p.arc(14, 54, 6, 4, 10, 100)


def owl(p: Pen) -> None:
    """An owl on a branch: big round eyes, ear tufts, wings."""
    p.path([(12, 88), (88, 88)], 5, "#7a5230")
    p.shape([(28, 30), (27, 8), (46, 22)], "#8a5f3a")
    p.shape([(72, 30), (73, 8), (54, 22)], "#8a5f3a")
    p.oval(50, 52, 28, 36, "#8a5f3a")
    p.oval(50, 64, 17, 21, "#e2c49a")
    for y in (58, 66, 74):
        for x in (42, 50, 58):
            p.arc(x, y, 3, 3, 0, 180, 1)
    p.oval(24, 58, 7, 19, "#6b4728")
    p.oval(76, 58, 7, 19, "#6b4728")
    for x in (39, 61):
        p.oval(x, 34, 12, 12, "#fff3c4")
        p.oval(x, 34, 5, 5, INK, 0)
    p.shape([(46, 41), (54, 41), (50, 50)], "#f0a030")
    for x in (42, 58):
        p.oval(x, 88, 5, 3.4, "#f0a030")


def penguin(p: Pen) -> None:
    """A penguin from the front: a white belly, flippers, orange feet."""
    p.oval(38, 92, 9, 4, "#f59e2e")
    p.oval(62, 92, 9, 4, "#f59e2e")
    p.shape([(26, 44), (10, 66), (18, 72), (30, 60)], "#2f3a4a")
    p.shape([(74, 44), (90, 66), (82, 72), (70, 60)], "#2f3a4a")
    p.oval(50, 52, 27, 40, "#2f3a4a")
    p.oval(50, 62, 19, 28, "#ffffff", 0)
    p.oval(42, 34, 10, 12, "#ffffff", 0)
    p.oval(58, 34, 10, 12, "#ffffff", 0)
    p.eyes(33, 43, 57, r=2.8)
    p.shape([(44, 39), (56, 39), (50, 47)], "#f59e2e")


def turtle(p: Pen) -> None:
    """A turtle from the side: a domed shell with plates."""
    p.oval(32, 78, 8, 7, "#7fbf5a")
    p.oval(66, 78, 8, 7, "#7fbf5a")
    p.shape([(82, 70), (95, 76), (80, 78)], "#7fbf5a")
    p.oval(14, 58, 11, 10, "#7fbf5a")
    p.shape(
        [(16, 74), (18, 58), (28, 44), (42, 36), (56, 36), (70, 44), (82, 58), (86, 74)], "#4d8a4a"
    )
    p.shape([(42, 42), (56, 42), (62, 54), (49, 62), (36, 54)], "#6fae5f")
    for line in ([(36, 54), (22, 60)], [(62, 54), (78, 60)], [(49, 62), (49, 73)]):
        p.path(line)
    p.path([(14, 74), (88, 74)], 3)
    p.eyes(55, 11, r=2)
    p.arc(9, 60, 5, 4, 20, 110)


def bee(p: Pen) -> None:
    """A bee: stripes, two wings, feelers, a sting."""
    p.shape([(84, 52), (96, 56), (84, 62)], INK)
    p.oval(46, 26, 11, 19, "#d7efff")
    p.oval(64, 28, 11, 18, "#d7efff")
    p.oval(56, 57, 31, 22, "#ffd23c")
    p.shape([(50, 36), (58, 35.5), (58, 78.5), (50, 78)], INK, 0)
    p.shape([(67, 37.5), (75, 41), (75, 73), (67, 76.5)], INK, 0)
    p.oval(27, 54, 16, 16, "#ffd23c")
    p.path([(22, 40), (16, 26)])
    p.path([(30, 39), (28, 24)])
    p.eyes(26, 16, r=2.4)
    p.eyes(24, 28, r=2.4)
    p.eyes(51, 20, 32, r=2.8)
    p.arc(26, 57, 6, 5, 20, 160)


def mouse(p: Pen) -> None:
    """A mouse from the front: round ears, a long tail."""
    p.path([(66, 84), (84, 88), (92, 78), (86, 66)], 2.4, "#e59aa6")
    p.oval(26, 26, 16, 16, "#a8a8b0")
    p.oval(26, 26, 10, 10, "#f4b6c0", 0)
    p.oval(74, 26, 16, 16, "#a8a8b0")
    p.oval(74, 26, 10, 10, "#f4b6c0", 0)
    p.oval(50, 80, 19, 14, "#a8a8b0")
    p.shape([(26, 40), (36, 30), (64, 30), (74, 40), (60, 60), (50, 66), (40, 60)], "#a8a8b0")
    p.oval(50, 64, 3.6, 3, "#e77a86")
    p.eyes(45, 41, 59, r=3)
    for dy in (-3, 1, 5):
        p.path([(42, 60 + dy / 3), (26, 60 + dy)], 0.9)
        p.path([(58, 60 + dy / 3), (74, 60 + dy)], 0.9)


def snail(p: Pen) -> None:
    """A snail: a coiled shell on a long foot, two feelers."""
    p.path([(20, 54), (12, 34)], 2)
    p.path([(26, 54), (26, 32)], 2)
    p.eyes(33, 12, r=3)
    p.eyes(31, 26, r=3)
    p.shape(
        [(14, 62), (18, 52), (28, 52), (34, 66), (50, 76), (92, 84), (92, 88), (24, 88), (16, 78)],
        "#d9c08a",
    )
    p.oval(58, 56, 28, 27, "#b9733c")
    for r, start in ((21, 0), (14, 180), (8, 0)):
        p.arc(58, 56, r, r, start, start + 250, 2)
    p.arc(22, 66, 4, 3, 20, 150)


ANIMALS: tuple[Callable[[Pen], None], ...] = (
    cat, dog, rabbit, pig, elephant, fish, owl, penguin, turtle, bee, mouse, snail,
)  # fmt: skip


def main() -> None:
    """Write the drawings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    folder: Path = parser.parse_args().out
    for animal in ANIMALS:
        pen = Pen()
        animal(pen)
        small = pen.image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        small.quantize(64).save(folder / f"{animal.__name__}.png", optimize=True)


if __name__ == "__main__":
    main()
