"""CLIP's tokenizer: the ids of the reference implementation, many times as fast.

Text is cleaned as the reference cleans it (ftfy, HTML entities, white space, lower case) and split
into words with the reference's pattern; the `tokenizers` library merges the bytes of each word over
CLIP's own vocabulary file (Sennrich et al. 2016, byte-level as in Radford et al. 2019).
"""

from __future__ import annotations

import functools
import gzip
import importlib.resources
import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import regex
from numpy.typing import NDArray
from tokenizers import Encoding
from tokenizers import Tokenizer as BPETokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from zsclip.clip.cleaning import clean
from zsclip.errors import ParameterError, PromptTooLongError
from zsclip.wording import brief

VOCAB_SIZE = 49_408
START = VOCAB_SIZE - 2
END = VOCAB_SIZE - 1
SPECIAL = ("<|startoftext|>", "<|endoftext|>")
_WORD_END = "</w>"
AT_ONCE = 4096  # texts
# Split by the library that the reference splits with, and not by the one inside `tokenizers`: their
# Unicode tables are years apart and disagree on 17,000 letters. The special tokens stand in the
# pattern because it also takes them in the spelling "<|\u017ftartoftext|>", which stays one word.
_WORD = regex.compile(
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d"
    r"|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    regex.IGNORECASE,
)


class Tokenizer:
    """Prompts to token ids.

    Args:
        context_length: How many tokens a prompt may have, the start and end tokens included.

    Examples:
        >>> Tokenizer(context_length=77).encode(["a red fox"])
        [[49406, 320, 736, 3240, 49407]]
    """

    def __init__(self, context_length: int) -> None:
        self.context_length = context_length
        self._bpe = _load_bpe()

    def __repr__(self) -> str:
        return f"Tokenizer(context_length={self.context_length})"

    def encode(
        self, texts: Sequence[str], *, too_long: Literal["error", "cut"] = "error"
    ) -> list[list[int]]:
        """The token ids of each text, from the start token to the end token.

        Args:
            texts: The prompts.
            too_long: What becomes of a text that the context does not hold: an error, or its
                beginning, as the reference gives it when asked to cut.

        Raises:
            PromptTooLongError: A text has too many tokens, and is not to be cut.
            ParameterError: A text spells out one of the special tokens, or cannot be cleaned in
                time (see `zsclip.clip.cleaning`).
        """
        out = []
        for text, encoding in self._merge(texts):
            ids = [START, *encoding.ids, END]
            if len(ids) > self.context_length:
                if too_long == "error":
                    cut = _from_token(_clean_prompt(text), encoding, self.context_length - 2)
                    raise PromptTooLongError(text, len(ids), self.context_length, cut)
                ids[self.context_length - 1 :] = [END]
            out.append(ids)
        return out

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, the start and end tokens included."""
        return [len(encoding.ids) + 2 for _, encoding in self._merge(texts)]

    def _merge(self, texts: Sequence[str]) -> Iterator[tuple[str, Encoding]]:
        """Each text with its encoding, which takes some kilobytes: so a part of them at a time."""
        for start in range(0, len(texts), AT_ONCE):
            part = texts[start : start + AT_ONCE]
            words = [_WORD.findall(_clean_prompt(text)) for text in part]
            yield from zip(part, self._bpe.encode_batch(words, is_pretokenized=True), strict=True)


def pad(ids: Sequence[Sequence[int]], length: int | None = None) -> NDArray[np.int64]:
    """Stack token ids, zeros behind the shorter ones, as the reference pads them.

    Args:
        ids: The token ids of each text.
        length: The number of columns; the longest text's if None.

    Returns:
        int64 (n, length).
    """
    out = np.zeros((len(ids), length or max(map(len, ids), default=0)), np.int64)
    for row, tokens in zip(out, ids, strict=True):
        row[: len(tokens)] = tokens
    return out


def _clean_prompt(text: str) -> str:
    cleaned = clean(text)
    for special in SPECIAL:
        if special in cleaned:
            raise ParameterError(
                f"A prompt must not spell out CLIP's special token {brief(special)}, got "
                f"{brief(text)}. Take it out: zsclip adds the start and end tokens itself."
            )
    return cleaned


def _from_token(cleaned: str, encoding: Encoding, n: int) -> str:
    """What a cleaned text holds from its `n`-th token on."""
    word = encoding.word_ids[n]
    assert word is not None
    begin = next(itertools.islice(_WORD.finditer(cleaned), word, None)).start()
    return cleaned[begin + encoding.offsets[n][0] :]


@functools.cache
def _load_bpe() -> BPETokenizer:
    """Build the tokenizer from CLIP's file of merges; the ids follow from its order."""
    packed = importlib.resources.files("zsclip.clip").joinpath("data/bpe_simple_vocab_16e6.txt.gz")
    lines = gzip.decompress(packed.read_bytes()).decode("utf-8").split("\n")
    # the first line is a header; what follows the 48,894 merges was never used
    merges = [(a, b) for a, b in (line.split() for line in lines[1 : VOCAB_SIZE - 512 - 2 + 1])]
    alphabet = _byte_alphabet()
    tokens = [*alphabet, *(c + _WORD_END for c in alphabet), *(a + b for a, b in merges), *SPECIAL]
    vocab = {token: i for i, token in enumerate(tokens)}
    bpe = BPETokenizer(BPE(vocab=vocab, merges=merges, end_of_word_suffix=_WORD_END))
    bpe.pre_tokenizer = ByteLevel(add_prefix_space=False, use_regex=False)
    return bpe


def _byte_alphabet() -> list[str]:
    """The character that stands for each byte, in the order of the vocabulary (GPT-2's mapping).

    Bytes that print stand for themselves and come first; the others follow from U+0100 on.
    """
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = 256 - len(printing)
    return [chr(b) for b in printing] + [chr(0x100 + i) for i in range(others)]
