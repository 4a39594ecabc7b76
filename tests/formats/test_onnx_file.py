"""What is refused of an ONNX file before ONNX Runtime sees it, and that nothing else is opened."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_files import LOCATION, exported_colors, initializer

from zsclip import ZeroShotClassifier
from zsclip.formats import onnx_file
from zsclip.formats.onnx_file import OnnxFault, looks_like_onnx, read_onnx_metadata

Change = Callable[[onnx.ModelProto], object]


@pytest.fixture
def file(colors: ZeroShotClassifier, tmp_path: Path) -> Path:
    """`colors` as an exported file."""
    return exported_colors(colors, tmp_path / "colors.onnx")


def test_the_metadata_of_zsclip_are_read_and_others_are_not(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    path = exported_colors(
        colors, tmp_path / "a.onnx", metadata=lambda texts: texts.update({"author": "somebody"})
    )
    assert sorted(read_onnx_metadata(path)) == [
        "zsclip.about", "zsclip.classifier", "zsclip.labels"
    ]  # fmt: skip


def _external(tensor: Any) -> None:
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    tensor.external_data.add(key="location", value=LOCATION)


def _names_a_file(model: onnx.ModelProto) -> None:
    _external(initializer(model, "basis"))


def _names_a_file_and_does_not_say_so(model: onnx.ModelProto) -> None:
    initializer(model, "basis").external_data.add(key="location", value=LOCATION)


def _names_a_file_in_a_constant(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(numpy_helper.to_array(initializer(model, "basis")))
    _external(tensor)
    model.graph.node.insert(0, helper.make_node("Constant", [], ["other"], value=tensor))


def _names_a_file_in_a_list(model: onnx.ModelProto) -> None:
    tensor = numpy_helper.from_array(numpy_helper.to_array(initializer(model, "basis")))
    _external(tensor)
    attribute = model.graph.node[0].attribute.add(name="x", type=onnx.AttributeProto.TENSORS)
    attribute.tensors.add().CopyFrom(tensor)


def _loops(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["z"], body=body))


def _branches(model: onnx.ModelProto) -> None:
    attribute = model.graph.node[0].attribute.add(name="x", type=onnx.AttributeProto.GRAPHS)
    attribute.graphs.add().name = "inner"


def _has_functions(model: onnx.ModelProto) -> None:
    model.functions.add().name = "laughs"


def _has_training(model: onnx.ModelProto) -> None:
    model.training_info.add()


def _has_sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def _has_sparse_attribute(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.add(name="x").sparse_tensor.dims.append(1)


def _has_operators_of_somebody(model: onnx.ModelProto) -> None:
    model.graph.node[0].domain = "com.microsoft"


def _says_a_key_twice(model: onnx.ModelProto) -> None:
    model.metadata_props.add(key="zsclip.about", value="{}")


REFUSED: list[tuple[Change, str]] = [
    (_names_a_file, "its numbers lie in another file, which is not opened"),
    (_names_a_file_and_does_not_say_so, "its numbers lie in another file, which is not opened"),
    (_names_a_file_in_a_constant, "its numbers lie in another file, which is not opened"),
    (_names_a_file_in_a_list, "its numbers lie in another file, which is not opened"),
    (_loops, "it holds a graph within its graph, which no exported classifier has"),
    (_branches, "it holds graphs within its graph, which no exported classifier has"),
    (_has_functions, "it holds functions, which no exported classifier has"),
    (_has_training, "it holds training, which no exported classifier has"),
    (_has_sparse, "it holds sparse tensors, which no exported classifier has"),
    (_has_sparse_attribute, "it holds sparse within its graph, which no exported classifier has"),
    (_has_operators_of_somebody, "its graph uses operators of 'com.microsoft'"),
    (_says_a_key_twice, "its metadata say 'zsclip.about' twice"),
]


@pytest.mark.parametrize(("change", "reason"), REFUSED, ids=[c.__name__ for c, _ in REFUSED])
def test_what_no_exported_classifier_has_is_refused(
    colors: ZeroShotClassifier, tmp_path: Path, change: Change, reason: str
) -> None:
    path = exported_colors(colors, tmp_path / "a.onnx", change=change)
    with pytest.raises(OnnxFault) as caught:
        read_onnx_metadata(path)
    assert str(caught.value) == reason


def test_a_graph_under_a_number_of_which_protobuf_takes_the_lower_bits_is_refused(
    file: Path,
) -> None:
    hidden = onnx.GraphProto(name="hidden").SerializeToString()
    tag = 7 << 3 | 2 | 1 << 32  # a graph to ONNX Runtime
    varint = bytes([tag & 127 | 128, 128, 128, 128, tag >> 28])
    with file.open("ab") as opened:
        opened.write(varint + bytes([len(hidden)]) + hidden)
    with pytest.raises(OnnxFault, match="it is no ONNX file, or cut short"):
        read_onnx_metadata(file)


def test_numbers_that_say_where_they_lie_and_lie_in_the_file_are_read(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    def told(model: onnx.ModelProto) -> None:
        initializer(model, "basis").data_location = TensorProto.DEFAULT

    assert read_onnx_metadata(exported_colors(colors, tmp_path / "a.onnx", change=told))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is no ONNX file"),
        (b"\x08\x0a", "it is no ONNX file"),
        (b"\x3a", "it is no ONNX file, or cut short"),
        (b"\x3a\x05", "it is no ONNX file, or cut short"),
        (b"\x38\x05", "its graph is a number"),
        (b"\x0b", "it is no ONNX file, or damaged"),
        (b"\x02\x00", "it is no ONNX file, or cut short"),
        (b"\xff" * 20, "it is no ONNX file, or damaged"),
        (b"\x72\x05\x0a\x03\xff\xfe\xfd\x3a\x00", "its metadata are no text"),
        (b"no model at all, but a text of some length", "it is no ONNX file, or damaged"),
    ],
)
def test_bytes_that_are_no_model_are_named_as_such(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(data)
    with pytest.raises(OnnxFault) as caught:
        read_onnx_metadata(path)
    assert str(caught.value) == reason


def test_metadata_and_nodes_have_a_bound(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "METADATA_LIMIT", 1000)
    with pytest.raises(OnnxFault, match="its metadata take more than 1,000 bytes"):
        read_onnx_metadata(file)
    monkeypatch.undo()
    monkeypatch.setattr(onnx_file, "LARGEST_NODE", 10)
    with pytest.raises(OnnxFault, match="a step of its graph takes"):
        read_onnx_metadata(file)


@settings(max_examples=150)
@given(drawn=st.data())
def test_whatever_is_damaged_the_walk_ends_with_a_fault_or_metadata(
    drawn: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = bytearray(_small())
    whole[drawn.draw(st.integers(0, len(whole) - 1))] = drawn.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.onnx"
    path.write_bytes(whole[: drawn.draw(st.integers(0, len(whole)))])
    with suppress(OnnxFault):
        assert isinstance(read_onnx_metadata(path), dict)


def _small() -> bytes:
    node = helper.make_node("Identity", ["x"], ["y"])
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy"]
    model = helper.make_model(helper.make_graph([node], "g", info[:1], info[1:]))
    model.metadata_props.add(key="zsclip.about", value="{}")
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("name", "start", "onnx"),
    [
        ("a.onnx", b"", True),
        ("A.ONNX", b"x", True),
        ("a.zsclip", b"\x08\x0a\x12\x06zsclip", True),
        ("a.zsclip", b"\x08\0\0\0\0\0\0\0{", False),
        ("a.onnx", b"\xf0\x01\0\0\0\0\0\0{", False),
        ("a.zsclip", b"", False),
    ],
)
def test_a_file_is_taken_for_onnx_by_its_name_or_its_first_bytes(
    name: str, start: bytes, onnx: bool
) -> None:
    assert looks_like_onnx(name, start) is onnx
