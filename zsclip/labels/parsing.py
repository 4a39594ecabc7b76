"""A label-set file, from its bytes to its fields, with every breach of the contract at once."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Any

from zsclip.errors import LabelSetFormatError, LabelSetVersionError, did_you_mean
from zsclip.labels.fields import Fields, fields_of_draft
from zsclip.labels.rules import Draft, DraftNode, Problem, Text, check_draft, check_text, in_order
from zsclip.labels.toml import read_toml
from zsclip.labels.values import Expected, Provenance

__all__ = ["NAME_FORM", "SCHEMA", "format_error", "parse_fields"]

SCHEMA = 1
"""The newest schema that this version reads."""

NAME_FORM = "[a-z0-9]+(-[a-z0-9]+)*"
"""What the name of an installed label set looks like."""

_TEXT_KEYS = ("name", "license", "source", "title", "description", "citation", "language")
_PROSE_KEYS = frozenset({"source", "description", "citation"})
_KEYS = ("schema", *_TEXT_KEYS, "templates", "groups", "labels", "expected")
_LABEL_KEYS = ("id", "name", "aliases", "prompts", "parent")
_GROUP_KEYS = ("id", "name", "parent")
_EXPECTED_KEYS = ("model", "metric", "value", "source")


def parse_fields(
    data: bytes, *, file: str, name: str | None = None, distribution: str = "", version: str = ""
) -> Fields:
    """Read a label-set file and check it by the rules R1 to R9 and R11.

    Args:
        data: The file's bytes.
        file: What to call the file in messages and in the provenance.
        name: The name that the file must give itself; None accepts any.
        distribution: The distribution that the file is from, if it is installed.
        version: That distribution's version.

    Returns:
        The fields of the label set.

    Raises:
        LabelSetFormatError: The file breaks rules; `problems` holds every breach.
        LabelSetVersionError: The file follows a newer schema.
    """
    what = f"The label-set file {file}"
    if distribution:
        what = f"The label set {name!r} of {distribution} ({file})"
    table = read_toml(data)
    if isinstance(table, str):
        raise format_error(what, [Problem(1, "file", table)])
    schema = table.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise LabelSetVersionError(
            f"{what} follows schema {_show(schema)}, and this version of zsclip knows schema "
            f"{SCHEMA} at most. Upgrade it: pip install --upgrade zsclip"
        )
    reader = _Reader()
    provenance = Provenance(distribution, version, file, hashlib.sha256(data).hexdigest())
    fields = reader.read(table, name, provenance)
    if reader.problems:
        raise format_error(what, reader.problems)
    return fields


def format_error(what: str, problems: Iterable[Problem]) -> LabelSetFormatError:
    """The error that lists every problem, by rule."""
    texts = [str(p) for p in in_order(problems)]
    count = "one rule" if len(texts) == 1 else f"the rules in {len(texts)} places"
    lines = "".join(f"\n  - {text}" for text in texts)
    return LabelSetFormatError(f"{what} breaks {count} of label sets:{lines}", texts)


def _show(value: object) -> str:
    """A short text for any value of TOML, however deep, long or large."""
    if isinstance(value, str):
        return repr(value if len(value) <= 80 else value[:79] + "…")
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a very large integer"
    return str(value)


class _Reader:
    """Takes the values out of a table, and notes what is wrong in `problems`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, rule: int, where: str, message: str) -> None:
        self.problems.append(Problem(rule, where, message))

    def read(self, table: dict[str, Any], name: str | None, provenance: Provenance) -> Fields:
        """The fields of the whole file; only of use where no problem was noted."""
        self.known_keys(table, _KEYS, "")
        self.schema(table)
        texts = {key: self.field(table, key) for key in _TEXT_KEYS}
        self.name(texts["name"], "name" in table, name)
        draft = Draft(
            labels=self.nodes(table, "labels", _LABEL_KEYS),
            groups=self.nodes(table, "groups", _GROUP_KEYS),
            templates=self.texts(table, "templates"),
        )
        # Where `labels` is no list, that is the problem, and not that it holds too few.
        listed = table.get("labels", [])
        draft.n_labels = len(listed) if isinstance(listed, list) else 2
        self.problems += check_draft(draft)
        return {
            **fields_of_draft(draft, texts["name"], provenance),
            "license": texts["license"],
            "source": texts["source"],
            "title": texts["title"],
            "description": texts["description"],
            "citation": texts["citation"],
            "language": texts["language"],
            "expected": self.expected(table),
        }

    def known_keys(self, table: dict[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known)
                place = f"{where}.{_shorten(key)}" if where else _shorten(key)
                self.note(4, place, f"is no key that belongs here. {hint} Rename or remove it.")

    def schema(self, table: dict[str, Any]) -> None:
        schema = table.get("schema")
        if "schema" not in table:
            self.note(2, "schema", f"is missing. Write schema = {SCHEMA}.")
        elif type(schema) is not int or schema != SCHEMA:
            message = f"must be the integer {SCHEMA}, got {_show(schema)}. Write schema = {SCHEMA}."
            self.note(2, "schema", message)

    def field(self, table: dict[str, Any], key: str) -> str:
        """One of the file's own texts; empty where it is missing or wrong."""
        text = self.text(table, key, key)
        if text is None:
            if key in ("license", "source") and key not in table:
                example = 'license = "CC0-1.0"' if key == "license" else 'source = "own work"'
                self.note(9, key, f"is missing. Say it, as in {example}.")
            return ""
        if key in _PROSE_KEYS:  # """ ... """ ends in a line break more often than not
            text = Text(key, text.value.strip())
        if key in ("license", "source") and not text.value.strip():
            self.note(9, key, "is empty. Say which license the data has and where it is from.")
        else:
            self.problems += check_text(text, prose=key in _PROSE_KEYS)
        return text.value

    def name(self, value: str, given: bool, expected: str | None) -> None:
        if not given:
            self.note(3, "name", f'is missing. Write name = "{expected or "my-labels"}".')
        elif expected is not None and value and value != expected:
            message = (
                f"must be {expected!r}, the name under which the set is declared and the file is "
                f"stored, got {_show(value)}. Change one of them."
            )
            self.note(3, "name", message)

    def text(self, table: dict[str, Any], key: str, where: str) -> Text | None:
        if key not in table:
            return None
        value = table[key]
        if not isinstance(value, str):
            self.note(4, where, f'must be a text, got {_show(value)}. Write {key} = "...".')
            return None
        return Text(where, value)

    def items(self, table: dict[str, Any], key: str, where: str, example: str) -> list[Any]:
        value = table.get(key, [])
        if isinstance(value, list):
            return value
        self.note(4, where, f"must be a list, got {_show(value)}. Write {key} = [{example}].")
        return []

    def texts(self, table: dict[str, Any], key: str, inside: str = "") -> list[Text]:
        where = f"{inside}.{key}" if inside else key
        texts = []
        for i, value in enumerate(self.items(table, key, where, '"..."')):
            if isinstance(value, str):
                texts.append(Text(f"{where}[{i}]", value))
            else:
                message = f"must be a text, got {_show(value)}. Put it in quotes."
                self.note(4, f"{where}[{i}]", message)
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
                self.note(4, where, message)
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
                self.note(4, f"{where}.name", 'is missing. Write name = "...".')
            elif node.id is not None:
                node.name = Text(f"{where}.id", node.id.value)
                node.id = None
        return node

    def expected(self, table: dict[str, Any]) -> tuple[Expected, ...]:
        rows = []
        for i, row in enumerate(self.items(table, "expected", "expected", "{ ... }")):
            where = f"expected[{i}]"
            if not isinstance(row, dict):
                message = (
                    f"must be a table, got {_show(row)}. Its keys: model, metric, value, source."
                )
                self.note(4, where, message)
                continue
            self.known_keys(row, _EXPECTED_KEYS, where)
            for key in _EXPECTED_KEYS:
                if key not in row:
                    self.note(4, f"{where}.{key}", "is missing. Add it.")
            model, metric, source = (
                self.text(row, key, f"{where}.{key}") for key in ("model", "metric", "source")
            )
            for text in (model, metric, source):
                if text is not None:
                    self.problems += check_text(text)
            value = self.number(row, where)
            if model and metric and source and value is not None:
                rows.append(Expected(model.value, metric.value, value, source.value))
        return tuple(rows)

    def number(self, row: dict[str, Any], where: str) -> float | None:
        value = row.get("value", 0)
        if type(value) is int and abs(value) < 10**20:
            return float(value)
        if isinstance(value, float) and math.isfinite(value):
            return value
        self.note(4, f"{where}.value", f"must be a finite number, got {_show(value)}. Correct it.")
        return None


def _shorten(key: str) -> str:
    """A key as a message shows it: bare where TOML would allow that, quoted otherwise."""
    bare = key.replace("-", "").replace("_", "")
    return key if len(key) <= 40 and bare.isascii() and bare.isalnum() else _show(key)
