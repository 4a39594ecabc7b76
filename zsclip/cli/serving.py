"""``zsclip serve``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from zsclip.cli.classifiers import classifier_options
from zsclip.cli.group import ZsclipCommand, examples
from zsclip.cli.output import say

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier

__all__ = ["serve"]


@click.command(
    cls=ZsclipCommand,
    epilog=examples(
        "zsclip serve --labels cat,dog",
        "zsclip serve --classifier animals.zsclip --port 9000",
        "zsclip serve --labels cat,dog --host 0.0.0.0 --token TOKEN",
    ),
)
@functools.partial(classifier_options, passed=())
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8000,
    show_default=True,
    help="The port to listen on; 0 for one that is free.",
)
@click.option(
    "--token",
    envvar="ZSCLIP_TOKEN",
    help="What requests must bring, as `Authorization: Bearer TOKEN`; wanted for any host but "
    "this machine itself. Other users see what is typed here: set ZSCLIP_TOKEN.",
)
@click.option(
    "--max-body",
    "body_bytes",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="The most bytes of a request; 32 MiB if not given.",
)
@click.option(
    "--max-pictures",
    "pictures",
    type=click.IntRange(min=1),
    metavar="N",
    help="The most pictures of a request; 256 if not given.",
)
@click.option(
    "--max-labels",
    "labels_asked",
    type=click.IntRange(min=1),
    metavar="N",
    help="The most labels that a request may name; 1,000 if not given.",
)
@click.option(
    "--max-waiting",
    "waiting_pictures",
    type=click.IntRange(min=1),
    metavar="N",
    help="The most pictures that wait for the model, 1,024 if not given; requests beyond get 503.",
)
@click.option(
    "--end-timeout",
    "end_seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long what is being answered may go on once the service is to end; 30 if not given.",
)
def serve(
    *,
    classifier: ZeroShotClassifier,
    host: str,
    port: int,
    token: str | None,
    labels_asked: int | None,
    **limits: Any,
) -> None:
    """Answer requests over HTTP, and show a page to try the classifier in a browser.

    It fetches no URL unless --urls says so, and takes pictures of up to 50 million pixels, 20 MiB
    and 10 seconds unless --max-pixels, --max-bytes and --timeout say less or more. It ends on
    SIGTERM or Ctrl+C once what was being answered is. Exit status: 0 it was told to end, 2 it could
    not listen or load the model.
    """
    from zsclip.serve import Limits, run

    given = click.get_current_context().params
    limits |= {"labels": labels_asked, "picture_pixels": given["max_pixels"]}
    limits |= {"picture_bytes": given["max_bytes"], "picture_seconds": given["timeout"]}
    run(
        classifier,
        host,
        port,
        token=token,
        limits=Limits(**{name: value for name, value in limits.items() if value is not None}),
        urls=given["urls"] or "none",
        started=lambda url: say(f"Listening on {url}"),
    )
