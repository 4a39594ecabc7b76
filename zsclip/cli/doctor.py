"""``zsclip doctor``."""

from __future__ import annotations

import datetime
from typing import Any

import click

from zsclip.cli.cache import embedding_rows
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import format_option
from zsclip.cli.output import emit, emit_json, facts, show
from zsclip.wording import counted

__all__ = ["doctor"]


@click.command(
    cls=ZsclipCommand, epilog=examples("zsclip doctor", "zsclip doctor --format json > report.json")
)
@format_option("table", "json")
@click.pass_context
def doctor(ctx: click.Context, *, form: str) -> None:
    """Look at all that zsclip needs here, and try it once.

    Shows versions, devices, the caches and what is in them, settings, label sets and engines, asks
    where the default model's weights come from whether they are there, and
    classifies one drawing with the bundled model. The code of engines from outside is imported, in
    processes of their own. Exit status: 0 all is well, 1 something is
    broken.
    """
    from zsclip.cli.examination import examine

    report = examine()
    if form == "json":
        emit_json(report)
    else:
        _print_report(report)
    if report["problems"]:
        ctx.exit(1)


def _print_report(report: dict[str, Any]) -> None:
    auto, cache, trial = report["auto"], report["cache"], report["trial"]
    packages = [(name, version or "not installed") for name, version in report["packages"].items()]
    facts("Versions", [("Python", report["python"]), ("System", report["system"]), *packages])
    devices = [(device["name"], device["about"]) for device in report["devices"]]
    chosen = f"{auto['device']} in {auto['precision']} ({auto['why']})" if auto else "not known"
    facts("Devices", [*devices, ("auto", chosen), *_rates(auto.get("rate"))])
    settings = [(key, value or "not set") for key, value in report["environment"].items()]
    facts("Settings", settings)
    files = [(file["name"], f"{file['size']:,} bytes") for file in cache["files"]]
    facts(f"Cache: {cache['folder']}", files or [("empty", "")])
    if embeddings := report["embeddings"]:
        facts(f"Embedding cache: {embeddings['path']}", embedding_rows(embeddings))
    here = [(m["name"], m["path"]) for m in report["models"] if m["path"]]
    facts("Models that are here", here)
    sources = [
        (row["source"], f"{row['state']}: {row['said']} ({row['url']})")
        for row in report["sources"]
    ]
    facts("Sources of the default model", sources or [("none", "")])
    sets = [
        (
            row["name"] or "?",
            f"{row['distribution']} {row['version']}, "
            + ("broken" if row["error"] else f"{row['labels']} labels, ok"),
        )
        for row in report["labelsets"]
    ]
    facts("Label sets", sets or [("none", "")])
    engines = [
        (row["name"] or "?", f"{row['distribution']} {row['version']}, {_state(row)}")
        for row in report["encoders"]
    ]
    facts("Encoders", engines)
    facts("Trial", [(trial["what"], trial["result"])])
    for problem in report["problems"]:
        show(f"Problem: {problem}")
        emit("")
    n = len(report["problems"])
    emit(f"{counted(n, 'problem')}." if n else "All is well.")


def _rates(rate: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What one core computes in both precisions."""
    if rate is None:
        return []
    day = datetime.datetime.fromtimestamp(rate["measured"], datetime.UTC).date()
    return [
        ("fp32, one core", f"{rate['fp32']:.0f} GFLOP/s"),
        (
            "bf16, one core",
            f"{rate['bf16']:.0f} GFLOP/s, {rate['ratio']:.2f} times as many (measured {day})",
        ),
    ]


def _state(engine: dict[str, Any]) -> str:
    if not engine["installed"]:  # which is no fault: most do without it
        return f'not installed (pip install "zsclip[{engine["extra"]}]")'
    return engine["error"] or "ok"
