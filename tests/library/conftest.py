"""Reads the lists of class names and templates out of other projects' wheels, without installing.

These projects need packages that do not load beside zsclip's, so their code is parsed and never
run. `ZSCLIP_TEST_WHEELS` names the folder that holds the wheels:

    pip download --no-deps -d FOLDER clip-benchmark open-clip-torch tensorflow-datasets mmdet
"""

from __future__ import annotations

import ast
import functools
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

VARIABLE = "ZSCLIP_TEST_WHEELS"
COMMAND = "pip download --no-deps -d {} clip-benchmark open-clip-torch tensorflow-datasets mmdet"


class Wheels:
    """The files of the wheels in a folder, by the name of their distribution."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @functools.cache  # noqa: B019 - one of these lives as long as the tests
    def read(self, distribution: str, path: str) -> str:
        stem = distribution.replace("-", "_")
        found = sorted(self.folder.glob(f"{stem}-*.whl"))
        if len(found) != 1:
            pytest.fail(
                f"{self.folder} must hold one wheel of {distribution}, got {len(found)}. "
                f"Run `{COMMAND.format(self.folder)}` with an empty folder.",
                pytrace=False,
            )
        with zipfile.ZipFile(found[0]) as archive:
            try:
                return archive.read(path).decode("utf-8")
            except KeyError:
                pytest.fail(f"{found[0].name} holds no {path} any more. Say where it is now.")

    def constant(self, distribution: str, path: str, name: str) -> ast.expr:
        """What is assigned to a name anywhere in a Python file, unevaluated."""
        for node in ast.walk(ast.parse(self.read(distribution, path))):
            if isinstance(node, ast.Assign):
                targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
                if name in targets:
                    return node.value
        pytest.fail(f"{path} of {distribution} assigns nothing to {name} any more.")

    def returned(self, distribution: str, path: str, name: str) -> ast.expr:
        """What a function of a Python file returns, unevaluated."""
        for node in ast.walk(ast.parse(self.read(distribution, path))):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                last = node.body[-1]
                if isinstance(last, ast.Return) and last.value is not None:
                    return last.value
        pytest.fail(f"{path} of {distribution} has no {name} that returns a list any more.")


@pytest.fixture(scope="session")
def wheels() -> Wheels:
    folder = os.environ.get(VARIABLE)
    if not folder or not Path(folder).is_dir():
        command = COMMAND.format("FOLDER")
        pytest.fail(
            f"These tests compare the library with other projects' wheels. Run `{command}` and set "
            f"{VARIABLE} to that folder; it is {folder!r}.",
            pytrace=False,
        )
    return Wheels(Path(folder))


@pytest.fixture(scope="session")
def read_list(wheels: Wheels) -> Callable[[str], list[str]]:
    """One published list by its address: the distribution, and where the list is in it.

    * ``clip-benchmark en names flowers``: JSON files by language
    * ``open-clip-torch IMAGENET_CLASSNAMES``: constants of zero_shot_metadata.py
    * ``tensorflow-datasets PATH.txt`` or ``tensorflow-datasets PATH.py CONSTANT``
    * ``mmdet coco`` or ``mmdet oid_v6_classes``: what its detectors call their classes
    """

    def read(address: str) -> list[str]:
        distribution, *rest = address.split()
        if distribution == "clip-benchmark":
            return _from_clip_benchmark(wheels, *rest)
        if distribution == "open-clip-torch":
            return _from_open_clip(wheels, *rest)
        if distribution == "mmdet":
            return _from_mmdet(wheels, *rest)
        assert distribution == "tensorflow-datasets", address
        path = f"tensorflow_datasets/{rest[0]}"
        if path.endswith(".txt"):
            return [line for line in wheels.read(distribution, path).splitlines() if line.strip()]
        return _texts(ast.literal_eval(wheels.constant(distribution, path, rest[1])))

    return read


def _from_clip_benchmark(wheels: Wheels, language: str, kind: str, dataset: str) -> list[str]:
    stem = {"names": "classnames", "templates": "zeroshot_classification_templates"}[kind]
    path = f"clip_benchmark/datasets/{language}_{stem}.json"
    texts = _texts(json.loads(wheels.read("clip-benchmark", path))[dataset])
    return [text.replace("{c}", "{}") for text in texts] if kind == "templates" else texts


def _from_open_clip(wheels: Wheels, name: str) -> list[str]:
    value = wheels.constant("open-clip-torch", "open_clip/zero_shot_metadata.py", name)
    if isinstance(value, ast.Tuple) and all(isinstance(e, ast.Lambda) for e in value.elts):
        return [_template(element) for element in value.elts]
    return _texts(ast.literal_eval(value))


def _from_mmdet(wheels: Wheels, name: str) -> list[str]:
    if name == "coco":
        value = wheels.constant("mmdet", "mmdet/datasets/coco.py", "METAINFO")
        return _texts(ast.literal_eval(value)["classes"])
    path = "mmdet/evaluation/functional/class_names.py"
    return _texts(ast.literal_eval(wheels.returned("mmdet", path, name)))


def _template(function: ast.expr) -> str:
    """``lambda c: f"a photo of a {c}."`` as a template."""
    assert isinstance(function, ast.Lambda)
    assert isinstance(function.body, ast.JoinedStr)
    (argument,) = (arg.arg for arg in function.args.args)
    parts = []
    for part in function.body.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            assert isinstance(part, ast.FormattedValue)
            assert isinstance(part.value, ast.Name)
            assert part.value.id == argument
            parts.append("{}")
    return "".join(parts)


def _texts(values: object) -> list[str]:
    assert isinstance(values, list | tuple)
    assert all(isinstance(value, str) for value in values)
    return [*values]
