"""``zsclip models``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.completion import complete_models
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.options import (
    download_root_option,
    engine_options,
    format_option,
    progress_option,
)
from zsclip.cli.output import emit, emit_json, show, table

if TYPE_CHECKING:
    from zsclip.weights import ModelSpec

__all__ = ["describe_models", "models"]


@click.group(epilog=examples("zsclip models list", "zsclip models info tiny-cartoon"))
def models() -> None:
    """List, describe and fetch models."""


@models.command("list", cls=ZsclipCommand, epilog=examples("zsclip models list"))
@download_root_option
@format_option("table", "json")
def list_(*, download_root: str | None, form: str) -> None:
    """List the models that zsclip knows by name, and which of them are here."""
    rows = describe_models(download_root)
    if form == "json":
        emit_json(rows)
        return
    numbers = ["size", "pixels", "width", "parameters"]
    shown = table("name", *numbers, "weights", right=numbers)
    for row in rows:
        shown.add_row(
            row["name"],
            f"{row['size'] / 1e6:,.0f} MB",
            str(row["resolution"]),
            str(row["embed_dim"]),
            f"{row['parameters']:,}",
            "part of zsclip" if row["bundled"] else "here" if row["path"] else "not downloaded",
        )
    show(shown)
    for row in rows:
        if row["note"]:
            show(f"\n{row['name']}: {row['note']}.")


def describe_models(download_root: str | None = None) -> list[dict[str, Any]]:
    """The models as plain values, each with the path of its weights if they are here."""
    from zsclip.weights import MODELS, find_weights

    rows = []
    for spec in MODELS:
        path = find_weights(spec, download_root=download_root)
        where = None if path is None else str(path)
        rows.append({**asdict(spec), "bundled": spec.bundled, "path": where})
    return rows


@models.command(
    cls=ZsclipCommand,
    epilog=examples("zsclip models info ViT-B/32", "zsclip models info ./my-clip.pt"),
)
@click.argument("name", metavar="NAME|FILE", shell_complete=complete_models)
@engine_options
def info(
    *,
    name: str,
    activation: str | None,
    device: str,
    precision: str,
    download_root: str | None,
) -> None:
    """Describe a model. Downloads nothing.

    If its weights are here it is loaded, which tells device and precision as well.
    """
    from zsclip.encoders import create_encoder
    from zsclip.weights import MODELS, find_weights

    for spec in MODELS:
        if spec.name == name and find_weights(spec, download_root=download_root) is None:
            rows = _known_rows(spec)
            break
    else:
        # a file that is not the published one is not to be replaced by asking of it
        made = create_encoder(
            "clip",
            name,
            activation=activation,
            device=device,
            precision=precision,
            download_root=download_root,
            offline=True,
        )
        rows = made.model_info.rows()
    for title, value in rows:
        emit(f"{title}: {value}")


def _known_rows(spec: ModelSpec) -> list[tuple[str, str]]:
    return [
        ("Model", spec.name),
        ("Model parameters", f"{spec.parameters:,}"),
        ("Input resolution", str(spec.resolution)),
        ("Context length", str(spec.context_length)),
        ("Vocab size", f"{spec.vocab_size:,}"),
        ("Embedding width", str(spec.embed_dim)),
        ("Weights", f"not downloaded: zsclip models fetch {spec.name} ({spec.size / 1e6:,.0f} MB)"),
        ("URL", str(spec.url)),
        ("SHA-256", spec.sha256),
    ]


@models.command(
    cls=ZsclipCommand,
    epilog=examples("zsclip models fetch ViT-B/32", "zsclip models fetch RN50 ViT-L/14"),
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_models)
@download_root_option
@progress_option
def fetch(*, names: tuple[str, ...], download_root: str | None, progress: bool) -> None:
    """Download weights and verify them by SHA-256; those that are here are verified only.

    A download that broke off is resumed.
    """
    from zsclip.weights import fetch_weights, get_model_spec

    for spec in [get_model_spec(name) for name in names]:
        try:
            path = fetch_weights(spec, download_root=download_root, progress=progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"Interrupted at {spec.name}. What has come of it is kept, and the same command "
                "goes on from there."
            ) from None
        kept = (
            path.suffix == ".safetensors"
        )  # made here of the published file, after verifying that
        state = "part of zsclip" if spec.bundled else "here" if kept else "verified"
        emit(f"{spec.name}: {state}, {path}")
