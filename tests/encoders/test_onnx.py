"""The engine `onnx`: pictures through an exported file, and nothing else."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from forked import IN_CHILD
from onnx import TensorProto, helper, numpy_helper
from onnx_files import exported_colors, initializer
from PIL import Image

from zsclip import ZeroShotClassifier, load_image
from zsclip.encoders import create_encoder, engine_key, list_encoders
from zsclip.encoders.onnx import OnnxEncoder
from zsclip.errors import (
    CheckpointError,
    DeviceError,
    MissingExtraError,
    NoTextTowerError,
    ParameterError,
    ParameterTypeError,
    SavedClassifierModelError,
)
from zsclip.files import file_sha256

Solid = Callable[[str], Image.Image]


@pytest.fixture
def file(colors: ZeroShotClassifier, tmp_path: Path) -> Path:
    """`colors` as an exported file."""
    return exported_colors(colors, tmp_path / "colors.onnx")


@pytest.fixture
def engine(file: Path) -> OnnxEncoder:
    """The engine that runs it."""
    made = create_encoder("onnx", file)
    assert isinstance(made, OnnxEncoder)
    return made


def test_embeddings_are_those_of_the_engine_that_it_was_made_of(
    engine: OnnxEncoder, colors: ZeroShotClassifier, solid: Solid
) -> None:
    pictures = [solid(name) for name in ("red", "green", "blue", "white")]
    rows = engine.encode_images(pictures)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, colors.encode_images(pictures), atol=1e-6)
    assert engine.encode_images([]).shape == (0, 8)


def test_a_square_is_made_as_by_the_library_bit_for_bit(
    engine: OnnxEncoder, drawings: Path
) -> None:
    from zsclip.clip import resize_and_crop

    picture = load_image(sorted(drawings.glob("*.png"))[0]).crop((0, 0, 100, 61))
    assert (engine.prepare(picture) == np.asarray(resize_and_crop(picture, 1))).all()
    assert engine.preprocessing == "onnx 1 shortest bicubic"


def test_it_says_what_it_runs(engine: OnnxEncoder, file: Path) -> None:
    info = engine.model_info
    assert (info.encoder, info.name, info.precision, info.device) == (
        "onnx", "colors", "fp32", "cpu"
    )  # fmt: skip
    assert info.path == info.source == str(file)
    assert (info.context_length, engine.context_length) == (77, 0)
    assert repr(engine) == "<OnnxEncoder 'colors.onnx' on cpu>"


def test_embeddings_are_kept_under_the_file_and_the_engine(
    engine: OnnxEncoder, file: Path, colors: ZeroShotClassifier
) -> None:
    import hashlib

    assert engine.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    key = engine_key(engine)
    assert key[:2] == ("by name", "zsclip:onnx")
    assert "fp32" in key
    half = exported_colors(
        colors, file.with_name("half.onnx"), about=lambda told: told.update(precision="fp16")
    )
    assert engine_key(create_encoder("onnx", half)) != key


def test_it_is_listed_with_its_extra() -> None:
    [entry] = [entry for entry in list_encoders() if entry.name == "onnx"]
    assert entry.extra == "onnx"
    assert entry.is_installed


def test_texts_are_refused_with_what_to_do(file: Path) -> None:
    clf = ZeroShotClassifier.load(file)
    for ask in (
        lambda: clf.with_labels(["purple", "orange"]),  # before anything is computed
        lambda: clf.zero_shot().with_labels(["purple", "orange"]),
        lambda: clf.encode_texts(["purple"]),
        lambda: clf.similarity([], ["purple"]),
        lambda: ZeroShotClassifier(["purple", "orange"], encoder="onnx", model=file),
    ):
        with pytest.raises(NoTextTowerError) as caught:
            ask()
        said = str(caught.value)
        assert said.startswith("Cannot embed '")
        assert "purple" in said
        assert "'colors.onnx' is an exported classifier" in said
        assert said.endswith("export it anew.")


@pytest.mark.parametrize("precision", ["fp16", "bf16", "int8", "half"])
def test_another_precision_than_the_files_is_refused(file: Path, precision: str) -> None:
    with pytest.raises(ParameterError, match=r"'colors.onnx' was exported in fp32"):
        create_encoder("onnx", file, precision=precision)
    assert create_encoder("onnx", file, precision="fp32").model_info.precision == "fp32"


def test_an_activation_is_not_asked_for(file: Path) -> None:
    with pytest.raises(ParameterError, match="an exported file has its own"):
        create_encoder("onnx", file, activation="gelu")


@pytest.mark.parametrize("model", [None, 3, b"x"])
def test_a_model_that_is_no_path_is_refused(model: Any) -> None:
    with pytest.raises(ParameterTypeError, match="must be the path of a file that"):
        create_encoder("onnx", model)


def test_a_file_that_is_not_there_or_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Cannot run '.*gone.onnx'"):
        create_encoder("onnx", tmp_path / "gone.onnx")
    other = tmp_path / "other.onnx"
    node = helper.make_node("Identity", ["x"], ["y"])
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    graph = helper.make_graph([node], "g", info[:1], info[1:])
    other.write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(CheckpointError, match="it is an ONNX file of something else"):
        create_encoder("onnx", other)


# ------------------------------------------------------------------------------------- sessions


def test_a_session_is_loaded_once_by_all_threads(
    engine: OnnxEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    real = onnxruntime.InferenceSession

    def counted(*given: Any, **options: Any) -> Any:
        made.append(given)
        return real(*given, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", counted)
    pixels = np.zeros((2, 1, 1, 3), np.uint8)
    threads = [threading.Thread(target=engine.encode_pixels, args=(pixels,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def forking(lines: list[str], file: Path) -> subprocess.CompletedProcess[str]:
    """A program of its own that has `in_child`, and the file as its argument."""
    return subprocess.run(
        [sys.executable, "-c", IN_CHILD + "\n".join(lines), str(file)],
        env={**os.environ, "OMP_NUM_THREADS": "2"},  # one thread would be the child's as well
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked there")
def test_a_forked_child_computes_with_a_session_of_its_own(file: Path) -> None:
    lines = [
        "import numpy as np, os, sys",
        "from zsclip.encoders import create_encoder",
        "engine = create_encoder('onnx', sys.argv[1])",
        "pixels = np.full((64, 1, 1, 3), 200, np.uint8)",
        "here = engine.encode_pixels(pixels)",
        "in_child(lambda: np.testing.assert_array_equal(engine.encode_pixels(pixels), here))",
    ]
    run = forking(lines, file)
    assert (run.returncode, run.stdout) == (0, ""), run.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked there")
def test_a_forked_child_waits_for_no_thread_that_hashes_in_its_parent(file: Path) -> None:
    lines = [
        "import threading",
        "from zsclip.encoders import create_encoder, onnx",
        "engine = create_encoder('onnx', sys.argv[1])",
        "hashed, begun, gate = onnx.file_sha256, threading.Event(), threading.Event()",
        "onnx.file_sha256 = lambda path: (begun.set(), gate.wait(60)) and hashed(path)",
        "started = engine._hashed()",
        "assert begun.wait(60)",
        "onnx.file_sha256 = hashed",
        "in_child(lambda: print(engine.weights_sha256, flush=True))",
        "gate.set()",
        "print(engine.weights_sha256, flush=True)",
        "onnx.file_sha256 = None",  # and what is known is known in children
        "in_child(lambda: print(engine.weights_sha256, flush=True))",
    ]
    run = forking(lines, file)
    assert (run.returncode, run.stdout.split()) == (0, [file_sha256(file)] * 3), run.stderr


@pytest.mark.parametrize(
    ("said", "threads"), [("1", 1), ("2,1", 2), ("100000", None), ("0", None), ("no", None)]
)
def test_threads_are_those_of_the_process_or_fewer(
    monkeypatch: pytest.MonkeyPatch, said: str, threads: int | None
) -> None:
    from zsclip.encoders import onnx_session

    monkeypatch.setattr(onnx_session, "usable_cores", lambda: 6)
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert onnx_session.computing_threads() == (threads or 6)


def test_a_file_is_hashed_once_and_beside_the_loading_of_its_model(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when the classifier is loaded, which would be waited for."""
    hashed: list[str] = []

    def counted(path: Path) -> str:
        hashed.append(threading.current_thread().name)
        return file_sha256(path)

    monkeypatch.setattr("zsclip.encoders.onnx.file_sha256", counted)
    clf = ZeroShotClassifier.load(file, cache=False)
    assert hashed == []
    told = [clf.classify(Image.new("RGB", (8, 8), color)) for color in ("red", "green")]
    assert hashed == ["zsclip-hash"]
    assert {one.origin.weights_sha256 for one in told} == {file_sha256(file)}


