"""``zsclip models``."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import click

from zsclip.cli.completion import complete_models
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.model_list import Cost, emit_csv, show_models
from zsclip.cli.options import (
    download_root_option,
    engine_options,
    format_option,
    progress_option,
)
from zsclip.cli.output import emit, emit_json, show

if TYPE_CHECKING:
    from zsclip.weights import ModelSpec

__all__ = ["describe_models", "models"]


@click.group(epilog=examples("zsclip models list", "zsclip models info tiny-cartoon"))
def models() -> None:
    """List, describe and fetch models."""


@models.command(
    "list",
    cls=ZsclipCommand,
    epilog=examples("zsclip models list", "zsclip models list --best-under 20GFLOP --commercial"),
)
@click.option(
    "--sort",
    "by",
    type=click.Choice(["accuracy", "cost"]),
    default="accuracy",
    show_default=True,
    help="The most accurate first, or the cheapest.",
)
@click.option(
    "--best-under",
    type=Cost(),
    metavar="COST",
    help="Only those that take at most so much for a picture, such as 20GFLOP.",
)
@click.option(
    "--commercial",
    is_flag=True,
    help="Only those whose license allows commercial use, and says so.",
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="Also those below 30 % on ImageNet, and without a published accuracy.",
)
@download_root_option
@format_option("table", "json", "csv")
def list_(
    *,
    by: Literal["accuracy", "cost"],
    best_under: float | None,
    commercial: bool,
    every: bool,
    download_root: str | None,
    form: str,
) -> None:
    """List the models that zsclip knows by name, with their cost, accuracy and license.

    A star marks those that no other of the list beats in both accuracy and cost.
    """
    from zsclip.weights import MODELS, in_order, is_minor, unbeaten

    chosen = [
        spec
        for spec in in_order(MODELS, by)
        if (every or not is_minor(spec))
        and (not commercial or spec.commercial == "yes")
        and (best_under is None or (spec.image_gflop or math.inf) <= best_under)
    ]
    if not chosen and form == "table":
        cheapest = in_order(MODELS, "cost")[0]
        show(
            f"No model fits. The cheapest is {cheapest.name}, with {cheapest.image_gflop} GFLOP "
            "for a picture."
        )
        return
    marked = unbeaten(chosen)
    rows = [{**_describe(spec, download_root), "unbeaten": spec.name in marked} for spec in chosen]
    {"table": show_models, "json": emit_json, "csv": emit_csv}[form](rows)


def describe_models(download_root: str | None = None) -> list[dict[str, Any]]:
    """The models as plain values, each with the path of its weights if they are here."""
    from zsclip.weights import MODELS

    return [_describe(spec, download_root) for spec in MODELS]


def _describe(spec: ModelSpec, download_root: str | None) -> dict[str, Any]:
    from zsclip.weights import download_size, find_weights

    path = find_weights(spec, download_root=download_root)
    size, estimated = download_size(spec, path)
    return {
        **asdict(spec),
        "size": size,
        "size_is_estimated": estimated,
        "bundled": spec.bundled,
        "path": None if path is None else str(path),
    }


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
    from zsclip.weights import find_weights, get_model_spec, is_known

    spec = get_model_spec(name) if is_known(name) else None
    if spec is not None and find_weights(spec, download_root=download_root) is None:
        rows = _known_rows(spec)
    else:
        from zsclip.encoders import resolve_encoder

        # a file that is not the published one is not to be replaced by asking of it
        made = resolve_encoder(
            None,
            name,
            activation=activation,
            device=device,
            precision=precision,
            download_root=download_root,
            offline=True,
        )
        rows = made.model_info.rows()
        if spec is not None:
            rows = [*rows, *_published_rows(spec)]
    for title, value in rows:
        emit(f"{title}: {value}")


def _known_rows(spec: ModelSpec) -> list[tuple[str, str]]:
    about = "about " if not spec.sha256 else ""
    size = f"{about}{spec.size / 1e6:,.0f} MB"
    rows = [
        ("Model", spec.name),
        ("Model parameters", f"{spec.parameters:,}"),
        ("Input resolution", str(spec.resolution)),
        ("Context length", str(spec.context_length)),
        ("Vocab size", f"{spec.vocab_size:,}"),
        ("Embedding width", str(spec.embed_dim)),
        ("Activation", str(spec.recipe.activation)),
        ("Weights", f"not downloaded: zsclip models fetch {spec.name} ({size})"),
    ]
    if spec.url:
        rows += [("URL", spec.url), ("SHA-256", spec.sha256)]
    return [*rows, *_published_rows(spec)]


def _published_rows(spec: ModelSpec) -> list[tuple[str, str]]:
    """What was published of a model, and no checkpoint tells."""
    gflop = "" if spec.image_gflop is None else f"{spec.image_gflop:,}"
    right = "" if spec.imagenet is None else f"{100 * spec.imagenet:.1f} %"
    rows = [
        ("Other names", ", ".join(spec.aliases)),
        ("Repositories", ", ".join(spec.hub)),
        ("GFLOP for a picture", gflop),
        ("ImageNet accuracy", right),
        ("License", f"{spec.license}; commercial use: {spec.commercial}"),
        ("Note", spec.note),
    ]
    return [(title, value) for title, value in rows if value]


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
    from zsclip.errors import ForeignModelError
    from zsclip.weights import fetch_weights, get_model_spec, hub_spec

    try:
        specs = [hub_spec(name) or get_model_spec(name) for name in names]
    except ForeignModelError as e:
        raise ForeignModelError(
            f"{e} It is fetched when a classifier is first made of it, and not by this command."
        ) from e
    for spec in specs:
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
        here = kept or path.is_dir()  # verified as far as its source states hashes
        state = "part of zsclip" if spec.bundled else "here" if here else "verified"
        emit(f"{spec.name}: {state}, {path}")
