"""The formats of checkpoint files, and files that are none or are damaged."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from zsclip.errors import CheckpointError, ModelNotFoundError
from zsclip.formats.layouts import open_tensors

State = dict[str, Tensor]
Save = Callable[[State, Path], None]

STATE: State = {
    "visual.proj": torch.arange(12.0).reshape(4, 3),
    "logit_scale": torch.tensor(4.6),
    "low": torch.tensor([1.5, -2.0], dtype=torch.float16),
}


def _save_legacy(state: State, path: Path) -> None:
    torch.save(state, path, _use_new_zipfile_serialization=False)


def _save_parameters(state: State, path: Path) -> None:
    torch.save({key: nn.Parameter(tensor) for key, tensor in state.items()}, path)


PLAIN: dict[str, Save] = {
    "state.pt": torch.save,
    "legacy.pth": _save_legacy,
    "parameters.bin": _save_parameters,
    "weights.safetensors": save_file,
    "no-suffix-at-all": save_file,
    "nested.ckpt": lambda state, path: torch.save({"epoch": 3, "state_dict": state}, path),
    "model.pt": lambda state, path: torch.save({"model": state, "args": {"lr": 0.1}}, path),
    "twice.pt": lambda state, path: torch.save({"state_dict": {"model": state}}, path),
    "parallel.pt": lambda state, path: torch.save(
        {"model_state_dict": {f"module.{key}": tensor for key, tensor in state.items()}}, path
    ),
}


DAMAGED: list[Save] = [torch.save, _save_legacy, save_file]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pt"


@pytest.mark.parametrize("file", PLAIN)
def test_each_format_gives_the_same_tensors(file: str, tmp_path: Path) -> None:
    PLAIN[file](STATE, tmp_path / file)
    tensors = open_tensors(tmp_path / file)
    assert tensors.shapes == {"visual.proj": (4, 3), "logit_scale": (), "low": (2,)}
    for key, tensor in STATE.items():
        assert torch.equal(tensors.read(key), tensor)
        assert tensors.read(key).dtype == tensor.dtype


def test_a_torchscript_archive_gives_its_weights_alone(save_archive: Save, path: Path) -> None:
    """The three sizes that such archives hold beside the weights are no weights."""
    save_archive(STATE, path)
    tensors = open_tensors(path)
    assert set(tensors.shapes) == set(STATE)
    assert all(torch.equal(tensors.read(key), tensor) for key, tensor in STATE.items())


def test_one_name_with_the_prefix_is_a_name(path: Path) -> None:
    torch.save({"module.a": torch.zeros(1), "b": torch.zeros(1)}, path)
    assert set(open_tensors(path).shapes) == {"module.a", "b"}


def test_what_is_no_tensor_is_left_out(path: Path) -> None:
    torch.save({**STATE, "epoch": 3, "name": "x", "list": [1]}, path)
    assert set(open_tensors(path).shapes) == set(STATE)


def test_a_checkpoint_that_is_not_there_or_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"gone\.pt' does not exist"):
        open_tensors(tmp_path / "gone.pt")
    with pytest.raises(ModelNotFoundError, match="is a folder"):
        open_tensors(tmp_path)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x80", b"PK", b"PK\x03\x04" + bytes(40), b"\x80\x02}q\x00.", bytes(100)],
    ids=["empty", "one byte", "two", "half a zip", "an empty dict", "zeros"],
)
def test_files_that_are_none(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        open_tensors(path)
    assert str(path) in str(caught.value)
    assert "zsclip" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["<!doctype html><title>Not found</title>", '{"error": 404}', "version https://git-lfs"]
)
def test_text_in_place_of_weights(text: str, path: Path) -> None:
    path.write_text(text)
    with pytest.raises(CheckpointError, match=r"no checkpoint at all|is damaged or none"):
        open_tensors(path)


def test_a_zip_of_something_else_is_refused(path: Path) -> None:
    for names in (["readme.txt"], ["model/constants.pkl", "model/data.pkl"], []):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "hello")
        with pytest.raises(CheckpointError, match=r"is damaged or none|no checkpoint at all"):
            open_tensors(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("file", ["state.pt", "legacy.pth", "weights.safetensors", "archive.pt"])
def test_a_file_that_is_cut_short_is_refused(
    file: str, share: float, tmp_path: Path, save_archive: Save
) -> None:
    state = {f"t{i}": torch.arange(500.0) + i for i in range(4)}
    {**PLAIN, "archive.pt": save_archive}[file](state, tmp_path / file)
    whole = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError, match=r"damaged|Python objects"):
        open_tensors(tmp_path / file)


class _Payload:
    """What a hostile pickle holds: a call that leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle", "inside the state dict"])
def test_code_is_not_run(form: str, path: Path, tmp_path: Path) -> None:
    trace = tmp_path / "code-was-run"
    if form == "pickle":
        path.write_bytes(pickle.dumps({"visual.proj": _Payload(trace)}))
    elif form == "inside the state dict":
        torch.save({**STATE, "extra": {"deep": [_Payload(trace)]}}, path)
    else:
        torch.save(_Payload(trace), path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(CheckpointError, match=r"Python objects other than tensors.*run code") as e:
        open_tensors(path)
    assert not trace.exists()
    assert "weights_only" not in str(e.value)  # nobody shall be told to switch it off


def test_a_whole_module_is_refused_with_a_way_out(path: Path) -> None:
    torch.save(nn.Linear(2, 2), path)
    with pytest.raises(CheckpointError, match=r"save model\.state_dict\(\)"):
        open_tensors(path)


@pytest.mark.parametrize("value", [[1, 2], 3, torch.zeros(3), "text"])
def test_what_is_no_state_dict(value: object, path: Path) -> None:
    torch.save(value, path)
    with pytest.raises(CheckpointError, match=rf"holds a {type(value).__name__} and not a state"):
        open_tensors(path)


def test_a_file_that_may_not_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(STATE, path)

    def refuse(*args: object, **options: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # permissions do not bind every user
    with pytest.raises(CheckpointError, match=r"weights\.pt': Permission denied"):
        open_tensors(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damage_anywhere_is_an_error_of_ours_or_none(path: Path, data: st.DataObject) -> None:
    save = data.draw(st.sampled_from(DAMAGED))
    save(STATE, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(CheckpointError):
        tensors = open_tensors(path)
        for key in tensors.shapes:
            tensors.read(key)
