"""``zsclip cache``."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from zsclip.cli.completion import complete_files
from zsclip.cli.group import Failed, ZsclipCommand, examples
from zsclip.cli.options import format_option
from zsclip.cli.output import emit, emit_json, facts
from zsclip.errors import CacheWarning
from zsclip.wording import counted

if TYPE_CHECKING:
    from zsclip.cache import CacheInfo

__all__ = ["cache", "embedding_rows"]

F = TypeVar("F", bound=Callable[..., Any])


def path_option(command: F) -> F:
    """``--path``."""
    return click.option(
        "--path",
        metavar="FILE|FOLDER",
        shell_complete=complete_files,
        help="Another cache; if not given, $ZSCLIP_CACHE/embeddings.sqlite or the user's own.",
    )(command)


@click.group(epilog=examples("zsclip cache info", "zsclip cache clear --yes"))
def cache() -> None:
    """Look at the embeddings that are kept on disk, check them, remove them."""


@cache.command(
    cls=ZsclipCommand, epilog=examples("zsclip cache info", "zsclip cache info --path /srv/zsclip")
)
@path_option
@format_option("table", "json")
def info(*, path: str | None, form: str) -> None:
    """Tell where the cache is, what is in it and whether it can be used."""
    found = _look(path)
    if form == "json":
        emit_json(found.to_dict())
        return
    facts(f"Embedding cache: {found.path}", embedding_rows(found.to_dict()))
    if found.problem is not None:
        emit(f"Problem: {found.problem}")
    elif not found.exists:
        emit("There is no cache yet. It is made when the first embedding is kept.")
    else:
        emit("All is well.")


@cache.command(cls=ZsclipCommand, epilog=examples("zsclip cache clear", "zsclip cache clear --yes"))
@path_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def clear(*, path: str | None, yes: bool) -> None:
    """Remove all embeddings, and damaged files that were set aside. Asks first."""
    from zsclip.cache import EmbeddingCache

    found = _look(path)
    if not found.exists and not found.set_aside:
        emit(f"There is no cache at {found.path}.")
        return
    if not yes and not _confirm(found):
        emit("Nothing was removed.")
        return
    opened = EmbeddingCache(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheWarning)  # it would speak of going on without
            count = opened.clear()
        left = opened.info()
    finally:
        opened.close()
    if left.entries or left.set_aside or (left.exists and left.problem):
        raise Failed(f"Not everything could be removed. {left.problem or ''}".rstrip())
    freed = max(0, found.bytes - left.bytes)
    emit(f"{counted(count, 'embedding')} removed, {_megabytes(freed)} freed.")


@cache.command(
    cls=ZsclipCommand, epilog=examples("zsclip cache verify", "zsclip cache verify --format json")
)
@path_option
@format_option("table", "json")
@click.pass_context
def verify(ctx: click.Context, *, path: str | None, form: str) -> None:
    """Check every embedding against its checksum. What is damaged is removed.

    Exit status: 0 nothing is damaged, 1 something was, or it could not be checked.
    """
    from zsclip.cache import EmbeddingCache

    opened = EmbeddingCache(path)
    try:
        report = opened.verify()
    finally:
        opened.close()
    if form == "json":
        emit_json(report.to_dict())
    else:
        rows = [
            ("embeddings", f"{report.entries:,} intact"),
            ("files", f"{report.files:,} intact"),
            ("damaged", f"{report.damaged:,} removed"),
        ]
        facts(f"Embedding cache: {report.path}", rows)
        if report.problem is not None:
            emit(f"Problem: {report.problem}")
        elif report.set_aside is not None:
            emit(f"The file was damaged as a whole, and is now {report.set_aside}.")
        else:
            emit("Damage was found." if report.damaged else "All is well.")
    if not report.ok:
        ctx.exit(1)


# ------------------------------------------------------------------------------------------ parts


def embedding_rows(info: dict[str, Any]) -> list[tuple[str, str]]:
    """What `CacheInfo.to_dict` gives, for people."""
    size = f"{_megabytes(info['bytes'])} of {_megabytes(info['max_bytes'])}"
    rows = [
        ("embeddings", f"{info['entries']:,}" if info["exists"] else "none yet"),
        ("files", f"{info['files']:,}"),
        ("size", size),
    ]
    return rows + [("set aside", path) for path in info["set_aside"]]


def _look(path: str | None) -> CacheInfo:
    from zsclip.cache import EmbeddingCache

    opened = EmbeddingCache(path)
    try:
        return opened.info()
    finally:
        opened.close()


def _confirm(found: CacheInfo) -> bool:
    what = f"{counted(found.entries, 'embedding')} ({_megabytes(found.bytes)})"
    try:
        return click.confirm(f"Remove {what} from {found.path}?")
    except click.Abort:  # nobody is there to be asked
        raise click.UsageError("Nothing was removed. Pass --yes not to be asked.") from None


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
