"""What a shell offers when a name is completed: installed sets, models, engines; and files."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

__all__ = [
    "complete_encoders",
    "complete_files",
    "complete_folders",
    "complete_labels",
    "complete_models",
]


def complete_labels(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Label sets, also as the last part of several with ``+`` between them."""
    from zsclip.labels import list_labelsets

    before, plus, begun = incomplete.rpartition("+")
    # A shell shows them as they are.
    names = sorted({info.name for info in list_labelsets() if info.name.isprintable()} - {""})
    return _offered((before + plus + name for name in names if name.startswith(begun)), incomplete)


def complete_models(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Models by name."""
    from zsclip.weights import list_models

    return _offered((name for name in list_models() if name.startswith(incomplete)), incomplete)


def complete_encoders(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Engines by name."""
    from zsclip.encoders import list_encoders

    names = dict.fromkeys(entry.name for entry in list_encoders() if entry.name.isprintable())
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_files(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Files, as without any completion of ours."""
    return [CompletionItem(incomplete, type="file")]


def complete_folders(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Folders."""
    return [CompletionItem(incomplete, type="dir")]


def _offered(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """The names that fit, or else, since a path may be meant, whatever files do."""
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]