def test_a_file_that_changed_since_it_was_opened_is_not_computed_with(
    engine: OnnxEncoder, file: Path
) -> None:
    file.write_bytes(file.read_bytes() + b"\x72\x00")
    for ask in (
        lambda: engine.weights_sha256,
        lambda: engine.encode_pixels(np.zeros((1, 1, 1, 3), np.uint8)),
    ):
        with pytest.raises(CheckpointError, match="was changed since it was opened"):
            ask()


def _other_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 2


def _no_embeddings(model: onnx.ModelProto) -> None:
    del model.graph.output[1]


def _other_width(model: onnx.ModelProto) -> None:
    basis = numpy_helper.to_array(initializer(model, "basis"))[:, :4]
    common = numpy_helper.to_array(initializer(model, "common"))[:4]
    for name, array in {"basis": basis, "common": common}.items():
        initializer(model, name).CopyFrom(numpy_helper.from_array(array.copy(), name))
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[1].dim_value = 4


def _two_inputs(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


@pytest.mark.parametrize("change", [_other_input, _no_embeddings, _other_width, _two_inputs])
def test_a_graph_that_is_not_what_the_description_says_is_refused(
    colors: ZeroShotClassifier, tmp_path: Path, change: Callable[[onnx.ModelProto], object]
) -> None:
    file = exported_colors(colors, tmp_path / "a.onnx", change=change)
    clf = ZeroShotClassifier.load(file, cache=False)
    with pytest.raises(CheckpointError, match="what its graph takes and gives is not what its"):
        clf.classify(np.zeros((4, 4, 3), np.uint8))


def _asks_for_a_terabyte(model: onnx.ModelProto) -> None:
    size = numpy_helper.from_array(np.array([2**40], np.int64), "size")
    model.graph.initializer.append(size)
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["size"], ["huge"]))
    model.graph.node.insert(1, helper.make_node("ReduceSum", ["huge"], ["sum"], keepdims=0))
    model.graph.node[4].output[0] = "before"
    model.graph.node.insert(5, helper.make_node("Add", ["before", "sum"], ["moved"]))


