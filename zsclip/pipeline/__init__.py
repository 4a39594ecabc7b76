"""From what a user hands over to pictures, and to their embeddings.

Pictures are decoded and prepared in threads while the model computes, in bounded memory, and their
embeddings are looked up in the cache first. Everything that takes pictures goes through `embed`.
"""

from __future__ import annotations

from zsclip.pipeline.embedding import embed, embed_all
from zsclip.pipeline.options import PictureOptions, precision_of
from zsclip.pipeline.sources import Images, sources_of

__all__ = ["Images", "PictureOptions", "embed", "embed_all", "precision_of", "sources_of"]
