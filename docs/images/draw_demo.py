"""Draw the demo's drawings and what tiny-cartoon made of them.

All of them are demo.svg, the picture in README; the first row, whatever is in it, is demo-row.svg,
that of the start page.

usage: ZSCLIP_PRECISION=fp32 python docs/images/draw_demo.py

Run it again whenever the weights or the drawings change; nothing in it is set by hand.
"""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from zsclip.demo import Answer, run_demo

COLUMNS = 5
CARD_WIDTH, CARD_HEIGHT, GAP = 172, 196, 12
BAR = 96  # pixels of a score of 1
MARKS = {1: ("right", "#1a7f37"), 2: ("close", "#9a6700"), 3: ("close", "#9a6700")}
WRONG = ("wrong", "#b42318")


def card(answer: Answer, x: int, y: int) -> str:
    """One drawing, its three likeliest animals, and whether the first is right."""
    mark, color = MARKS.get(answer.rank, WRONG)
    data = base64.b64encode(answer.drawing.data).decode("ascii")
    lines = [
        f'<g transform="translate({x} {y})">',
        f'<rect width="{CARD_WIDTH}" height="{CARD_HEIGHT}" rx="10" class="card"/>',
        f'<image x="46" y="10" width="80" height="80" href="data:image/png;base64,{data}"/>',
        f'<text x="{CARD_WIDTH / 2}" y="110" class="truth">{escape(answer.truth.name)}</text>',
        f'<text x="{CARD_WIDTH - 10}" y="22" class="mark" fill="{color}">{mark}</text>',
    ]
    for row, score in enumerate(answer.prediction.top(3)):
        top = 122 + 24 * row
        fill = color if row == 0 else "#8c959f"
        lines += [
            f'<rect x="12" y="{top}" width="{max(2, BAR * score.score):.1f}" height="4" '
            f'rx="2" fill="{fill}"/>',
            f'<text x="12" y="{top + 17}" class="guess">{escape(score.label)}</text>',
            f'<text x="{CARD_WIDTH - 12}" y="{top + 17}" class="score">{score.score:.0%}</text>',
        ]
    return "\n".join([*lines, "</g>"])


def drawn(answers: Sequence[Answer]) -> str:
    """Cards of these answers, row by row."""
    rows = -(-len(answers) // COLUMNS)
    width = COLUMNS * (CARD_WIDTH + GAP) + GAP
    height = rows * (CARD_HEIGHT + GAP) + GAP
    cards = [
        card(
            answer,
            GAP + (i % COLUMNS) * (CARD_WIDTH + GAP),
            GAP + (i // COLUMNS) * (CARD_HEIGHT + GAP),
        )
        for i, answer in enumerate(answers)
    ]
    size = f'viewBox="0 0 {width} {height}" width="{width}"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size}>
<!-- Drawn by docs/images/draw_demo.py. Drawings: FxEmoji, copyright Mozilla and the FxEmoji
contributors, Apache License 2.0; see zsclip/demo/drawings/SOURCES.md. -->
<style>
text {{ font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }}
.card {{ fill: #ffffff; stroke: #d0d7de }}
.truth {{ font-size: 12px; text-anchor: middle; fill: #59636e }}
.mark {{ font-size: 12px; font-weight: 600; text-anchor: end }}
.mark[fill="#1a7f37"] {{ fill: #1a7f37 }}
.mark[fill="#9a6700"] {{ fill: #9a6700 }}
.mark[fill="#b42318"] {{ fill: #b42318 }}
.score {{ text-anchor: end; fill: #59636e }}
</style>
{chr(10).join(cards)}
</svg>
"""


def main() -> None:
    """Run the demo and write the pictures beside this file."""
    outcome = run_demo(device="cpu")
    here = Path(__file__)
    here.with_name("demo.svg").write_text(drawn(outcome.answers), "utf-8")
    here.with_name("demo-row.svg").write_text(drawn(outcome.answers[:COLUMNS]), "utf-8")
    hits, total = outcome.hits(1), len(outcome.answers)
    print(f"{hits} of {total} right at the first guess, out of {len(outcome.labelset)} animals")


if __name__ == "__main__":
    main()
