"""The contract as a check: for authors of label sets, and for tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from zsclip.errors import (
    LabelSetFormatError,
    LabelSetUnreadableError,
    LabelSetVersionError,
    ParameterTypeError,
    ZsclipError,
)
from zsclip.labels.labelset import LabelSet
from zsclip.labels.parsing import parse_fields
from zsclip.labels.registry import load_labelset
from zsclip.labels.rules import Problem

__all__ = ["TokenCounter", "check_labelset"]

# What stands in for the templates of a set that declares none: the longest of the classifier's own,
# which this room does not know.
LONGEST_DEFAULT = "a photo of the large {}."


class TokenCounter(Protocol):
    """What rule R10 needs of an encoder."""

    @property
    def context_length(self) -> int:
        """How many tokens a prompt may have, start and end tokens included."""

    def count_tokens(self, texts: Sequence[str]) -> Sequence[int]:
        """The number of tokens of each text, start and end tokens included."""


def check_labelset(
    labelset: LabelSet | str | os.PathLike[str], *, encoder: TokenCounter | None = None
) -> list[str]:
    """Check a label set by the rules of the contract.

    Args:
        labelset: A set; the path of a label-set file, as a path object or as a text that ends in
            ``.toml`` or holds a slash; or the name of an installed set. Where a file lies in a
            package, it must give itself the name that the file has.
        encoder: Checks also that every prompt fits this encoder's context (rule R10).

    Returns:
        Every breach, as a text that starts with the rule, such as ``R6``, and says where it is and
        what to do. None where all is well.

    Raises:
        LabelSetNotFoundError: No set of this name is installed.
        LabelSetConflictError: Several distributions offer one of this name.
        LabelSetUnreadableError: There is no file at this path, or it cannot be read.
        ParameterTypeError: `labelset` is none of these.

    Examples:
        >>> check_labelset(LabelSet.from_names(["cat", "dog"]))
        []
    """
    try:
        checked = _load(labelset)
    except LabelSetFormatError as error:
        return list(error.problems)
    except LabelSetVersionError as error:
        return [f"R2 schema: {error}"]
    except LabelSetUnreadableError as error:
        if not _is_installed_name(labelset):
            raise
        return [f"R1 file: {error}"]
    return [] if encoder is None else _check_lengths(checked, encoder)


def _load(labelset: LabelSet | str | os.PathLike[str]) -> LabelSet:
    if isinstance(labelset, LabelSet):
        return labelset
    if not isinstance(labelset, str | os.PathLike):
        raise ParameterTypeError(
            f"`labelset` must be a LabelSet, a path or a name, got {type(labelset).__name__}. "
            "Make a set of names with `LabelSet.from_names`."
        )
    if isinstance(labelset, str) and _is_installed_name(labelset):
        return load_labelset(labelset)
    path = Path(labelset)
    if not (path.parent / "__init__.py").exists():
        return LabelSet.from_toml(path)
    try:
        data = path.read_bytes()
    except OSError:
        return LabelSet.from_toml(path)  # which says what is wrong with the path
    return LabelSet(**parse_fields(data, file=os.fspath(path), name=path.stem))


def _is_installed_name(labelset: object) -> bool:
    if not isinstance(labelset, str):
        return False
    return not (labelset.endswith(".toml") or "/" in labelset or os.sep in labelset)


def _check_lengths(labelset: LabelSet, encoder: TokenCounter) -> list[str]:
    """Rule R10."""
    places: list[str] = []
    prompts: list[str] = []
    for i, label in enumerate(labelset):
        for prompt in label.prompts_with(labelset.templates or [LONGEST_DEFAULT]):
            places.append(f"labels[{i}] ({label.id!r})")
            prompts.append(prompt)
    limit = encoder.context_length
    problems = []
    for place, prompt, count in zip(places, prompts, _counts(prompts, encoder), strict=True):
        if isinstance(count, str):
            message = f"the prompt {prompt!r} cannot be encoded: {count}"
            problems.append(str(Problem(10, place, message)))
        elif count > limit:
            message = (
                f"the prompt {prompt!r} has {count} tokens, and the encoder takes {limit}. "
                "Shorten the name, the alias or the template."
            )
            problems.append(str(Problem(10, place, message)))
    return problems


def _counts(prompts: list[str], encoder: TokenCounter) -> list[int | str]:
    """The number of tokens of each prompt, or the reason why the encoder refuses it."""
    try:
        return list(encoder.count_tokens(prompts))
    except ZsclipError:
        pass  # one of them is refused, and which one is to be said
    counts: list[int | str] = []
    for prompt in prompts:
        try:
            counts += encoder.count_tokens([prompt])
        except ZsclipError as error:
            counts.append(str(error))
    return counts
