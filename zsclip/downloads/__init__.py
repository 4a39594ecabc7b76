"""Files of models fetched once: by HTTP and from the hub, verified, resumed, never half there.

Which model comes from where is known to `zsclip.weights`. Names below are loaded when they are
first used: a start that fetches nothing does without the network's libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zsclip.lazy import lazy

if TYPE_CHECKING:
    from zsclip.downloads.download import is_offline
    from zsclip.downloads.place import cache_dir, is_on_disk

__all__ = ["cache_dir", "is_offline", "is_on_disk"]

if not TYPE_CHECKING:  # a type checker that saw this would let every name pass
    __getattr__ = lazy(__name__, download=("is_offline",), place=("cache_dir", "is_on_disk"))
