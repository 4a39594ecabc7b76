"""Label-set files read: from the bytes to a draft, with every breach of the file format noted.

TOML in UTF-8, and no input that stops the process. What labels and templates may say is judged by
`zsclip.labels.rules` afterwards.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import tomllib
from typing import Any

from zsclip.errors import LabelSetVersionError
from zsclip.labels.drafts import ABOUT, PROSE, Draft, DraftNode, Text
from zsclip.labels.reading import read_bytes
from zsclip.labels.rules import check_text
from zsclip.labels.values import Expected, Provenance
from zsclip.wording import Hints, brief, shown

__all__ = ["NAME_FORM", "SCHEMA", "load_table", "read_toml", "read_toml_file"]

SCHEMA = 1
"""The newest schema that this version reads."""

NAME_FORM = "[a-z0-9]+(-[a-z0-9]+)*"
"""What the name of an installed label set looks like."""

_KEYS = ("schema", *ABOUT, "templates", "null_prompts", "groups", "labels", "expected")
_LABEL_KEYS = ("id", "name", "aliases", "prompts", "parent")
_GROUP_KEYS = ("id", "name", "parent")
_EXPECTED_KEYS = ("model", "metric", "value", "source")

# For a key of n parts tomllib needs memory and time that grow with the square of n and faster, so a
# file of 200 kB could stop a process. No part of a label set is nested that deeply.
_PART = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_KEY_CHAIN = re.compile(rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{99}}")

# Its pattern of numbers keeps a hundred bytes for each digit, and Python reads no longer ones.
_LONG_NUMBER = re.compile(r"[=\[,]\s*+[-+]?[0-9][0-9a-fxo_.+-]{4300}", re.IGNORECASE)


def read_toml_file(path: str | os.PathLike[str], *, name: str | None = None) -> Draft:
    """The draft in a label-set file; `name` is what the file must call itself, if anything."""
    hint = "an installed label set is loaded by its name, with `load_labelset`"
    data = read_bytes(path, "label-set file", hint)
    return read_toml(data, file=os.fspath(path), name=name)


def read_toml(
    data: bytes, *, file: str, name: str | None = None, distribution: str = "", version: str = ""
) -> Draft:
    """The draft in a label-set file, with what breaks the rules R1 to R4 and R9.

    Args:
        data: The file's bytes.
        file: What to call the file in messages and in the provenance.
        name: The name that the file must give itself; None accepts any.
        distribution: The distribution that the file is from, if it is installed.
        version: That distribution's version.

    Raises:
        LabelSetVersionError: The file follows a newer schema.
    """
    draft = Draft(
        f"The label set {brief(name)} of {shown(distribution)} ({shown(file)})"
        if distribution
        else f"The label-set file {shown(file)}",
        provenance=(Provenance(distribution, version, file, hashlib.sha256(data).hexdigest()),),
    )
    table = load_table(data)
    if isinstance(table, str):
        draft.note("R1", "file", table)
        return draft
    schema = table.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise LabelSetVersionError(
            f"{draft.what} follows schema {_show(schema)}, and this version of zsclip knows schema "
            f"{SCHEMA} at most. Upgrade it: pip install --upgrade zsclip"
        )
    _Reader(draft).read(table, name)
    return draft


def load_table(data: bytes) -> dict[str, Any] | str:
    """The table that a TOML file holds, or the reason why it holds none (rule R1)."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            reason = "is UTF-16. Save it as UTF-8."
        elif data.startswith(b"\xef\xbb\xbf"):
            reason = "starts with a byte-order mark. Save it as UTF-8 without one."
        else:
            text = data.decode("utf-8")
            if _KEY_CHAIN.search(text):
                reason = "chains a hundred keys with dots. Remove the nesting."
            elif _LONG_NUMBER.search(text):
                reason = "holds a number of more than 4,300 digits. Shorten it."
            else:
                return tomllib.loads(text)
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        reason = f"is not UTF-8 ({found}). Save it as UTF-8."
    except RecursionError:
        reason = "nests its values too deeply to be read. Remove the nesting."
    except ValueError as error:  # TOMLDecodeError, and integers of more digits than Python reads
        reason = f"is not TOML: {str(error).rstrip('.')}. Correct it there."
    return reason


def _show(value: object) -> str:
    """A short text for any value of TOML, however deep, long or large."""
    if isinstance(value, str):
        return brief(value)
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a very large integer"
    return str(value)


