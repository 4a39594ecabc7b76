"""Two licenses as one SPDX expression."""

from __future__ import annotations

import re

__all__ = ["both_licenses"]


def both_licenses(first: str, second: str) -> str:
    """The SPDX expression that asks for both, each part of it named once.

    Empty where either is: what is not known of a part is not known of the whole.

    Args:
        first: An SPDX expression, or empty.
        second: Likewise.

    Examples:
        >>> both_licenses("MIT", "CC0-1.0")
        'MIT AND CC0-1.0'
        >>> both_licenses("MIT OR Apache-2.0", "MIT AND CC0-1.0")
        '(MIT OR Apache-2.0) AND MIT AND CC0-1.0'
        >>> both_licenses("MIT", "")
        ''
    """
    if not first or not second:
        return ""
    parts = list(dict.fromkeys([*_operands(first), *_operands(second)]))
    if len(parts) == 1:
        return parts[0][1:-1] if parts[0].startswith("(") else parts[0]
    return " AND ".join(parts)


def _operands(expression: str) -> list[str]:
    """What the outermost ANDs of an expression join; what holds an OR is put into parentheses."""
    pieces: list[list[str]] = [[]]
    depth, alternative = 0, False
    for word in re.findall(r"[()]|[^\s()]+", expression):
        depth += (word == "(") - (word == ")")
        if depth < 0:
            return [expression.strip()]  # no expression: leave it alone
        if depth == 0 and word == "AND":
            pieces.append([])
        else:
            alternative = alternative or (depth == 0 and word == "OR")
            pieces[-1].append(word)
    if depth or not all(pieces):
        return [expression.strip()]
    if alternative:
        return [f"({_joined([t for piece in pieces for t in (*piece, 'AND')][:-1])})"]
    operands = []
    for piece in pieces:
        wrapped = piece[0] == "(" and piece[-1] == ")" and len(piece) > 2
        operands += _operands(" ".join(piece[1:-1])) if wrapped else [_joined(piece)]
    return operands


def _joined(words: list[str]) -> str:
    return " ".join(words).replace("( ", "(").replace(" )", ")")
