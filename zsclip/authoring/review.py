"""What a check of label sets finds, piece by piece, and the rules that it goes by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from zsclip.errors import ZsclipError
from zsclip.labels import (
    DEFAULT_TEMPLATES,
    LabelSet,
    Problem,
    TokenCounter,
    blocks_of_prompts,
    find_too_long,
)
from zsclip.labels.drafts import Draft
from zsclip.labels.labelset import labelset_of_checked
from zsclip.labels.rules import check_draft
from zsclip.twins import find_twins
from zsclip.wording import brief

__all__ = ["RULES", "Review"]

RULES = {
    "R1": "the file is TOML, in UTF-8",
    "R2": "the schema is one that zsclip reads",
    "R3": "the name is that of the entry point",
    "R4": "no unknown keys, and every value of its type",
    "R5": "ids are unique",
    "R6": "no text belongs to two labels",
    "R7": "a template holds {} once",
    "R8": "no text is empty, padded or invisible",
    "R9": "license and source are said",
    "R10": "every prompt fits the model",
    "R11": "parents are known, and there are no circles",
    "D1": "the distribution can be read and has its parts",
    "D2": "name, version and license are said",
    "D3": "it depends on zsclip without an upper bound",
    "D4": "the files that entry points lead to are there",
    "D5": "every label-set file is declared",
    "D6": "the files that pyproject.toml names are there",
    "D7": "the build back end takes the data along",
}
"""What is checked, rule by rule: of label sets (R) and of distributions of them (D)."""


@dataclass(slots=True)
class Review:
    """What was looked at, and what is wrong with it.

    Attributes:
        problems: Every breach of a rule.
        sets: The label sets that keep the rules, each with its file.
    """

    problems: list[Problem] = field(default_factory=list)
    sets: list[tuple[str, LabelSet]] = field(default_factory=list)

    def note(self, rule: str, file: str, where: str, message: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(rule, where, message, file))

    def judge(self, draft: Draft, file: str = "") -> None:
        """Run the rules of label sets over what was read."""
        problems = check_draft(draft)
        self.problems += [replace(problem, file=file) for problem in problems]
        if not problems:
            self.sets.append((file, labelset_of_checked(draft)))

    def misfits(self, encoder: TokenCounter) -> list[Problem]:
        """What breaks rules with a model, for every label set that keeps them without.

        Prompts that do not fit it (R10), and texts that are one to it (R6, R7).
        """
        found = []
        for file, labelset in self.sets:
            problems = list(_misfits(labelset, encoder))
            if not problems:  # of a prompt that is refused there are no tokens
                templates = labelset.templates or DEFAULT_TEMPLATES
                problems = find_twins(labelset, templates, encoder)
            found += [replace(problem, file=file) for problem in problems]
        return found


def _misfits(labelset: LabelSet, encoder: TokenCounter) -> Iterator[Problem]:
    """Every prompt that an encoder does not take, with the label that it is of."""
    # The longest of the classifier's own templates stands for them all.
    templates = labelset.templates or [max(DEFAULT_TEMPLATES, key=len)]
    first = 0
    for block in blocks_of_prompts(labelset.labels, templates):
        labels = range(first, first + len(block))
        rows = [(i, prompt) for i, own in zip(labels, block, strict=True) for prompt in own]
        yield from _misfits_among(rows, labelset, encoder)
        first += len(block)
    yield from _misfits_among([(None, x) for x in labelset.null_prompts], labelset, encoder)


def _misfits_among(
    rows: Sequence[tuple[int | None, str]], labelset: LabelSet, encoder: TokenCounter
) -> Iterator[Problem]:
    """Those among some prompts, each with the number of its label; None for null prompts."""
    prompts = [prompt for _, prompt in rows]
    refused: dict[int, str] = {}
    try:
        counts = dict(find_too_long(prompts, encoder))
    except ZsclipError:  # one of them is refused, and which one is to be said
        counts = {}
        for i, prompt in enumerate(prompts):
            try:
                for _, n in find_too_long([prompt], encoder):
                    counts[i] = n
            except ZsclipError as error:
                refused[i] = str(error)
    for i in sorted(counts.keys() | refused.keys()):
        number, prompt = rows[i]
        where = f"null_prompts[{i}]"
        if number is not None:
            where = f"labels[{number}] ({brief(labelset[number].id)})"
        if i in refused:
            message = f"the prompt {brief(prompt)} cannot be encoded: {refused[i]}"
        else:
            message = (
                f"the prompt {brief(prompt)} has {counts[i]} tokens, and the encoder takes "
                f"{encoder.context_length}. Shorten the name, the alias or the template."
            )
        yield Problem("R10", where, message)
