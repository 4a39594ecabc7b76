"""Whatever strangers write, no message, warning, log or repr does harm to whoever reads it."""

from __future__ import annotations

import logging
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from poison import ESCAPES, POISON, SECRET, answering, chain_of, faults_of
from safetensors.numpy import save_file

from zsclip import ZeroShotClassifier
from zsclip.authoring import check_distribution, check_labelset, create_distribution
from zsclip.cache import EmbeddingCache, make_key
from zsclip.downloads.download import fetch
from zsclip.downloads.http import RetryPolicy
from zsclip.encoders import create_encoder, list_encoders
from zsclip.errors import (
    ImageError,
    LabelSetFormatError,
    PromptTooLongError,
    ZsclipError,
    ZsclipWarning,
)
from zsclip.images import Reading, describe_source, find_pictures, load_image
from zsclip.labels import Group, Label, LabelSet, list_labelsets, load_labelset
from zsclip.results import Failure, Prediction, Score
from zsclip.spelling import parse_labels, parse_spelling
from zsclip.weights import load_checkpoint
from zsclip.wording import in_lines, nearest

Doing = Callable[[str, Path], object]
ONCE = RetryPolicy(attempts=1)
SET = 'schema = 1\nname = "garden"\nlicense = "MIT"\nsource = "own"\nlabels = [{}]\n'


def quoted(text: str) -> str:
    """As a string of TOML."""
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\U{ord(c):08X}" for c in text) + '"'


def file(folder: Path, name: str, content: str | bytes) -> Path:
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    (folder / name).write_bytes(data)
    return folder / name


def toml(text: str) -> Doing:
    """Reads a label-set file in which `POISON` stands for the poison."""

    def do(poison: str, folder: Path) -> object:
        return LabelSet.from_toml(file(folder, "a.toml", text.replace("POISON", quoted(poison))))

    return do


def csv(text: str) -> Doing:
    def do(poison: str, folder: Path) -> object:
        cell = '"' + poison.replace('"', '""') + '"'
        return LabelSet.from_csv(file(folder, "a.csv", text.replace("POISON", cell)))

    return do


def tensors(poison: str, folder: Path) -> object:
    save_file({poison: np.zeros(1, np.float32)}, folder / "a.safetensors", {poison: poison})
    return load_checkpoint(folder / "a.safetensors")


class Broken:
    """A file object that is called, and fails, as somebody else wants."""

    def __init__(self, poison: str) -> None:
        self.name = poison

    def read(self, size: int = -1) -> bytes:
        raise OSError(self.name)


class Foreign:
    """Something else, that says of itself what it wants."""

    def __init__(self, poison: str) -> None:
        self._poison = poison

    def __repr__(self) -> str:
        return self._poison


PETS = LabelSet.from_names(["cat", "dog"])


def labelset(poison: str, **more: Any) -> LabelSet:
    return LabelSet("pets", (Label("a", poison), Label("b", poison)), **more)


