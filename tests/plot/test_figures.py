"""What all figures have in common: where they are drawn, and the words that tell what they show."""

from __future__ import annotations

import dataclasses
import io
import os
import pickle
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from evaluations import made
from matplotlib.figure import Figure
from PIL import Image
from report_pages import predicted

import zsclip
from zsclip import plot
from zsclip.errors import MissingExtraError, ParameterError, ParameterTypeError

EVALUATION = made([0, 1, 1], ["a", "b", "a"], "ab")


@pytest.fixture
def figure() -> Figure:
    return plot.confusion(EVALUATION)


def test_a_figure_says_in_words_what_it_shows(figure: Figure) -> None:
    assert plot.alt_text(figure) == plot.alt_text(figure.axes[0])
    assert plot.alt_text(figure) == (
        "Confusion matrix of 3 pictures and 2 labels: rows are the truth, columns the best label. "
        "2 are right. Taken for others most often, truth first: a for b (1). Labels: a; b."
    )


def test_two_figures_in_one_tell_both() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot.confusion(EVALUATION, ax=left) is figure
    assert plot.coverage(EVALUATION, ax=right) is figure
    assert plot.alt_text(figure) == f"{plot.alt_text(left)} {plot.alt_text(right)}"
    with pytest.raises(ParameterError, match="nothing of it does"):
        plot.alt_text(Figure())
    with pytest.raises(ParameterTypeError, match="must be a figure or axes, got 'a'"):
        plot.alt_text("a")  # type: ignore[arg-type]


def test_a_saved_figure_holds_its_description(figure: Figure, tmp_path: Path) -> None:
    figure.savefig(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["Description"] == plot.alt_text(figure)
    figure.savefig(str(tmp_path / "a.svg"), metadata={"Title": "mine"})
    told = [e.text for e in ET.parse(tmp_path / "a.svg").iter() if e.tag.endswith("description")]
    assert told == [plot.alt_text(figure)]
    figure.savefig(tmp_path / "a.pdf")
    assert b"/Subject (Confusion matrix" in (tmp_path / "a.pdf").read_bytes()
    figure.savefig(tmp_path / "a.jpg")  # which has no place for it
    own = io.BytesIO()
    figure.savefig(own, metadata={"Description": "my own"})
    with Image.open(own) as image:
        assert image.info["Description"] == "my own"


def test_a_notebook_shows_it_with_its_description(figure: Figure) -> None:
    html = str(figure._repr_html_())
    assert re.match(r'<img src="data:image/png;base64,[\w+/=]+" alt="Confusion matrix of 3 ', html)
    hostile = plot.similarity([Image.new("RGB", (4, 4))], ['"><script>alert(1)'], values=[[1]])
    html = str(hostile._repr_html_())
    assert "<script" not in html
    assert "&lt;script" in html


@pytest.mark.parametrize("name", ["confusion", "coverage", "reliability"])
def test_a_figure_is_made_without_pyplot_and_leaves_no_setting(name: str) -> None:
    before = dict(mpl.rcParams)
    getattr(plot, name)(EVALUATION)
    assert dict(mpl.rcParams) == before
    code = (
        "import sys; from zsclip.plot import figures, curves, grids, matrices; "
        "assert 'matplotlib' in sys.modules; print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_copy_of_a_figure_shows_itself_without_a_description(figure: Figure) -> None:
    again = pickle.loads(pickle.dumps(figure))
    assert 'alt=""' in again._repr_html_()


def test_settings_for_other_images_turn_no_picture_over_and_cross_no_number() -> None:
    half = np.zeros((40, 40, 3), np.uint8)
    half[:20] = 255, 0, 0  # red above, black below
    evaluation = made([0, 1], ["a", "b"], "ab")
    with mpl.rc_context({"image.origin": "lower", "image.aspect": "auto", "axes.grid": True}):
        drawn = [
            plot.similarity([half], ["a"], values=[[0.5]]),
            plot.predictions(predicted([[0.5, 0.3, 0.2]], ["x"]), [half]),
            plot.confusion(evaluation),
        ]
    for made_of in drawn[:2]:
        made_of.savefig(out := io.BytesIO(), format="png", dpi=100)
        pixels = np.asarray(Image.open(out).convert("RGB")).astype(int)
        red = np.argwhere((pixels[..., 0] > 200) & (pixels[..., 1] < 60))
        black = np.argwhere(pixels.sum(axis=2) < 20)
        columns = np.isin(black[:, 1], red[:, 1])
        assert red[:, 0].mean() < black[columns, 0].mean()
    ax = drawn[2].axes[0]
    assert ax.yaxis_inverted()
    assert not any(line.get_visible() for line in ax.get_xgridlines() + ax.get_ygridlines())


def test_the_users_settings_decide_colors_and_sizes() -> None:
    with mpl.rc_context({"axes.facecolor": "black", "figure.figsize": (3, 2)}):
        figure = plot.coverage(EVALUATION)
    assert figure.axes[0].get_facecolor() == (0, 0, 0, 1)
    assert tuple(figure.get_size_inches()) == (3, 2)


@pytest.mark.parametrize("name", ["confusion", "coverage", "reliability"])
def test_what_is_no_evaluation_or_no_axes_is_named(name: str) -> None:
    function: Any = getattr(plot, name)
    with pytest.raises(ParameterTypeError, match=r"`evaluation` must be what .* got 0\.5"):
        function(0.5)
    with pytest.raises(ParameterTypeError, match="`ax` must be axes of matplotlib"):
        function(EVALUATION, ax=Figure())
    several = dataclasses.replace(EVALUATION, truth=np.eye(3, 2, dtype=bool))
    with pytest.raises(ParameterError, match=f"{name}` does not apply to .* several labels"):
        function(several)


def test_the_names_are_there_before_matplotlib_is() -> None:
    code = (
        "import sys, zsclip; from zsclip import plot; assert plot is zsclip.plot; "
        "assert 'confusion' in dir(plot); assert 'matplotlib' not in sys.modules; "
        "assert callable(zsclip.plot.confusion); assert 'matplotlib' in sys.modules; print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert zsclip.plot is plot


def test_without_matplotlib_a_figure_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text(
        "raise ModuleNotFoundError('no', name='matplotlib')", "utf-8"
    )
    code = (
        "from zsclip import plot, errors\n"
        "try:\n    plot.confusion\n"
        "except errors.MissingExtraError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'pip install "zsclip[plot]"' in done.stdout, done.stderr
    assert issubclass(MissingExtraError, ImportError)
