"""Pages of results for tests: results made up without a model, and what a page holds."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluations import made
from PIL import Image

from zsclip import Failure, LabelSet, Prediction
from zsclip.errors import ImageError

__all__ = ["data_of", "failure", "picture", "predicted"]


def predicted(
    scores: Sequence[Sequence[float]],
    sources: Sequence[str],
    labels: Sequence[str] = ("cat", "dog", "fox"),
    *,
    multi_label: bool = False,
) -> list[Prediction]:
    """A prediction for each row of scores, which no model computed."""
    labelset = LabelSet.from_names(list(labels))
    found = made(scores, [0] * len(sources), labelset, sources=sources)
    origin = dataclasses.replace(found.origin, multi_label=multi_label)
    pairs = zip(sources, found.scores, strict=True)
    return [Prediction(source, row, labelset, origin) for source, row in pairs]


def failure(source: str = "broken.png") -> Failure:
    """A picture that could not be read."""
    return Failure(source, ImageError(source, "it is broken."))


def picture(color: str | tuple[int, int, int] = "red", size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture as the bytes of a PNG."""
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


def data_of(page: Path | bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of a page, and the facts below them."""
    text = (page.read_bytes() if isinstance(page, Path) else page).decode("utf-8")
    form = r'<script type="application/json" id="{}">(.*?)</script>'
    found = [re.findall(form.format(name), text, re.DOTALL) for name in ("rows", "facts")]
    [[rows], [facts]] = found
    return json.loads(rows), json.loads(facts)
