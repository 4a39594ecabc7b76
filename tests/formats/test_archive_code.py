"""What an archive's author wrote does not run, wherever the archive is named."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from deadlines import run_program
from safetensors.torch import save_file
from torch import Tensor, nn

from zsclip import ZeroShotClassifier
from zsclip.cli import cli
from zsclip.errors import CheckpointError
from zsclip.weights import load_checkpoint

State = dict[str, Tensor]


class _Printing(nn.Module):
    """A module that says so when it is loaded, as PyTorch loads it."""

    def __init__(self) -> None:
        super().__init__()
        self.weight: Tensor = nn.Parameter(torch.ones(2))

    @torch.jit.export
    def __getstate__(self) -> tuple[Tensor, bool]:
        return (self.weight, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[Tensor, bool]) -> None:
        self.weight = state[0]
        self.training = state[1]
        print("what its author wrote")

    def forward(self, x: Tensor) -> Tensor:
        return x


class _Endless(_Printing):
    @torch.jit.export
    def __setstate__(self, state: tuple[Tensor, bool]) -> None:
        self.weight = state[0]
        self.training = state[1]
        while bool(self.weight.sum() > 0):
            pass


def _save(module: nn.Module, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated; archives remain
        script: Any = torch.jit.script
        torch.jit.save(script(module), path)


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    path = tmp_path / "evil.pt"
    _save(_Printing(), path)
    return path


def test_torch_itself_would_run_it(evil: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Otherwise the tests below would say nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load: Any = torch.jit.load
        load(evil)
    assert "what its author wrote" in capfd.readouterr().out


def test_a_module_that_runs_as_it_loads_is_read_as_data(
    evil: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CheckpointError, match="is missing"):
        load_checkpoint(evil)
    result = CliRunner().invoke(cli, ["models", "info", str(evil)])
    assert result.exit_code != 0
    assert "is missing" in result.output
    assert "what its author wrote" not in "".join(capfd.readouterr())


def test_a_module_that_never_ends_loading_is_read_as_data(tmp_path: Path) -> None:
    _save(_Endless(), tmp_path / "evil.pt")
    program = """
from zsclip.errors import CheckpointError
from zsclip.weights import load_checkpoint
try:
    load_checkpoint("./evil.pt")
except CheckpointError as e:
    print("is missing" in str(e))
"""
    assert run_program(["-c", program], folder=tmp_path) == "True\n"


def test_a_saved_classifier_runs_no_checkpoint_that_it_names(
    evil: Path, vit_state: State, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model.pt"
    torch.save(vit_state, model)
    saved = tmp_path / "animals.zsclip"
    ZeroShotClassifier(["cat", "dog"], model=model, activation="quickgelu", device="cpu").save(
        saved
    )
    evil.replace(model)
    with pytest.raises(CheckpointError, match="is missing"):
        ZeroShotClassifier.load(saved)
    assert "what its author wrote" not in "".join(capfd.readouterr())


LOADERS = [
    (torch, "load"), (torch.jit, "load"), (torch._C, "import_ir_module"),
    (torch._C, "import_ir_module_from_buffer"), (torch._C, "_import_ir_module_from_package"),
]  # fmt: skip


def test_every_format_is_read_without_the_loaders_of_torch(
    vit_state: State,
    tmp_path: Path,
    save_archive: Callable[[State, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_archive(vit_state, tmp_path / "archive.pt")
    torch.save(vit_state, tmp_path / "state.pt")
    torch.save(vit_state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    save_file(vit_state, tmp_path / "w.safetensors")

    def refuse(*args: object, **options: object) -> object:
        raise AssertionError

    for owner, name in LOADERS:
        monkeypatch.setattr(owner, name, refuse)
    found = {
        load_checkpoint(path, activation="quickgelu").sha256 for path in sorted(tmp_path.iterdir())
    }
    assert len(found) == 1
