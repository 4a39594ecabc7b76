"""`embed_all`: the embeddings of all pictures as one array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import Encoder
from zsclip.images import Images, counted_sources
from zsclip.pipeline.embedding import embed
from zsclip.pipeline.picture import PictureOptions
from zsclip.progress import Progress, counting
from zsclip.results import Failure

__all__ = ["embed_all"]


def embed_all(
    images: Images, encoder: Encoder, options: PictureOptions, *, progress: Progress = False
) -> NDArray[np.float32]:
    """The embeddings of all pictures: float32 (n, d), L2-normalized.

    Args:
        images: The pictures, as a user gives them.
        encoder: What embeds them.
        options: How to read and embed.
        progress: Whether a bar is shown.

    Raises:
        ImageError: A picture cannot be read.
        ParameterTypeError: `images` is a single picture, or one is nothing that could be a picture.
        NonFiniteError: An embedding holds NaN or infinity.
        EncoderError: The encoder breaks its protocol.
    """
    sources, total = counted_sources(images, progress)
    parts = [np.empty((0, encoder.model_info.embedding_dim), np.float32)]
    with counting(progress, total) as done:
        for described, embeddings in embed(sources, encoder, options, stop=True):
            for source in described:
                if isinstance(source, Failure):
                    try:
                        raise source.error
                    finally:  # the traceback holds this frame, which would hold the error
                        del source, described
            parts.append(embeddings)
            done(len(embeddings))
    return np.concatenate(parts)
