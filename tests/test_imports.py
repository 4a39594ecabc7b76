"""What `import zsclip` loads: no library that is slow, and nobody's plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOML = """
schema = 1
name = "trap"
license = "CC0-1.0"
source = "own work"
labels = ["robin", "wren"]
"""

# Each line's claim holds when the lines above it have run as well.
STEPS = [
    (
        "import zsclip",
        "torch numpy PIL tokenizers ftfy safetensors httpcore httpx click rich tqdm tomllib "
        "sqlite3",
    ),
    ("zsclip.__version__, dir(zsclip), zsclip.errors.ImageError", "torch numpy PIL tokenizers"),
    ("assert 'tiny-cartoon' in zsclip.list_models() and zsclip.MODELS", "torch numpy PIL"),
    ("assert zsclip.load_labelset('trap').names == ('robin', 'wren')", "torch numpy PIL"),
    ("assert 'trap' in [info.name for info in zsclip.list_labelsets()]", "torch numpy PIL"),
    ("assert 'trap' in [entry.name for entry in zsclip.list_encoders()]", "torch PIL"),
    ("zsclip.EmbeddingCache('kept').path", "torch PIL tokenizers"),
    ("zsclip.ZeroShotClassifier, zsclip.Encoder, zsclip.load_image", "torch tokenizers"),
    ("from zsclip import *", "torch tokenizers matplotlib"),
    ("zsclip.plot, dir(zsclip.plot)", "torch tokenizers matplotlib"),
    ("import zsclip.labels, zsclip.results, zsclip.classifier, zsclip.demo", "torch tokenizers"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A distribution with a label set and an encoder, whose package cannot be imported."""
    site = tmp_path_factory.mktemp("site")
    (site / "zsclip_trap").mkdir()
    (site / "zsclip_trap" / "__init__.py").write_text("raise SystemExit('the plugin was run')")
    (site / "zsclip_trap" / "trap.toml").write_text(TOML)
    info = site / "zsclip_trap-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: zsclip-trap\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[zsclip.labelsets]\ntrap = zsclip_trap\n[zsclip.encoders]\ntrap = zsclip_trap:create\n"
    )
    return site


def test_importing_is_cheap_and_runs_no_plugin(site: Path, tmp_path: Path) -> None:
    lines = ["import sys"]
    for i, (step, forbidden) in enumerate(STEPS):
        lines += [
            step,
            f"loaded = {{'zsclip_trap', *{forbidden.split()!r}}} & set(sys.modules)",
            f"assert not loaded, ('step {i}', {step!r}, loaded)",
        ]
    lines += ["print('done')"]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(lines)],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "done\n", "")


def test_a_name_that_does_not_exist() -> None:
    import zsclip

    with pytest.raises(AttributeError, match="module 'zsclip' has no attribute 'Classifier'"):
        _ = zsclip.Classifier  # type: ignore[attr-defined]


def test_the_trap_is_one(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin of the test above does raise when it is used."""
    from zsclip import list_encoders

    monkeypatch.syspath_prepend(site)
    assert "trap" in [entry.name for entry in list_encoders()]
    with pytest.raises(SystemExit, match="the plugin was run"):
        __import__("zsclip_trap")
