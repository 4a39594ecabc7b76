"""A new distribution of a label set: everything that an index, an installer and zsclip want."""

from __future__ import annotations

import dataclasses
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from zsclip.authoring.layout import distribution_files, known_licenses
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.files import making_folder
from zsclip.labels import Group, Label, LabelSet
from zsclip.labels.reading import decode
from zsclip.labels.tables import lines_of, words_of
from zsclip.labels.toml import NAME_FORM
from zsclip.masking import masked_url
from zsclip.spelling import parse_labels, parse_spelling
from zsclip.wording import brief, counted, did_you_mean

__all__ = ["Scaffold", "create_distribution", "suggest_name"]

DEFAULT_LICENSE = "CC0-1.0"

EXAMPLE = LabelSet(
    "example",
    (
        Label("robin", "robin", ("European robin", "robin redbreast"), parent="songbird"),
        Label("blue-tit", "blue tit", parent="tit"),
        Label("great-tit", "great tit", parent="tit"),
        Label("wood-pigeon", "wood pigeon"),
    ),
    templates=("a photo of a {}, a type of bird.", "a photo of the {} at a feeder."),
    groups=(Group("songbird", "songbird"), Group("tit", "tit", parent="songbird")),
    description="An example, to be replaced: four birds in two groups, with aliases and templates.",
    source="Written as an example by zsclip labelsets new.",
    language="en",
)


@dataclass(frozen=True, slots=True)
class Scaffold:
    """A distribution that was written.

    Attributes:
        folder: Its folder.
        files: The paths of its files from there.
        labelset: Its label set.
        account: What was done to the names, and what was filled in, a line each.
    """

    folder: Path
    files: tuple[str, ...]
    labelset: LabelSet
    account: tuple[str, ...]


def create_distribution(
    name: str,
    names: str | os.PathLike[str] | None = None,
    *,
    templates: Iterable[str] = (),
    license: str = "",  # noqa: A002 - the name of the key
    source: str = "",
    into: str | os.PathLike[str] = ".",
) -> Scaffold:
    """Write a complete distribution of a label set, into a folder of its own.

    Names are tidied as far as that is safe: white space around them goes, and underscores become
    spaces, with the old form kept as the label's id. Nothing is dropped in silence.

    Args:
        name: The label set's name; the folder's as well.
        names: What spells the labels, as for `zsclip.spelling.parse_labels`: a file of names (one a
            line), a table (``.csv``, ``.tsv``), a label-set file (``.toml``), a folder of class
            folders, installed sets and parts of them. None writes an example.
        templates: Texts with one ``{}`` each, in place of those that `names` has.
        license: SPDX expression of the license of the names; if neither this nor `names` says one,
            ``CC0-1.0``.
        source: Where the names come from; if neither this nor `names` says it, the file's name.
        into: The folder to make the new folder in.

    Returns:
        What was written, and an account of it.

    Raises:
        ParameterError: `name` is no name for a label set, `license` no SPDX expression, or there is
            something at the new folder's path already.
        LabelSetError: The names break rules or cannot be read; every breach is named.
        LabelError: Likewise, once they are tidied.
        OSError: The files cannot be written.
        ParameterTypeError: `name` is no text.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = create_distribution("garden-birds", into=folder)
        >>> made.labelset
        <LabelSet 'garden-birds' 4 labels, 2 templates>
        >>> made.files[0]
        'pyproject.toml'
    """
    _require_name(name)
    account: list[str] = []
    labelset = EXAMPLE if names is None else _read(names, account)
    if names is None:
        account.append("No names were given: the labels are an example, to be replaced.")
    own = tuple(templates)
    if own:
        labelset = labelset.with_templates(own)
    elif not labelset.templates:
        account.append("No templates were given: the classifier's own are used.")
    license = _license(license or labelset.license, account)  # noqa: A001
    source = source or labelset.source
    if not source:
        assert names is not None
        source = f"The names in {_shown_name(names)}"
        account.append(
            f"No source was given: it says {brief(source)}. Say where the names come from."
        )
    labelset = dataclasses.replace(
        labelset,
        name=name,
        title=labelset.title or name.replace("-", " ").capitalize(),
        license=license,
        source=source,
        provenance=(),
    )
    files = distribution_files(labelset)
    folder = Path(into) / name
    _write(folder, files)
    return Scaffold(folder, tuple(files), labelset, tuple(account))


# ------------------------------------------------------------------------------------------- names


