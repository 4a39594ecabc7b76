"""What a check of a distribution found, in parts: which rule, which file, where in it, and what."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["RULES", "Finding"]

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

# The place may hold a text in quotes, as Python shows it, with a colon of its own.
_PROBLEM = re.compile(
    r"""([A-Z]\d+)[ ]((?: '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | [^:'"] | :(?![ ]))*):[ ](.*)""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of a rule, or one piece of advice.

    Attributes:
        rule: ``R1`` to ``R11`` are the rules of label sets, ``D1`` to ``D7`` those of
            distributions; ``M1`` and ``M2`` are advice that rests on a model.
        file: The file, from the top of the distribution; empty for an installed set.
        where: The key or the line in it.
        message: What is wrong there, and what to do.

    Examples:
        >>> print(Finding("D2", "pyproject.toml", "version", "is missing. Add it."))
        pyproject.toml: D2 version: is missing. Add it.
    """

    rule: str
    file: str
    where: str
    message: str

    @classmethod
    def of_problem(cls, problem: str, file: str) -> Finding:
        """A breach as `check_labelset` tells it."""
        parts = _PROBLEM.fullmatch(problem)
        if parts is None:  # a text in quotes that a message has cut
            rule, _, rest = problem.partition(" ")
            where, _, message = rest.partition(": ")
            return cls(rule, file, where, message)
        return cls(parts[1], file, parts[2], parts[3])

    @property
    def is_advice(self) -> bool:
        """Whether it rests on a model's judgment rather than on a rule."""
        return self.rule.startswith("M")

    def __str__(self) -> str:
        return f"{self.file}: {self.of_rule}" if self.file else self.of_rule

    @property
    def of_rule(self) -> str:
        """The finding without its file."""
        return f"{self.rule} {self.where}: {self.message}"
