"""Zips as PyTorch writes them, and zips that lie."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from zsclip.formats.zips import Zip


def _zip(entries: dict[str, bytes], *, packed: bool = False) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if packed else 0) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def _open(content: bytes) -> Zip:
    return Zip(BytesIO(content), len(content))


def _patched(content: bytes, signature: bytes, offset: int, form: str, value: int) -> bytes:
    """A zip with a number in the last record of a kind changed."""
    at = content.rindex(signature) + offset
    new = struct.pack(form, value)
    return content[:at] + new + content[at + len(new) :]


TWO = _zip({"m/a": b"first", "m/b": b"second"})
CENTRAL, END, LOCAL = b"PK\x01\x02", b"PK\x05\x06", b"PK\x03\x04"


def test_entries_are_found_where_they_lie() -> None:
    found = _open(TWO)
    assert found.names == ["m/a", "m/b"]
    begin, length = found.place("m/b")
    assert TWO[begin : begin + length] == b"second"
    assert found.read("m/a", 5) == b"first"


def test_a_zip_of_pytorch_has_sizes_of_64_bits(tmp_path: Path) -> None:
    torch.save({"a": torch.arange(3.0)}, tmp_path / "s.pt")
    content = (tmp_path / "s.pt").read_bytes()
    begin, length = _open(content).place("s/data/0")
    assert content[begin : begin + length] == torch.arange(3.0).numpy().tobytes()


def test_numbers_of_more_than_32_bits_stand_among_the_extra_fields() -> None:
    file = BytesIO()
    with (
        zipfile.ZipFile(file, "w") as archive,
        archive.open("m/a", "w", force_zip64=True) as entry,
    ):
        entry.write(b"first")
    content = file.getvalue()
    extra = struct.pack("<HHHHQQQ", 7, 0, 1, 24, 5, 5, 0)  # behind a field of another kind
    at = content.rindex(CENTRAL)
    central = bytearray(content[at : content.rindex(END)])
    central[20:28], central[42:46] = b"\xff" * 8, b"\xff" * 4
    central[30:32] = struct.pack("<H", len(extra))
    end = bytearray(content[content.rindex(END) :])
    end[12:16] = struct.pack("<I", len(central) + len(extra))
    found = _open(content[:at] + central + extra + end)
    assert found.read("m/a", 5) == b"first"


def test_what_is_packed_is_left_out_and_so_cannot_burst() -> None:
    bomb = _open(_zip({"m/data.pkl": bytes(10_000_000)}, packed=True))
    assert bomb.names == []
    with pytest.raises(ValueError, match="has no entry"):
        bomb.read("m/data.pkl", 100)


def test_an_entry_that_is_larger_than_asked_for_is_not_read() -> None:
    with pytest.raises(ValueError, match="takes 6 bytes, more than 5"):
        _open(TWO).read("m/b", 5)


LIES = {
    "entries before the file": _patched(TWO, END, 16, "<I", 2**32 - 2),
    "a directory past the end": _patched(TWO, END, 12, "<I", 2**31),
    "more entries than there are": _patched(TWO, END, 10, "<H", 3),
    "a comment": _patched(TWO, END, 20, "<H", 1) + b"x",
    "something behind": TWO + b"x",
    "one entry in another": _patched(TWO, CENTRAL, 42, "<I", 3),
    "two at one place": _patched(TWO, CENTRAL, 42, "<I", 0),
    "an entry past the directory": _patched(TWO, CENTRAL, 42, "<I", len(TWO)),
    "a name past the directory": _patched(TWO, CENTRAL, 28, "<H", 60_000),
    "one name twice": TWO.replace(b"m/b", b"m/a"),
    "a name that is no text": _patched(TWO, CENTRAL, 46, "<B", 0xFF),
    "64 bits that are not there": _patched(TWO, CENTRAL, 24, "<I", 2**32 - 1),
    "a locator to nowhere": TWO[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 2**63, 1)
    + TWO[-22:],
    "a locator to something else": TWO[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    + TWO[-22:],
    "nothing": b"",
    "its first bytes": TWO[:30],
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_directory_that_does_not_fit_the_file_is_refused(lie: str) -> None:
    with pytest.raises(ValueError, match=r"its |it |can't decode"):
        _open(LIES[lie])


@pytest.mark.parametrize(
    "content",
    [
        _patched(TWO, LOCAL, 28, "<H", 9_000),
        _patched(TWO, LOCAL, 26, "<H", 2),
        _patched(TWO, LOCAL, 30, "<B", 0x41),
        _patched(TWO, LOCAL, 0, "<B", 0),
        _patched(_patched(TWO, CENTRAL, 20, "<I", 99), CENTRAL, 24, "<I", 99),
    ],
    ids=["extra fields", "length of name", "name", "signature", "size"],
)
def test_an_entry_that_its_own_header_denies_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="is not where its directory says"):
        _open(content).place("m/b")


def test_a_directory_of_ten_megabytes_is_not_read() -> None:
    many = _zip({f"m/{i:0100d}": b"" for i in range(35_000)})
    with pytest.raises(ValueError, match=r"its directory takes .* bytes, more than 4,194,304"):
        _open(many)


@settings(max_examples=300)
@given(st.data())
def test_damage_to_a_zip_is_a_value_error_or_none(data: st.DataObject) -> None:
    content = bytearray(TWO)
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = _open(bytes(content))
        for name in found.names:
            found.read(name, 100)
    except ValueError:
        pass
