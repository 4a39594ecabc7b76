"""A classifier on a cluster: Ray Data's datasets in, datasets out.

The classifier travels pickled, and its tower is loaded once in each actor. Which rows are done is
Ray's own business (checkpoints, two-phase commit); what is set up here is that it works. Stands on
the public surface; Ray comes with the extra ``ray`` and is loaded when a dataset is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip.lazy import lazy

if TYPE_CHECKING:
    from zsclip.ray.datasets import classify, embed
    from zsclip.ray.running import Finished, run

__all__ = ["Finished", "classify", "embed", "run"]

if not TYPE_CHECKING:  # a type checker that saw this would let every name pass
    __getattr__ = lazy(__name__, datasets=("classify", "embed"), running=("Finished", "run"))
