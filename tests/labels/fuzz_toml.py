#!/usr/bin/env python3
"""Mutate the label sets under labelsets/ and see that no file brings the reader down.

Whatever the bytes, reading them gives a label set or raises a `LabelSetError`; and what could be
read can be made into a `LabelSet`. Run by hand:

    python tests/labels/fuzz_toml.py 1000000

Each mutation depends on the seed and its own number alone, so that the line that is printed for a
failure repeats it.
"""

from __future__ import annotations

import argparse
import random
import sys
import traceback
from collections import Counter
from dataclasses import replace
from pathlib import Path

from zsclip.errors import LabelSetError, LabelSetFormatError
from zsclip.labels.labelset import labelset_of
from zsclip.labels.toml import read_toml

LIBRARY = Path(__file__).parents[2] / "labelsets"
LONGEST = 4_000  # bytes; of a longer file, its head and some of its labels are mutated

# What a value becomes: every type of TOML, with its edges.
VALUES = [
    b"1", b"-1", b"0", b"2", b"10000000000000000000000000", b"0.5", b"nan", b"-inf", b"1e999",
    b"0x7f", b"true", b"1979-05-27T07:32:00Z", b"07:32:00", b"1979-05-27", b"[]", b"[[]]", b"{}",
    b"{a=[]}", b'""', b'" "', b'" x"', b'"{}"', b'"{0.__class__}"', b'"\\u200b"', b'"\\u0000"',
]  # fmt: skip
# What gets in anywhere: syntax, bytes that are no text, keys of label sets.
PIECES = [
    *VALUES, b"[", b"]", b"{", b"}", b"=", b",", b"#", b".", b"\n", b"\r", b"'''", b'"""',
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"\xcc\x81", b'"\\uD800"', b"0b1", b"1_0",
    b"schema = 1\n", b"[labels]\n", b"[[labels]]\n", b"[[expected]]\n", b"a.b.c = 1\n",
    b'id = "x"', b'name = "x"', b'parent = "x"', b"aliases = []", b"prompts = [[]]", b"labels = {}",
]  # fmt: skip


def read_corpus() -> list[bytes]:
    """The files, short enough that a mutation takes well under a millisecond."""
    files = sorted(LIBRARY.glob("*/*/*.toml"))
    if not files:
        sys.exit(f"No label sets under {LIBRARY}: this needs the source tree.")
    return [path.read_bytes() for path in files]


def shorten(data: bytes, rng: random.Random) -> bytes:
    """A long file with some of its labels."""
    head, opening, labels = data.partition(b"labels = [\n")
    if len(data) <= LONGEST or not opening:
        return data
    lines = labels.partition(b"\n]")[0].splitlines(keepends=True)
    start = rng.randrange(len(lines))
    return head[:LONGEST] + opening + b"".join(lines[start : start + 30]) + b"]\n"


def mutate(corpus: list[bytes], rng: random.Random) -> bytes:
    """One of the files with one to six changes."""
    data = bytearray(shorten(rng.choice(corpus), rng))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        place = rng.randrange(len(data) + 1)
        end = min(len(data), place + int(rng.expovariate(1 / 12)))
        kind = rng.choice((0, 1, 2, 3, 4, 5, 5, 5, 5, 5, 6))
        if kind == 0:
            data[place:end] = rng.choice(PIECES)
        elif kind == 1:
            data[place:place] = rng.choice(PIECES)
        elif kind == 2:
            del data[place:end]
        elif kind == 3:
            data[place:place] = data[place:end] * rng.choice((1, 1, 1, 40))
        elif kind == 4:
            data[place:end] = rng.randbytes(end - place)
        elif kind == 5:  # a value becomes one of another kind
            equals = data.find(b"= ", place)
            if equals >= 0:
                stops = [data.find(mark, equals) for mark in (b",", b"}", b"\n")]
                stop = min((stop for stop in stops if stop > 0), default=len(data))
                data[equals + 2 : stop] = rng.choice(VALUES)
        else:
            other = rng.choice(corpus)
            start = rng.randrange(len(other))
            data[place:end] = other[start : start + rng.randrange(80)]
    return bytes(data)


def outcome(data: bytes, name: str | None) -> str:
    """What came of reading it; raises whatever is not a `LabelSetError`."""
    try:
        made = labelset_of(read_toml(data, file="mutated.toml", name=name))
    except LabelSetFormatError as error:
        rules = {problem.split()[0] for problem in error.problems} - {"R3"}
        return "no TOML" if rules == {"R1"} else "breaks rules of labels" if rules else "misnamed"
    except LabelSetError as error:
        return type(error).__name__
    assert replace(made) == made  # which runs the rules over the values
    return "read"


def main() -> None:
    parser = argparse.ArgumentParser(description="Mutate the shipped label sets and read them.")
    parser.add_argument("number", type=int, help="how many mutations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutation")
    given = parser.parse_args()
    corpus = read_corpus()
    outcomes: Counter[str] = Counter()
    for i in range(given.first, given.first + given.number):
        data = mutate(corpus, random.Random(f"{given.seed}/{i}"))
        try:
            outcomes[outcome(data, "mutated" if i % 2 else None)] += 1
        except Exception:  # whatever is not a LabelSetError is what this looks for
            traceback.print_exc()
            sys.exit(f"Mutation {i} of seed {given.seed}: {data!r}")
    print(f"{given.number:,} mutations of {len(corpus)} files, seed {given.seed}: all is well.")
    for what, count in outcomes.most_common():
        print(f"{count:9,}  {what}")


if __name__ == "__main__":
    main()
