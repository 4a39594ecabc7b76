"""From pictures to their embeddings: read ahead, batched, and looked up in the cache first.

Pictures are decoded and prepared in threads while the model computes, in bounded memory. Everything
that takes pictures goes through `embed`, in the way that `PictureOptions` says.

Nothing here knows about labels, or what an embedding is compared with.
"""

from __future__ import annotations

from zsclip.pipeline.embedding import embed
from zsclip.pipeline.embedding_all import embed_all
from zsclip.pipeline.picture import PictureOptions
from zsclip.pipeline.vectors import are_vectors, checked_blocks, rows_of

__all__ = ["PictureOptions", "are_vectors", "checked_blocks", "embed", "embed_all", "rows_of"]
