"""The page for those who come from another library: each snippet runs, and all give one answer."""

from __future__ import annotations

import importlib.util
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

pytest.importorskip("transformers")
pytest.importorskip("open_clip")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "coming-from.md").read_text("utf-8")
SNIPPETS = dict(re.findall(r"^## (.+?)\n.*?```python\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL))
MODELS = {  # what stands on the page, and what takes its place: random weights, in files
    "zsclip": ("templates=", 'model="random.pt", activation="quickgelu", exact=True, templates='),
    "openai/CLIP": ('"ViT-B/32"', '"random.pt"'),
    "open_clip": (
        '"ViT-B-32", pretrained="datacomp_xl_s13b_b90k"',
        '"ViT-B-32-quickgelu", pretrained="random.pt"',
    ),
    "The pipeline of Hugging Face": ('"openai/clip-vit-base-patch32"', '"huggingface"'),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, official: Any, randomize: Any) -> Path:
    """A photograph, and one ViT-B/32 as each of them reads it."""
    where = tmp_path_factory.mktemp("photographs")
    spec = importlib.util.spec_from_file_location("h", ROOT / "tests/benchmarks/huggingface.py")
    assert spec is not None
    assert spec.loader is not None
    written = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(written)
    model = official.model.CLIP(512, 224, 12, 768, 32, 77, 49_408, 512, 8, 12)
    randomize(model, 1)
    torch.save(model.state_dict(), where / "random.pt")
    (where / "huggingface").mkdir()
    written.write_huggingface_folder(model.state_dict(), where / "huggingface")
    Image.linear_gradient("L").rotate(30).resize((300, 224)).convert("RGB").save(where / "bird.jpg")
    return where


@pytest.fixture
def answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], tuple[str, float]]:
    """``answer(library)``: what its snippet prints, with the weights that are there."""
    monkeypatch.chdir(folder)

    def answer(library: str) -> tuple[str, float]:
        there, here = MODELS[library]
        code = SNIPPETS[library]
        assert there in code
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # theirs
            exec(compile(code.replace(there, here), library, "exec"), {})
        label, _, score = capsys.readouterr().out.strip().splitlines()[-1].rpartition(" ")
        return label, float(score)

    return answer


def test_the_snippets_of_the_page_are_those_that_are_run() -> None:
    assert set(SNIPPETS) - {"pybioclip"} == set(MODELS)  # which is not installed for these tests


@pytest.mark.parametrize("library", [name for name in MODELS if name != "zsclip"])
def test_the_snippet_of_a_library_gives_the_answer_of_ours(
    library: str, answer: Callable[[str], tuple[str, float]]
) -> None:
    ours, theirs = answer("zsclip"), answer(library)
    assert theirs[0] == ours[0]
    assert abs(theirs[1] - ours[1]) < 1e-3  # CLIP rounds its weights to fp16