class _Reader:
    """Takes the values out of a table into a draft, and notes what is wrong with their form."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.note = draft.note
        self.hints = Hints()

    def read(self, table: dict[str, Any], name: str | None) -> None:
        """The whole file."""
        self.known_keys(table, _KEYS, "")
        self.schema(table)
        for key in ABOUT:
            self.about(table, key)
        self.name("name" in table, name)
        self.draft.labels = self.nodes(table, "labels", _LABEL_KEYS)
        self.draft.groups = self.nodes(table, "groups", _GROUP_KEYS)
        self.draft.templates = self.texts(table, "templates")
        self.draft.null_prompts = self.texts(table, "null_prompts")
        # Where `labels` is no list, that is the problem, and not that it holds none.
        self.draft.is_empty = table.get("labels", []) == []
        for i, row in enumerate(self.items(table, "expected", "expected", "{ ... }")):
            self.expected(row, f"expected[{i}]")

    def known_keys(self, table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in table:
            if key not in known:
                hint = self.hints.about(key, known)
                place = f"{where}.{_shorten(key)}" if where else _shorten(key)
                self.note("R4", place, f"is no key that belongs here. {hint}Rename or remove it.")

    def schema(self, table: dict[str, Any]) -> None:
        schema = table.get("schema")
        if "schema" not in table:
            self.note("R2", "schema", f"is missing. Write schema = {SCHEMA}.")
        elif type(schema) is not int or schema != SCHEMA:
            message = f"must be the integer {SCHEMA}, got {_show(schema)}. Write schema = {SCHEMA}."
            self.note("R2", "schema", message)

    def about(self, table: dict[str, Any], key: str) -> None:
        """One of the file's own texts; not there where it is missing or wrong."""
        text = self.text(table, key, key)
        if text is None:
            if key in ("license", "source") and key not in table:
                example = 'license = "CC0-1.0"' if key == "license" else 'source = "own work"'
                self.note("R9", key, f"is missing. Say it, as in {example}.")
            return
        if key in PROSE:  # """ ... """ ends in a line break more often than not
            text = Text(key, text.value.strip())
        if key in ("license", "source") and not text.value.strip():
            self.note("R9", key, "is empty. Say which license the data has and where it is from.")
        else:
            self.draft.about[key] = text

    def name(self, given: bool, expected: str | None) -> None:
        value = self.draft.said("name")
        if not given:
            self.note("R3", "name", f'is missing. Write name = "{expected or "my-labels"}".')
        elif expected is not None and value and value != expected:
            message = (
                f"must be {brief(expected)}, the name under which the set is declared and the "
                f"file is stored, got {_show(value)}. Change one of them."
            )
            self.note("R3", "name", message)

    def text(self, table: dict[str, Any], key: str, where: str) -> Text | None:
        if key not in table:
            return None
        value = table[key]
        if not isinstance(value, str):
            self.note("R4", where, f'must be a text, got {_show(value)}. Write {key} = "...".')
            return None
        return Text(where, value)

    def items(self, table: dict[str, Any], key: str, where: str, example: str) -> list[Any]:
        value = table.get(key, [])
        if isinstance(value, list):
            return value
        self.note("R4", where, f"must be a list, got {_show(value)}. Write {key} = [{example}].")
        return []

    def texts(self, table: dict[str, Any], key: str, inside: str = "") -> list[Text]:
        where = f"{inside}.{key}" if inside else key
        texts = []
        for i, value in enumerate(self.items(table, key, where, '"..."')):
            if isinstance(value, str):
                texts.append(Text(f"{where}[{i}]", value))
            else:
                message = f"must be a text, got {_show(value)}. Put it in quotes."
                self.note("R4", f"{where}[{i}]", message)
        return texts

    def nodes(self, table: dict[str, Any], key: str, known: tuple[str, ...]) -> list[DraftNode]:
        """The labels or the groups: each a string, or a table with an id, a name or both."""
        nodes = []
        for i, value in enumerate(self.items(table, key, key, '"...", "..."')):
            where = f"{key}[{i}]"
            if isinstance(value, str):
                nodes.append(DraftNode(where, Text(where, value)))
            elif isinstance(value, dict):
                nodes.append(self.node(value, where, known))
            else:
                message = f"must be a text or a table, got {_show(value)}. Put it in quotes."
                self.note("R4", where, message)
        return nodes

    def node(self, table: dict[str, Any], where: str, known: tuple[str, ...]) -> DraftNode:
        self.known_keys(table, known, where)
        node = DraftNode(
            where,
            name=self.text(table, "name", f"{where}.name"),
            id=self.text(table, "id", f"{where}.id"),
            parent=self.text(table, "parent", f"{where}.parent"),
        )
        if "aliases" in known:
            node.aliases = self.texts(table, "aliases", where)
            node.prompts = self.texts(table, "prompts", where)
        if "name" not in table:
            if known is _LABEL_KEYS or "id" not in table:
                self.note("R4", f"{where}.name", 'is missing. Write name = "...".')
            elif node.id is not None:
                node.name = Text(f"{where}.id", node.id.value)
                node.id = None
        return node

    def expected(self, row: object, where: str) -> None:
        if not isinstance(row, dict):
            message = f"must be a table, got {_show(row)}. Its keys: model, metric, value, source."
            self.note("R4", where, message)
            return
        self.known_keys(row, _EXPECTED_KEYS, where)
        for key in _EXPECTED_KEYS:
            if key not in row:
                self.note("R4", f"{where}.{key}", "is missing. Add it.")
        texts = [self.text(row, key, f"{where}.{key}") for key in ("model", "metric", "source")]
        value = self.number(row, where)
        model, metric, source = texts
        if model and metric and source and value is not None:
            self.draft.expected.append(Expected(model.value, metric.value, value, source.value))
        else:  # which is no figure, and its texts are to be looked at all the same
            self.draft.problems += [p for text in texts if text for p in check_text(text)]

    def number(self, row: dict[str, Any], where: str) -> float | None:
        value = row.get("value", 0)
        if type(value) is int and abs(value) < 10**20:
            return float(value)
        if isinstance(value, float) and math.isfinite(value):
            return value
        self.note(
            "R4", f"{where}.value", f"must be a finite number, got {_show(value)}. Correct it."
        )
        return None


def _shorten(key: str) -> str:
    """A key as a message shows it: bare where TOML would allow that, quoted otherwise."""
    bare = key.replace("-", "").replace("_", "")
    return key if len(key) <= 40 and bare.isascii() and bare.isalnum() else _show(key)
