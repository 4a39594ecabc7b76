"""What is changed in a seed to make an example of it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz.forms import FORMS, Part

__all__ = ["Seed", "mutate"]

LONGEST = 2_000_000  # bytes of an example
_REPEATS = (1, 1, 1, 2, 40, 2000)
_EDGES = (0, 1, 2, 3, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1,
          2**63 - 1, 2**64 - 1, 100, 1000, 4096, 65537)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, 10**30, 0.5, -0.0, 1e308, "", " ", "x",
    "\u0000", "\ud800", "a" * 5000, "{}", "../../x", "/etc/passwd", [], [[]], {}, [0, 0], {"a": {}},
)  # fmt: skip


@dataclass(frozen=True)
class Seed:
    """What examples are made of.

    Attributes:
        name: What it is, in a word or two.
        made: A whole file, or whatever else the target reads; or what makes it, where it is large:
            it is run as it is, and nothing else is made of it.
        form: A key of `FORMS`, where it can be taken apart.
    """

    name: str
    made: bytes | Callable[[], bytes]
    form: str = ""

    @property
    def is_large(self) -> bool:
        """Whether it is an example only."""
        return not isinstance(self.made, bytes)

    @property
    def data(self) -> bytes:
        """It itself."""
        return self.made if isinstance(self.made, bytes) else self.made()


def mutate(seed: Seed, others: Sequence[Seed], pieces: Sequence[bytes], rng: Random) -> bytes:
    """A seed with some changes.

    Args:
        seed: The one.
        others: What parts and bytes may be taken from.
        pieces: What gets in anywhere: the words of the format.
        rng: Decides everything.
    """
    data = seed.data
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if seed.form and rng.random() < 0.6:
            data = _change_parts(data, seed.form, others, pieces, rng)
        else:
            data = _change_bytes(data, rng.choice(others).data, pieces, rng)
    return data[:LONGEST]


def _change_parts(
    data: bytes, form: str, others: Sequence[Seed], pieces: Sequence[bytes], rng: Random
) -> bytes:
    try:
        parts = FORMS[form].apart(data)
        changed = _changed(parts, [seed for seed in others if seed.form == form], pieces, rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are there twice
            return FORMS[form].together(changed)
    except Exception:  # by now it is nothing that could be taken apart
        return _change_bytes(data, data, pieces, rng)


def _changed(
    parts: list[Part], others: Sequence[Seed], pieces: Sequence[bytes], rng: Random
) -> list[Part]:
    at = rng.randrange(len(parts))
    name, body = parts[at]
    kind = rng.randrange(8)
    if kind <= 2:
        parts[at] = (name, _change_body(body, pieces, rng))
    elif kind == 3:
        del parts[at]
    elif kind == 4:
        parts[at:at] = [parts[at]] * _repeats(len(body) + 30, rng)
    elif kind == 5:
        other = rng.randrange(len(parts))
        parts[at], parts[other] = parts[other], parts[at]
    elif kind == 6:
        donor = rng.choice(others)
        parts[at] = rng.choice(FORMS[donor.form].apart(donor.data))
    else:
        parts[at] = (_change_bytes(name, name, pieces, rng), body)
    return parts


def _change_body(body: bytes, pieces: Sequence[bytes], rng: Random) -> bytes:
    if body[:1] in b"{[" and rng.random() < 0.8:
        try:
            return json.dumps(_change_value(json.loads(body), rng)).encode()
        except ValueError:
            pass
    return _change_bytes(body, body, pieces, rng)


def _change_value(value: Any, rng: Random) -> Any:
    """JSON with one value, anywhere in it, become another, gone or doubled."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        kind = rng.randrange(10)
        if kind == 0:
            return {other: inner for other, inner in value.items() if other != key}
        if kind == 1:
            return {**value, rng.choice(("", "x", key * 2, "a.b")): value[key]}
        return {**value, key: _change_value(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        kind = rng.randrange(10)
        if kind == 0:
            return value[:at] + value[at + 1 :]
        if kind == 1:
            return value[:at] + value[at : at + 1] * rng.choice(_REPEATS) + value[at:]
        return [*value[:at], _change_value(value[at], rng), *value[at + 1 :]]
    if isinstance(value, int) and rng.random() < 0.5:
        return value + rng.choice((-1, 1, 8, -value * 2, 10**9))
    return rng.choice(_VALUES)


def _repeats(size: int, rng: Random) -> int:
    return max(1, min(rng.choice(_REPEATS), LONGEST // size))


def _change_bytes(data: bytes, other: bytes, pieces: Sequence[bytes], rng: Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        # the head of a file says what all the rest is
        room = min(len(out), 64) if rng.random() < 0.3 else len(out)
        at = rng.randrange(room + 1)
        end = min(len(out), at + 1 + int(rng.expovariate(1 / 12)))
        kind = rng.randrange(9)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            size = rng.choice((1, 2, 4, 8))
            number = rng.choice(_EDGES) % 256**size
            out[at : at + size] = number.to_bytes(size, rng.choice(("little", "big")))
        elif kind == 2:
            del out[at:end]
        elif kind == 3 and pieces:
            out[at : rng.choice((at, end))] = rng.choice(pieces)
        elif kind == 4:
            out[at:at] = out[at:end] * _repeats(end - at + 1, rng)
        elif kind == 5:
            out[at:end] = rng.randbytes(end - at)
        elif kind == 6 and other:
            start = rng.randrange(len(other))
            out[at:end] = other[start : start + rng.randrange(200)]
        elif kind == 7 and rng.random() < 0.3:
            del out[at:]
        elif at < len(out):
            out[at] = (out[at] + rng.choice((-1, 1, 16, 128))) % 256
    return bytes(out)
