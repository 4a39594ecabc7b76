"""Label-set files written: a set as the text of a file that reads as an equal set."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

from zsclip.errors import LabelError
from zsclip.labels.drafts import PROSE
from zsclip.labels.rules import check_draft
from zsclip.labels.toml import SCHEMA, read_toml
from zsclip.labels.values import Expected, Group, Label
from zsclip.wording import brief, in_lines

__all__ = ["write_toml"]

WIDTH = 100
_TEXTS = ("name", "title", "description", "license", "source", "citation", "language")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write_toml(
    about: Mapping[str, str],
    *,
    labels: Sequence[Label],
    groups: Sequence[Group],
    templates: Sequence[str],
    null_prompts: Sequence[str],
    expected: Sequence[Expected],
) -> str:
    """The text of a file of schema 1, one label a line.

    Args:
        about: What the set says of itself, from its name to its language.
        labels: Its labels.
        groups: Its groups.
        templates: Its templates.
        null_prompts: Its null prompts.
        expected: Its published figures.

    Raises:
        LabelError: The set says no license or no source, or cannot be read back.
    """
    name = about["name"]
    if missing := [key for key in ("license", "source") if not about[key]]:
        given = ", ".join(f'{key}="..."' for key in missing)
        raise LabelError(
            f"The label set {brief(name)} says no {' and no '.join(missing)}, and a file has to. "
            f"Write to_toml({given})."
        )
    lines = [f"schema = {SCHEMA}"]
    for key in _TEXTS:
        if value := about[key]:
            long = key in PROSE and (len(value) > WIDTH - 20 or "\n" in value)
            lines.append(f"{key} = {_prose(value) if long else _text(value)}")
    lines += _list("templates", (_text(template) for template in templates))
    lines += _list("null_prompts", (_text(prompt) for prompt in null_prompts))
    lines += _list("groups", (_group(group) for group in groups))
    lines += _list("labels", (_label(label) for label in labels))
    for row in expected:
        lines += ["", "[[expected]]", *_expected(row)]
    text = "".join(f"{line}\n" for line in lines)
    if problems := check_draft(read_toml(text.encode(), file="to_toml")):
        told = in_lines(problems)
        raise LabelError(f"The label set {brief(name)} makes no file that can be read:{told}")
    return text


def _list(key: str, items: Iterable[str]) -> list[str]:
    lines = [f"    {item}," for item in items]
    return ["", f"{key} = [", *lines, "]"] if lines else []


def _label(label: Label) -> str:
    own_id = "" if label.id == label.name else _text(label.id)
    parts = {
        "id": own_id,
        "name": _text(label.name),
        "aliases": _texts(label.aliases),
        "prompts": _texts(label.prompts),
        "parent": _text(label.parent) if label.parent is not None else "",
    }
    return _table(parts) if own_id or label != Label(label.id, label.name) else parts["name"]


def _group(group: Group) -> str:
    name = "" if group.id == group.name else _text(group.name)
    if not name and group.parent is None:
        return _text(group.id)
    parent = _text(group.parent) if group.parent is not None else ""
    return _table({"id": _text(group.id), "name": name, "parent": parent})


def _table(parts: dict[str, str]) -> str:
    return f"{{ {', '.join(f'{key} = {value}' for key, value in parts.items() if value)} }}"


def _texts(values: tuple[str, ...]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]" if values else ""


def _expected(row: Expected) -> list[str]:
    return [
        f"model = {_text(row.model)}",
        f"metric = {_text(row.metric)}",
        f"value = {float(row.value)!r}",
        f"source = {_text(row.source)}",
    ]


def _text(value: str) -> str:
    """A text on one line, in the quotes that need no escapes where there are such."""
    if ('"' in value or "\\" in value) and "'" not in value and value.isprintable():
        return f"'{value}'"
    return f'"{_escaped(value)}"'


def _escaped(value: str) -> str:
    return "".join(_ESCAPES.get(char) or _printable(char) for char in value)


def _printable(char: str) -> str:
    """The character, or its number where an editor would not show it."""
    if char.isprintable() or char in "\u200c\u200d":  # joiners, which some scripts spell with
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _prose(value: str) -> str:
    """A text of many words or lines, with a backslash where a line is only broken to be short."""
    lines = [line for paragraph in value.split("\n") for line in _wrapped(_escaped(paragraph))]
    # Quotes stay as they are, but where several of them could end the text.
    return '"""\n' + re.sub(r'\\"(?!\\"|\Z)', '"', "\n".join(lines)) + '"""'


def _wrapped(paragraph: str) -> list[str]:
    # TOML drops all white space after the backslash, so the next line starts with none.
    breaks = [match.end() for match in re.finditer(r" (?=[^ ])", paragraph)]
    lines = []
    start = 0
    while len(paragraph) - start >= WIDTH:
        following = bisect_right(breaks, start)
        if following == len(breaks):
            break
        last = bisect_left(breaks, start + WIDTH) - 1
        end = breaks[max(last, following)]
        lines.append(f"{paragraph[start:end]}\\")
        start = end
    return [*lines, paragraph[start:]]
