"""Label sets: TOML, tables, what stands for one, and the texts in one."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from tests.fuzz.catalogue import Target
from tests.fuzz.mutations import Seed
from zsclip.clip import Tokenizer
from zsclip.errors import (
    LabelSetError,
    ParameterError,
    PromptTooLongError,
    ZsclipError,
)
from zsclip.labels.labelset import labelset_of
from zsclip.labels.toml import read_toml
from zsclip.spelling import parse_labels

__all__ = ["EXPRESSIONS", "TABLES", "TEXTS", "TOML", "VALID"]

_LIBRARY = Path(__file__).parents[3] / "labelsets"
_LONGEST = 4_000  # bytes; of a longer file, its head and some of its labels are mutated

VALID = b"""schema = 1
name = "garden"
license = "CC0-1.0"
source = "own work"
templates = ["a photo of a {}.", "a drawing of a {}."]
null_prompts = ["a photo of something.", "an empty garden."]
groups = [{ id = "bird", name = "bird" }, { id = "small", name = "small bird", parent = "bird" }]
labels = [
  { id = "robin", name = "robin", aliases = ["red"], prompts = ["a robin."], parent = "small" },
  "house sparrow",
]
"""

# What a value becomes: every type of TOML, with its edges; and what gets in anywhere.
_TOML_PIECES = (
    b"1", b"-1", b"0", b"2", b"10000000000000000000000000", b"0.5", b"nan", b"-inf", b"1e999",
    b"0x7f", b"true", b"1979-05-27T07:32:00Z", b"07:32:00", b"1979-05-27", b"[]", b"[[]]", b"{}",
    b"{a=[]}", b'""', b'" "', b'" x"', b'"{}"', b'"{0.__class__}"', b'"\\u200b"', b'"\\u0000"',
    b"[", b"]", b"{", b"}", b"=", b",", b"#", b".", b"\n", b"\r", b"'''", b'"""', b"\x00", b"\xff",
    b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"\xcc\x81", b'"\\uD800"', b"0b1", b"1_0", b"schema = 1\n",
    b"[labels]\n", b"[[labels]]\n", b"[[expected]]\n", b"a.b.c = 1\n", b'id = "x"', b'name = "x"',
    b'parent = "x"', b"aliases = []", b"prompts = [[]]", b"labels = {}", b"[[[[[[[[", b"{a={a={a=",
)  # fmt: skip


def _toml_seeds() -> Iterator[Seed]:
    yield Seed("small", VALID, "lines")
    for path in sorted(_LIBRARY.glob("*/*/*.toml")):
        data = path.read_bytes()
        yield Seed(path.stem, data if len(data) <= _LONGEST else _shortened(data), "lines")
    head = VALID.partition(b"groups")[0]
    yield Seed("chain", head + _chain(50), "lines")
    yield Seed("chain of thousands", lambda: head + _chain(8000))
    yield Seed("nested arrays", lambda: b"a = " + b"[" * 40_000)
    yield Seed("nested tables", lambda: b"a = " + b"{a=" * 40_000)
    yield Seed("dotted", lambda: b"a" + b".a" * 40_000 + b" = 1")
    yield Seed("deep tables", lambda: b"".join(b"[a%s]\n" % (b".a" * i) for i in range(800)))
    yield Seed("doubled labels", lambda: head + b"labels = [" + b'"label", ' * 20_000 + b"]\n")
    yield Seed("many labels", lambda: head + b"labels = [" + _many(20_000) + b"]\n")


def _chain(count: int) -> bytes:
    """Groups each of which is in the next."""
    form = b'  { id = "%d", name = "n%d", parent = "%d" },\n'
    chain = b"".join(form % (i, i, i + 1) for i in range(count))
    last = b'  { id = "%d", name = "last" },\n' % count
    return b"groups = [\n" + chain + last + b']\nlabels = [{ name = "x", parent = "0" }, "y"]\n'


def _many(count: int) -> bytes:
    return b"".join(b'"label %d", ' % i for i in range(count))


def _shortened(data: bytes) -> bytes:
    """A long file with some of its labels."""
    head, opening, labels = data.partition(b"labels = [\n")
    lines = labels.partition(b"\n]")[0].splitlines(keepends=True)
    return head[:_LONGEST] + opening + b"".join(lines[:30]) + b"]\n"


def _read_toml(data: bytes) -> str:
    name = Random(data).choice((None, "garden"))
    made = labelset_of(read_toml(data, file="garden.toml", name=name))
    assert replace(made) == made  # which runs the rules over the values
    return "read"


TOML = Target(lambda: list(_toml_seeds()), _read_toml, (LabelSetError,), _TOML_PIECES)


# ------------------------------------------------------------------------------------------ tables


