"""Where the entries of a zip lie, as `torch.save` and TorchScript write them; nothing is unpacked.

Of what zips can be, this reads the part that PyTorch writes: one piece, no comment at its end. The
rest is refused, and so is a directory that describes a byte twice, or more than the file has.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from zsclip.wording import shown

__all__ = ["ZIP", "Zip"]

ZIP = b"PK\x03\x04"
"""What every zip with an entry begins with."""

# A model with a thousand tensors has 0.2 MB of it; Python takes some ten times what is read.
_DIRECTORY_LIMIT = 1 << 22

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_IN_EXTRA = 0xFFFF_FFFF  # the number stands among the extra fields
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class _Entry:
    header: int
    """Where its own header begins."""
    until: int
    """Where the next entry begins, or the directory."""
    size: int
    crc: int


class Zip:
    """The directory of a zip.

    Args:
        file: The file.
        size: Its length in bytes.

    Raises:
        ValueError: It is no such zip, or damaged.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        begin, length, count = _find_directory(file, size)
        if length > _DIRECTORY_LIMIT:
            raise ValueError(
                f"its directory takes {length:,} bytes, more than {_DIRECTORY_LIMIT:,}"
            )
        self._entries = _read_directory(_read(file, begin, length), count, begin)

    @property
    def names(self) -> list[str]:
        """The names of the entries; nothing is ever written under one."""
        return list(self._entries)

    def place(self, name: str) -> tuple[int, int]:
        """Where the bytes of an entry begin, and how many there are.

        Raises:
            ValueError: There is no such entry, or its own header says something else.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise ValueError(f"it has no entry {shown(name)}")
        magic, *_, name_length, extra = _LOCAL.unpack(_read(self._file, entry.header, _LOCAL.size))
        begin = entry.header + _LOCAL.size + name_length + extra
        own_name = _read(self._file, entry.header + _LOCAL.size, name_length)
        if magic != ZIP or own_name != name.encode() or begin + entry.size > entry.until:
            raise ValueError(f"its entry {shown(name)} is not where its directory says")
        return begin, entry.size

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of an entry.

        Raises:
            ValueError: There is no such entry, or it has more than `limit` bytes.
        """
        begin, length = self.place(name)
        if length > limit:
            raise ValueError(f"its entry {shown(name)} takes {length:,} bytes, more than {limit:,}")
        return _read(self._file, begin, length)

    def crc(self, name: str) -> int:
        """The CRC-32 of an entry; 0 where PyTorch was told to compute none."""
        return self._entries[name].crc


def _read(file: BinaryIO, begin: int, length: int) -> bytes:
    file.seek(begin)
    data = file.read(length)
    if len(data) != length:
        raise ValueError("it ends too early")
    return data


def _find_directory(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Where the directory begins, its length in bytes, and how many entries it has."""
    end = size - _END.size
    if end < 0:
        raise ValueError("it is too short for a zip")
    magic, *_, count, length, begin, comment = _END.unpack(_read(file, end, _END.size))
    if magic != b"PK\x05\x06" or comment:
        raise ValueError("it does not end as a zip of PyTorch does")
    if end >= _LOCATOR.size:
        magic, _, where, _ = _LOCATOR.unpack(_read(file, end - _LOCATOR.size, _LOCATOR.size))
        if magic == b"PK\x06\x07":
            end = where
            if end > size - _END_64.size:
                raise ValueError("its directory lies past its end")
            numbers = _END_64.unpack(_read(file, end, _END_64.size))
            magic, *_, count, length, begin = numbers
            if magic != b"PK\x06\x06":
                raise ValueError("its directory is not where it says")
    if begin + length > end:
        raise ValueError("its directory lies past its end")
    return begin, length, count


def _read_directory(data: bytes, count: int, begin: int) -> dict[str, _Entry]:
    found: dict[str, tuple[int, int, int]] = {}
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(data):
            raise ValueError("its directory is cut short")
        fields = _CENTRAL.unpack_from(data, at)
        magic, _, _, flags, method, _, _, crc, packed, size = fields[:10]
        name_length, extra_length, comment_length, *_, header = fields[10:]
        at += _CENTRAL.size
        raw, extra = data[at : at + name_length], data[at + name_length :][:extra_length]
        at += name_length + extra_length + comment_length
        if magic != b"PK\x01\x02" or at > len(data):
            raise ValueError("its directory is damaged")
        size, packed, header = _widened([size, packed, header], extra)
        name = raw.decode("utf-8")
        if name in found:
            raise ValueError(f"it has two entries {shown(name)}")
        if method or flags & _ENCRYPTED or packed != size:
            size = -1  # PyTorch packs code, which nobody reads here
        found[name] = (header, size, crc)
    places = sorted(header for header, _, _ in found.values())
    if any(a + _LOCAL.size > b for a, b in pairwise([*places, begin])):
        raise ValueError("its entries lie one in another")
    after = dict(pairwise([*places, begin]))
    return {
        name: _Entry(header, after[header], size, crc)
        for name, (header, size, crc) in found.items()
        if size >= 0
    }


def _widened(numbers: list[int], extra: bytes) -> list[int]:
    """The numbers of an entry, those that take more than 32 bits from its extra fields."""
    wide: list[int] = []
    while len(extra) >= 4 and _IN_EXTRA in numbers and not wide:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == 1:
            wide = [n for (n,) in struct.iter_unpack("<Q", extra[4 : 4 + length // 8 * 8])]
        extra = extra[4 + length :]
    if numbers.count(_IN_EXTRA) > len(wide):
        raise ValueError("its directory is damaged")
    return [wide.pop(0) if n == _IN_EXTRA else n for n in numbers]
