"""JSON of strangers, within bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsclip.errors import CheckpointError
from zsclip.formats.json_files import read_json


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.json"


def test_an_object_is_read_with_and_without_a_byte_order_mark(file: Path) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        file.write_bytes(mark + '{"a": [1, "ü"]}'.encode())
        assert read_json(file, 100) == {"a": [1, "ü"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Expecting value"),
        (b'{"a": 1', "Expecting"),
        (b"[1]", "it is no JSON object"),
        (b"null", "it is no JSON object"),
        (b'{"a": NaN}', "it holds NaN"),
        (b'{"a": -Infinity}', "it holds -Infinity"),
        (b'{"a": 1, "a": 2}', "'a' is described twice"),
        (b'{"a": "\xff"}', "can't decode"),
        (b'{"a": ' + b"9" * 5000 + b"}", "integer string conversion"),
        (b'{"a": "' + b"x" * 10_000 + b'"}', "more than 9,000 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_none_or_too_much_is_told(content: bytes, said: str, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match=said) as caught:
        read_json(file, 9000)
    assert "config.json" in str(caught.value)
    assert len(str(caught.value)) < 900


def test_what_nests_too_deeply_is_told(file: Path) -> None:
    for begin, end in ((b"[", b"]"), (b'{"a":', b"}")):
        file.write_bytes(b'{"a":' + begin * 100_000 + b"1" + end * 100_000 + b"}")
        with pytest.raises(CheckpointError, match="it nests too deeply"):
            read_json(file, 1 << 20)


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(CheckpointError, match=r"Cannot read '.*config\.json': No such file"):
        read_json(file, 100)