def _has_an_operator_of_nobody(model: onnx.ModelProto) -> None:
    model.graph.node[0].op_type = "Telephone"


def _has_a_tensor_that_is_shorter_than_its_shape(model: onnx.ModelProto) -> None:
    initializer(model, "basis").dims[0] = 2**40


def _is_of_a_version_that_is_to_come(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 10_000


@pytest.mark.parametrize(
    "change",
    [
        _asks_for_a_terabyte,
        _has_an_operator_of_nobody,
        _has_a_tensor_that_is_shorter_than_its_shape,
        _is_of_a_version_that_is_to_come,
    ],
)
def test_what_onnx_runtime_cannot_use_is_one_error(
    colors: ZeroShotClassifier,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    change: Callable[[onnx.ModelProto], object],
) -> None:
    file = exported_colors(colors, tmp_path / "a.onnx", change=change)
    clf = ZeroShotClassifier.load(file, cache=False)
    with pytest.raises(CheckpointError, match=r"a.onnx' cannot be (loaded|computed with) by ONNX"):
        clf.classify(np.zeros((4, 4, 3), np.uint8))
    assert capfd.readouterr() == ("", "")  # nor does ONNX Runtime print


def test_what_is_no_text_in_a_graph_is_one_error_and_not_printed(
    colors: ZeroShotClassifier, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = exported_colors(colors, tmp_path / "a.onnx", change=_has_an_operator_of_nobody)
    file.write_bytes(file.read_bytes().replace(b"Telephone", b"\xffelephone"))
    with pytest.raises(CheckpointError, match="cannot be loaded by ONNX Runtime"):
        ZeroShotClassifier.load(file, cache=False).classify(np.zeros((4, 4, 3), np.uint8))
    assert capfd.readouterr() == ("", "")


def test_the_other_format_of_onnx_runtime_is_not_read(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    """What begins as a file of that format was not looked through as such."""
    file = exported_colors(colors, tmp_path / "a.onnx")
    # a version, then a producer whose name puts the other format's sign where it has it
    file.write_bytes(b"\x08\x0a\x12\x04ORTM" + file.read_bytes()[2:])
    assert file.read_bytes()[4:8] == b"ORTM"
    clf = ZeroShotClassifier.load(file, cache=False)
    assert clf.classify(np.full((4, 4, 3), (255, 0, 0), np.uint8)).label == "red"


# -------------------------------------------------------------------------------------- devices


@pytest.mark.parametrize("device", ["mps", "cuda:x", "cpu:1", "", "CUDA"])
def test_a_device_that_onnx_runtime_does_not_have_is_refused(file: Path, device: str) -> None:
    with pytest.raises(DeviceError, match="for an exported classifier, got"):
        create_encoder("onnx", file, device=device)


def test_cuda_is_refused_where_onnx_runtime_has_none(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(DeviceError, match="Install onnxruntime-gpu in its place"):
        create_encoder("onnx", file, device="cuda")


@pytest.fixture
def with_cuda(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """ONNX Runtime for GPUs where there is no GPU: it takes the CPU, and says nothing."""
    real, asked = onnxruntime.InferenceSession, []

    def made(model: Any, options: Any, *, providers: list[Any], **_: Any) -> Any:
        asked.append(providers)
        return real(model, options, providers=["CPUExecutionProvider"])

    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    monkeypatch.setattr(onnxruntime, "InferenceSession", made)
    return asked


def test_a_gpu_that_falls_back_to_the_cpu_is_an_error(file: Path, with_cuda: list[Any]) -> None:
    engine: Any = create_encoder("onnx", file, device="cuda:1")
    assert engine.model_info.device == "cuda:1"
    with pytest.raises(DeviceError, match="would have taken the CPU"):
        engine.encode_pixels(np.zeros((1, 1, 1, 3), np.uint8))
    assert with_cuda == [[("CUDAExecutionProvider", {"device_id": 1})]]


def test_by_itself_the_cpu_is_taken_where_a_gpu_does_not_work(
    file: Path, with_cuda: list[Any]
) -> None:
    assert create_encoder("onnx", file).model_info.device == "cpu"
    assert len(with_cuda) == 1  # which was tried


def test_where_onnx_runtime_is_missing_one_is_told_of_it_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match="pip install onnxruntime"):
        create_encoder("onnx", file)


# ------------------------------------------------------------------------------------ travelling


def test_a_loaded_classifier_travels_to_where_the_file_is(file: Path, solid: Solid) -> None:
    clf = ZeroShotClassifier.load(file, cache=False)
    data = pickle.dumps(clf)
    assert len(data) < 20_000
    assert pickle.loads(data).classify(solid("green")).label == "green"
    assert copy.deepcopy(clf) is clf
    file.rename(file.with_name("elsewhere.onnx"))
    with pytest.raises(SavedClassifierModelError, match=r"not at '.*colors.onnx'"):
        pickle.loads(data)


def test_it_does_not_take_another_file_for_the_one_that_it_was(
    file: Path, colors: ZeroShotClassifier
) -> None:
    data = pickle.dumps(ZeroShotClassifier.load(file, cache=False))

    def changed(model: onnx.ModelProto) -> None:
        initializer(model, "basis").raw_data = initializer(model, "basis").raw_data[::-1]

    exported_colors(colors, file, change=changed)
    with pytest.raises(SavedClassifierModelError, match="that have the SHA-256"):
        pickle.loads(data)


def test_saving_what_was_loaded_names_the_exported_file(file: Path, solid: Solid) -> None:
    path = file.with_name("colors.zsclip")
    ZeroShotClassifier.load(file, cache=False).save(path)
    moved = file.parent / "there"
    moved.mkdir()
    for one in (path, file):
        os.replace(one, moved / one.name)  # noqa: PTH105
    again = ZeroShotClassifier.load(moved / path.name, cache=False)  # beside it
    assert again.model_info.encoder == "onnx"
    assert again.classify(solid("blue")).label == "blue"