def _table_seeds() -> list[Seed]:
    return [
        Seed("names", b"robin\nhouse sparrow\n# no bird\nblue tit\n", "lines"),
        Seed("list", b"1. robin\n2. sparrow\n- tit\n", "lines"),
        Seed(
            "csv", b'name,aliases,prompts,id,parent\nrobin,"a|b",,r,bird\ntit,,,t,bird\n', "lines"
        ),
        Seed("semicolons", b"name;aliases\nrobin;redbreast\ntit;\n", "lines"),
        Seed("tabs", b"name\tid\nrobin\tr\ntit\tt\n", "lines"),
        Seed("column", b'robin\n"tit, blue"\nsparrow\n', "lines"),
        Seed("utf-16", "robin\ntit\n".encode("utf-16")),
        Seed("quotes", lambda: b'name\n"' + b'""' * 400_000),
        Seed("one line", lambda: b"a," * 400_000),
        Seed("many lines", lambda: b"".join(b"name %d\n" % i for i in range(30_000))),
        Seed("line ends", lambda: b"\r" * 1_000_000),
        Seed("chain", _chain_of_rows),
        Seed("several", lambda: b"name,aliases\nrobin," + b"x|" * 400_000 + b"\ntit,\n"),
        Seed("marks", lambda: b"e" + b"\xcc\x81\xcc\xa7" * 200_000 + b"\nrobin\n"),
    ]


def _chain_of_rows() -> bytes:
    rows = (b"n%d,%d,%d\n" % (i, i, i + 1) for i in range(8000))
    return b"name,id,parent\n" + b"".join(rows)


def _read_table(data: bytes) -> str:
    rng = Random(data)
    path = Path(rng.choice(("names.txt", "names.csv", "names.tsv")))
    path.write_bytes(data)
    try:
        if rng.random() < 0.2:
            with path.open("rb") as file:
                parse_labels(file)
        else:
            parse_labels(path)
    finally:
        path.unlink()
    return "read"


TABLES = Target(
    _table_seeds, _read_table, (ZsclipError,),
    (b",", b";", b"\t", b'"', b"|", b"\r", b"\n", b"\r\n", b"#", b"name", b"aliases", b"parent",
     b"\0",
     b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x85", b"\xcc\x81", b"1. "),
)  # fmt: skip


# ------------------------------------------------------------------------------------- expressions


def _expression_seeds() -> list[Seed]:
    words = ("cartoon-animals", "cartoon-animals/bird + satellite", "cat, dog", "birds.toml/tit",
             "./photos", "a.txt+b.csv", "zsclip-labels-x:y/z", "x.whl", "y.tar.gz",
             "cartoon-anmals",
             "~/x.toml", "..", "")  # fmt: skip
    return [
        *(Seed(word or "nothing", word.encode()) for word in words),
        Seed("pluses", lambda: b"+" * 3000),
        Seed("many pluses", lambda: b"+" * 1_000_000),
        Seed("terms", lambda: b"./a+" * 30_000),
        Seed("files", lambda: b"a.toml+" * 30_000),
        Seed("endings", lambda: b".toml" * 30_000),
        Seed("names", lambda: b"a," * 100_000),
        Seed("slashes", lambda: b"/" * 500_000),
        Seed("long", lambda: b"x" * 1_000_000),
    ]


def _read_expression(data: bytes) -> str:
    parse_labels(data.decode("utf-8", "surrogateescape"))
    return "read"


EXPRESSIONS = Target(
    _expression_seeds, _read_expression, (ZsclipError,),
    (b"+", b",", b"/", b":", b".", b"..", b"~", b" ", b".toml", b".txt", b".csv", b".whl",
     b".tar.gz",
     b"\0", b"\n", b"cartoon-animals", b"satellite", b"bird", b"\xc3\xa9", b"\xff", b"-"),
)  # fmt: skip


# ------------------------------------------------------------------------------------------- texts


def _text_seeds() -> list[Seed]:
    return [
        Seed("prompt", b"a photo of a house sparrow, a kind of bird."),
        Seed("marks", "\u0627\u0644\u0637 \u4e2d\u6587 e\u0301 \U0001f426 &eacute;".encode()),
        Seed("mojibake", "schÃ¶n \u00e2\u20ac\u0153 &amp;amp;lt;".encode()),
        Seed("ampersands", lambda: b"&amp;" * 75_000),
        Seed("nested ampersands", lambda: b"&" + b"amp;" * 75_000),
        Seed("word", lambda: b"x" * 200_000),
        Seed("words", lambda: b"x " * 200_000),
        Seed("blanks", lambda: b" " * 1_000_000),
        Seed("combining", lambda: b"e" + b"\xcc\x81" * 100_000),
        Seed("emoji", lambda: b"\xf0\x9f\x90\xa6" * 50_000),
        Seed("digits", lambda: b"1" * 300_000),
        Seed("apostrophes", lambda: b"'s" * 100_000),
        Seed("latin", lambda: b"\xc3\x83\xc2\xb6" * 50_000),
    ]


@functools.cache
def _tokenizer() -> Tokenizer:
    return Tokenizer(77)


def _read_text(data: bytes) -> str:
    text = data.decode("utf-8", "replace")
    [count] = _tokenizer().count([text])
    [ids] = _tokenizer().encode([text], too_long="cut" if Random(data).random() < 0.5 else "error")
    assert len(ids) == min(count, 77)
    return "read"


TEXTS = Target(
    _text_seeds, _read_text, (PromptTooLongError, ParameterError),
    (b"&", b"&amp;", b"&#", b"&#x10FFFF;", b"&#0;", b"&lt", b";", b"'", b"'ll", b"\xcc\x81",
     b"\xc2\xa0",
     b"\xe2\x80\xa6", b"\xef\xac\x81", b"\xc3\x83", b"\xe2\x82\xac", b"\0", b"<|startoftext|>",
     b"<|endoftext|>", b"</w>", b"\xf0\x9f\x87\xa6", b"\xe2\x80\x8d"),
)  # fmt: skip