DOING: dict[str, Doing] = {
    # labels
    "names": lambda p, _: LabelSet.from_names([p, p]),
    "names with blanks": lambda p, _: LabelSet.from_names([f" {p}", "b"]),
    "an object for a name": lambda p, _: LabelSet.from_names([Foreign(p), "b"]),  # type: ignore[list-item]
    "ids": lambda p, _: LabelSet("x", (Label(p, "a"), Label(p, "b"))),
    "a parent": lambda p, _: LabelSet("x", (Label("a", "a", parent=p), Label("b", "b"))),
    "groups": lambda p, _: labelset("x", groups=(Group(p, p, p),)),
    "a name of a set": lambda p, _: LabelSet(p, (Label("a", "a"), Label("a", "a"))),
    "templates": lambda p, _: PETS.with_templates([p]),
    "prompts": lambda p, _: LabelSet("x", (Label("a", "a", prompts=(p, p)), Label("b", "b"))),
    "a key": lambda p, _: PETS[p],
    "a part": lambda p, _: PETS.only(p),
    "what is left out": lambda p, _: PETS.without(p),
    "an installed set": lambda p, _: load_labelset(p),
    "an installed set of somebody": lambda p, _: load_labelset(f"{p}:cartoon-animals"),
    "a spelling": lambda p, _: parse_labels(p),
    "a sum": lambda p, _: parse_labels(f"{p}+cartoon-animals"),
    "a part of a set": lambda p, _: parse_labels(f"cartoon-animals/{p}"),
    "a file between commas": lambda p, _: parse_labels(f"a,{p}.txt"),
    "a folder of classes": lambda p, _: parse_labels(f"./{p}/"),
    "an object for labels": lambda p, _: parse_spelling(Foreign(p)),  # type: ignore[arg-type]
    "a label-set file that is not there": lambda p, _: LabelSet.from_toml(p),
    "text that is no TOML": lambda p, f: LabelSet.from_toml(file(f, "a.toml", p)),
    "a key of a file": toml(SET.format('"a", "b"') + "POISON = 1\n"),
    "a table of a file": toml(SET.format('"a", "b"') + "[POISON.POISON]\nx = 1\n"),
    "a key twice": toml(SET.format('"a", "b"') + "POISON = 1\nPOISON = 1\n"),
    "names in a file": toml(SET.format("POISON, POISON")),
    "a key of a label": toml(SET.format('"a", {{ name = "b", POISON = 1 }}')),
    "a parent in a file": toml(SET.format('"a", {{ name = "b", parent = POISON }}')),
    "a name of a file": toml(SET.replace('"garden"', "POISON").format('"a", "b"')),
    "a schema": toml(SET.replace("1", "POISON").format('"a", "b"')),
    "a license": toml(SET.replace('"MIT"', "POISON").format('"a", "a"')),
    "figures": toml(SET.format('"a", "b"') + "[[expected]]\nmodel = POISON\nvalue = POISON\n"),
    "a column": csv("name,POISON\na,b\n"),
    "rows": csv("name,id\nPOISON,POISON\nPOISON,POISON\n"),
    "lines": lambda p, f: LabelSet.from_txt(file(f, "a.txt", f"{p}\n{p}\n\x1b{p}")),
    "a labels file that is not there": lambda p, _: LabelSet.from_txt(f"{p}.txt"),
    "sets that clash": lambda p, _: (
        LabelSet.from_names([p.strip()[:200], "b"], name=p)
        | LabelSet("y", (Label("c", p.strip()[:200]), Label("b", "b")), groups=())
    ),
    # pictures
    "a picture's path": lambda p, _: load_image(p),
    "a picture's path object": lambda p, _: load_image(Path(p)),
    "a path of another scheme": lambda p, _: load_image(f"s3://{p}"),
    "a data URI": lambda p, _: load_image(f"data:{p};base64,{p}"),
    "a file object": lambda p, _: load_image(Broken(p)),
    "no picture": lambda p, _: load_image(p.encode()),
    "a picture's text": lambda p, f: load_image(file(f, "a.png", f"P3 {p}")),
    "a picture's bytes": lambda p, _: load_image(b"\x89PNG\r\n\x1a\n" + p.encode()),
    "an object for a picture": lambda p, _: load_image(Foreign(p)),  # type: ignore[arg-type]
    "an array of texts": lambda p, _: load_image(np.array([p])),
    "a folder of pictures": lambda p, _: list(find_pictures(p)),
    "a background": lambda p, _: Reading(background=p),
    "levels": lambda p, _: Reading(levels=p),
    "an object for a limit": lambda p, _: Reading(max_bytes=Foreign(p)),  # type: ignore[arg-type]
    "an object for seconds": lambda p, _: Reading(timeout=Foreign(p)),  # type: ignore[arg-type]
    # models
    "a model": lambda p, _: load_checkpoint(p),
    "a checkpoint's path": lambda p, _: load_checkpoint(Path(p)),
    "tensors": tensors,
    "a header that is no JSON": lambda p, f: load_checkpoint(
        file(f, "a.safetensors", (len(p) + 1).to_bytes(8, "little") + b"{" + p.encode())
    ),
    "a pickle": lambda p, f: load_checkpoint(file(f, "a.pt", pickle.dumps([p, Path(p)]))),
    "no checkpoint": lambda p, f: load_checkpoint(file(f, "a.pt", p)),
    "an engine": lambda p, _: create_encoder(p),
    "a device": lambda p, _: create_encoder("clip", "tiny-cartoon", device=p),
    "a precision": lambda p, _: create_encoder("clip", "tiny-cartoon", precision=p),
    "an URL of weights": lambda p, f: fetch(p, f / "a.pt", sha256="0" * 64, retry=ONCE),
    # the cache, saved classifiers, distributions
    "a cache's path": lambda p, _: EmbeddingCache(p).info(),
    "an object for a cache": lambda p, _: EmbeddingCache(Foreign(p)),  # type: ignore[arg-type]
    "an object in a key": lambda p, _: make_key(Foreign(p)),  # type: ignore[arg-type]
    "a file that is no cache": lambda p, f: EmbeddingCache(file(f, "a.sqlite", p)).info(),
    "a saved classifier's path": lambda p, _: ZeroShotClassifier.load(p),
    "a file that is no classifier": lambda p, f: ZeroShotClassifier.load(
        file(f, "a.zsclip", (len(p) + 1).to_bytes(8, "little") + b"{" + p.encode())
    ),
    "an option": lambda p, _: ZeroShotClassifier(["a", "b"], model="tiny-cartoon", too_long=p),  # type: ignore[arg-type]
    "a set to check": lambda p, _: check_labelset(p),
    "a distribution to check": lambda p, _: check_distribution(p),
    "a wheel": lambda p, f: check_distribution(file(f, "a-1-py3-none-any.whl", p)),
    "sources": lambda p, f: (
        file(f, "pyproject.toml", f"[project]\nname = {quoted(p)}\nversion = {quoted(p)}\n")
        and check_distribution(f)
    ),
    "a set to make": lambda p, f: create_distribution(p, names=file(f, "a.txt", "a\nb"), into=f),
}
SCORES = np.zeros(3, np.float32)


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is named by a path that goes nowhere does not go into the repository."""
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", POISON)
@pytest.mark.parametrize("what", DOING)
def test_no_poison_gets_through(
    what: str, kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    failed: Exception | None = None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            result = DOING[what](POISON[kind], tmp_path)
            told += [str(one) for one in result] if isinstance(result, list) else [repr(result)]
        except Exception as error:
            failed = error
    if failed is not None:
        assert isinstance(failed, ZsclipError)
        told += [str(failed), *getattr(failed, "problems", ()), getattr(failed, "reason", "")]
        for cause in chain_of(failed):
            assert set(faults_of(str(cause))) <= {f"{len(str(cause))} characters"}
    told += [str(one.message) for one in warned if isinstance(one.message, ZsclipWarning)]
    told += [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    assert [(text[:200], faults) for text in told if (faults := faults_of(text))] == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 \x9b31m\x1b[2J\r\n\r\n",
        b"HTTP/1.1 404 \x9b31m" + b"long " * 10_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://me:" + SECRET.encode() + b"/2@h/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: ftp://\x9b31m\xff\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: \x9b31m\r\nContent-Type: \x9b2J\r\n\r\nx",
        b"\x1b[31mHTTP/1.1\r\n\r\n",
    ],
)
def test_no_answer_of_a_server_gets_through(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with answering(answer, answer) as host:
        url = f"http://me:{SECRET}@{host}/x?token={SECRET}"
        for ask in (
            lambda: load_image(url),
            lambda: fetch(url, tmp_path / "a", sha256="0" * 64, retry=ONCE, size=10),
        ):
            with pytest.raises(ZsclipError) as caught:
                ask()
            assert faults_of(str(caught.value)) == []
            assert faults_of(getattr(caught.value, "source", "")) == []
            assert [faults_of(str(cause)) for cause in chain_of(caught.value)] == [[]] * len(
                list(chain_of(caught.value))
            )


def test_no_field_of_a_saved_classifier_gets_through(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    import json

    from safetensors import safe_open

    from zsclip.saved.format import KEY, TENSOR, sealed

    path = tmp_path / "a.zsclip"
    colors.save(path)
    opened: Any
    with safe_open(path, "numpy") as opened:
        matrix, about = opened.get_tensor(TENSOR), json.loads(opened.metadata()[KEY])
    about.pop("sha256")
    for poison in POISON.values():
        for change in (
            {"zsclip": poison, "format": 9},
            {"zsclip": "1; pip install evil", "format": 9},
            {"precision": [poison]},
            {"reading": poison},
            {"weights_sha256": [poison]},
            {"model": {**about["model"], "encoder": poison}},
            {"model": {**about["model"], "encoder": "clip", "name": poison}},
            {"model": {**about["model"], "encoder": "clip", "path": poison.partition("?sig=")[0]}},
            {"model": {**about["model"], "score_function": poison}},
            {"labelset": {**about["labelset"], "name": poison, "labels": [poison]}},
            {"labelset": {**about["labelset"], "templates": [poison]}},
        ):
            save_file({TENSOR: matrix}, path, {KEY: sealed({**about, **change}, matrix)})
            with pytest.raises(ZsclipError) as caught:
                ZeroShotClassifier.load(path)
            assert faults_of(str(caught.value)) == []
            assert "pip install" not in str(caught.value)


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_no_metadata_of_a_distribution_get_through(
    poison: str, install: Callable[..., Path]
) -> None:
    line = poison.replace("\n", "\n  ")  # as headers are folded
    first = poison.splitlines()[0].partition("?sig=")[0]
    install(
        "test-garden",
        metadata=f"Metadata-Version: 2.1\nName: {line}\nVersion: {line}\n",
        entry_points=f"[zsclip.labelsets]\n{first} = x\n[zsclip.encoders]\na = {first}\n",
    )
    told = [text for info in list_labelsets() for text in (info.error or "", repr(info))]
    told += [text for entry in list_encoders() for text in (repr(entry), str(entry))]
    for ask in (
        lambda: load_labelset("a"),
        lambda: create_encoder("b"),
        lambda: create_encoder("a"),
    ):
        with pytest.raises(ZsclipError) as caught:
            ask()
        told.append(str(caught.value))
    assert [(text[:200], faults) for text in told if (faults := faults_of(text))] == []


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_no_repr_is_harmful(poison: str, colors: ZeroShotClassifier) -> None:
    for value in (
        Label("a", poison, (poison,) * 1000),
        Group(poison, poison),
        Score(poison, poison, 1.0),
        Failure(describe_source(poison), ValueError(poison)),
        Failure(describe_source(poison), ImageError(describe_source(poison), poison)),
        Prediction(describe_source(poison), SCORES, colors.labelset, colors.origin),
    ):
        assert faults_of(repr(value)) == [], type(value)


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_every_error_and_warning_tells_what_it_is_given_in_print(poison: str) -> None:
    import zsclip.errors

    classes = [
        found
        for found in vars(zsclip.errors).values()
        if isinstance(found, type) and issubclass(found, ZsclipError | ZsclipWarning)
    ]
    assert len(classes) > 30
    for found in classes:
        if issubclass(found, ImageError):
            error: Exception = found(describe_source(poison), poison)
        elif found is PromptTooLongError:
            error = PromptTooLongError(poison, 100, 77, poison)
        else:
            error = found(poison)
        assert faults_of(str(error)) == []
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert faults_of(*LabelSetFormatError("", [poison]).problems) == []


def test_a_long_message_keeps_what_to_do_about_it() -> None:
    with pytest.raises(ZsclipError) as caught:
        ZeroShotClassifier(["a", "b"], model="x/" * 500_000 + ".pt")
    assert str(caught.value).endswith("Give the path of a .pt or .safetensors file.")


def test_of_a_hundred_thousand_names_some_are_listed() -> None:
    listed = in_lines([f"{ESCAPES} {i}" for i in range(100_000)])
    assert faults_of(listed) == []
    assert listed.endswith("and 99,980 more.")
    assert nearest("labelx", [f"label{i}" for i in range(100_000)])


def test_what_a_file_holds_is_not_told(tmp_path: Path) -> None:
    for start in (b"", b"P3 ", b"P6\n", b"\x01\x02"):
        with pytest.raises(ImageError) as caught:
            load_image(file(tmp_path, "shadow", start + b"root:$6$salt$digest:19000\n" * 10))
        assert not any(word in str(caught.value) for word in ("$6$", "salt", "digest", "01 02"))


def test_a_name_that_could_not_be_tried_out_is_not_told(tmp_path: Path) -> None:
    file(tmp_path, "passwords-2026.txt", "")
    file(tmp_path, "Red-Fox.JPG", "")
    for asked, hint in (("passwords-202.txt", ""), ("red_fox.png", " Did you mean 'Red-Fox.JPG'?")):
        with pytest.raises(ImageError) as caught:
            load_image(tmp_path / asked)
        assert caught.value.reason == f"no such file.{hint}"