def suggest_name(text: str) -> str:
    """The nearest name that a label set can have; empty where there is none.

    Examples:
        >>> suggest_name("Garden_Birds 2!"), suggest_name("Vögel"), suggest_name("鳥")
        ('garden-birds-2', 'vogel', '')
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _require_name(name: str) -> None:
    if not isinstance(name, str):
        raise ParameterTypeError(
            f"`name` must be a text, got {brief(name)}. Pass a label set's name."
        )
    if re.fullmatch(NAME_FORM, name):
        return
    near = suggest_name(masked_url(name))
    hint = f"Try {brief(near)}." if near else "Try something like 'garden-birds'."
    raise ParameterError(
        "`name` must be lower-case letters and digits with single hyphens between words, got "
        f"{brief(name)}. {hint}"
    )


def _read(names: str | os.PathLike[str], account: list[str]) -> LabelSet:
    """The labels, with what was done to them noted in `account`."""
    spelling = parse_spelling(names)
    labelset = parse_labels(names)
    ending = Path(spelling.text).suffix.lower() if spelling.kind == "file" else ""
    if spelling.kind == "folder":
        account.append(f"{_shown_name(names)}: {len(labelset)} class folders")
        account += [
            f"  {brief(label.id)} is called {brief(label.name)}; its id stays {brief(label.id)}"
            for label in labelset
            if label.name != label.id
        ]
        return labelset
    if ending == ".txt" and not spelling.part:
        account += _account_of_lines(Path(spelling.text), len(labelset))
    else:
        shown = Path(spelling.text).name if ending else os.fspath(names)
        account.append(f"{shown}: {counted(len(labelset), 'label')}")
    if ending not in (".txt", ".csv", ".tsv"):
        return labelset
    if ending != ".txt":
        account += [f"  {text}" for label in labelset if (text := _in_words(label))]
    return dataclasses.replace(labelset, labels=tuple(_tidied(label) for label in labelset))


def _account_of_lines(path: Path, count: int) -> Iterator[str]:
    """What `LabelSet.from_txt` made of each line, where that is not the line itself."""
    lines = list(lines_of(decode(path.read_bytes(), str(path))))
    yield f"{path.name}: {counted(len(lines), 'line')}, {counted(count, 'label')}"
    for number, line in lines:
        label = line.strip()
        if not label:
            yield f"  line {number}: blank, skipped"
        elif label.startswith("#"):
            yield f"  line {number}: a comment, skipped"
        else:
            done = [f"white space removed around {brief(label)}"] if label != line else []
            done += filter(None, [_in_words(Label(label, label))])
            if done:
                yield f"  line {number}: {'; '.join(done)}"


def _in_words(label: Label) -> str:
    """What `_tidied` does to a label, as a line of the account; empty if nothing."""
    tidied = _tidied(label)
    if tidied is label:
        return ""
    return f"{brief(label.name)} is called {brief(tidied.name)}; its id stays"


def _tidied(label: Label) -> Label:
    """A label whose name was an identifier, with that as its id and its name in words."""
    if label.id != label.name or "_" not in label.name:
        return label
    words = words_of(label.name)
    return label if words == label.name else dataclasses.replace(label, name=words)


def _shown_name(path: str | os.PathLike[str]) -> str:
    return Path(os.path.abspath(path)).name  # noqa: PTH100 - resolve() would follow links


# ----------------------------------------------------------------------------------------- license


def _license(given: str, account: list[str]) -> str:
    """The license in its own spelling, or the default, which is noted in `account`."""
    if not given:
        account.append(
            f"No license was given: it says {DEFAULT_LICENSE}, which gives all rights away. Give "
            "another with --license if the names are not yours to give."
        )
        return DEFAULT_LICENSE
    known = known_licenses()
    for one in known:
        if one.casefold() == given.casefold():
            return one
    part = r"\(*(?!(?:AND|OR|WITH)\b)[A-Za-z0-9][A-Za-z0-9.+-]*\)*"
    joined = re.fullmatch(rf"{part}( (AND|OR|WITH) {part})*", given)
    if not joined or given.count("(") != given.count(")"):
        hint = did_you_mean(given, known)
        raise ParameterError(
            f"`license` must be an SPDX expression such as CC0-1.0 or MIT, got {brief(given)}. "
            f"{hint}"
        )
    strange = set(re.split(r"[\s()]+", given)) - {*known, "AND", "OR", "WITH", ""}
    account += [
        f"{brief(one)} is no license that is common for data. If it is none of https://spdx.org/"
        "licenses, building the package will fail."
        for one in sorted(strange)
        if not one.startswith("LicenseRef-")
    ]
    return given


# ----------------------------------------------------------------------------------------- writing


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write the files into a folder that is made for them, all or none."""
    try:
        with making_folder(folder) as made:
            for path, text in files.items():
                target = made / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8", newline="\n")
    except FileExistsError:
        if not os.path.lexists(folder):  # it is one of the folders above that is something else
            raise
        raise ParameterError(
            f"{brief(str(folder))} is there already, and nothing is overwritten. Give another "
            "name, or another folder to make it in."
        ) from None
