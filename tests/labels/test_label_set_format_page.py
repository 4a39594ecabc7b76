"""The page on the label-set format: what it says of each rule is what zsclip says."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from zsclip.authoring import check_labelset
from zsclip.clip.tokenizer import Tokenizer

PAGE = (Path(__file__).parents[2] / "docs/label-set-format.md").read_text("utf-8")
SECTIONS = re.findall(r"^### (R\d+): .*?\n(.*?)(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
REST = {
    "schema": "1",
    "name": '"garden"',
    "license": '"CC0-1.0"',
    "source": '"own work"',
    "labels": '["robin", "wren"]',
}


class Counter:
    """CLIP's own tokenizer."""

    context_length = 77

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return Tokenizer(self.context_length).count(texts)


def test_every_rule_has_an_example() -> None:
    assert [rule for rule, _ in SECTIONS] == [f"R{i}" for i in range(1, 12)]


@pytest.mark.parametrize(("rule", "text"), SECTIONS, ids=[rule for rule, _ in SECTIONS])
def test_the_example_of_a_rule(install: Callable[..., Path], rule: str, text: str) -> None:
    toml = "".join(re.findall(r"```toml\n(.*?)```", text, re.DOTALL))
    quoted = "\n".join(line.removeprefix(">").strip() for line in re.findall(r"^>.*", text, re.M))
    messages = [re.sub(r"\\([`\\])", r"\1", " ".join(m.split())) for m in quoted.split("\n\n")]
    keys = re.findall(r"^(\w+) =", toml, re.MULTILINE)
    if rule != "R1":  # where the end of the file is the breach
        toml += "".join(f"{key} = {value}\n" for key, value in REST.items() if key not in keys)
    install("test-garden", sets={"garden": toml})

    assert check_labelset("garden", encoder=Counter()) == messages
    assert {message.split()[0] for message in messages} == {rule}


def test_the_keys_of_the_package_example_are_those_of_the_published_sets() -> None:
    example = re.findall(r"```toml\n(\[build-system\].*?)```", PAGE, re.DOTALL)
    project = tomllib.loads(example[0])
    folder = Path(__file__).parents[2] / "labelsets/satellite"
    published = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))

    assert project["project"].keys() <= published["project"].keys()
    assert project["project"]["dependencies"] == published["project"]["dependencies"]
    assert project["build-system"]["build-backend"] == published["build-system"]["build-backend"]
