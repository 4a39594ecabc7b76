"""open_clip's tokenizers: the ids that they give, and what they would cut without a word.

Each pads to its model's context and cuts what is longer. Where the text tower has no causal mask,
or reads its last place, the padding is part of what is computed: so rows stay as they are given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import torch

from zsclip.clip import Tokenizer, clean
from zsclip.encoders.protocol import TooLong
from zsclip.errors import ParameterError, ParameterTypeError, PromptTooLongError
from zsclip.forks import ForkLock
from zsclip.wording import brief

__all__ = ["Tokens"]

_PROBE = "A Probe_of it's 3.5 kätzchen, \U0001f98a &amp; <Ελλάδα>!"
"""What tells two ways of cleaning and of adding tokens apart."""

LONGEST = 20_000
"""Characters of a text: no model reads as many."""

LONGEST_IN_PYTHON = 2_000
"""Those of a text for a tokenizer whose time grows with the square of a word's length."""


class Tokens:
    """A tokenizer of open_clip's, that says when a text is too long.

    May be shared between threads.

    Args:
        tokenizer: What ``open_clip.get_tokenizer`` gave.

    Attributes:
        context_length: How many tokens a text may have.

    Raises:
        ParameterTypeError: It is none of open_clip's.
        ParameterError: It drops tokens at random.
    """

    def __init__(self, tokenizer: Any) -> None:
        from open_clip.tokenizer import HFTokenizer, SigLipTokenizer, SimpleTokenizer

        if not isinstance(tokenizer, HFTokenizer | SigLipTokenizer | SimpleTokenizer):
            raise ParameterTypeError(
                f"`tokenizer` must be what open_clip.get_tokenizer gives, got {brief(tokenizer)}."
            )
        if getattr(tokenizer, "reduction_fn", None) is not None:
            raise ParameterError(
                "`tokenizer` must give a text the same tokens each time, and this one drops some "
                "at random (`reduction_mask`). Make it without."
            )
        self.context_length = int(tokenizer.context_length)
        self._tokenizer = tokenizer
        self._is_simple = isinstance(tokenizer, SimpleTokenizer)
        # the same ids, many times as fast, and no time that grows with the square of a word
        self._own = Tokenizer(self.context_length) if _is_clips(tokenizer) else None
        # what is behind the others keeps its way to cut and pad as a state
        self._lock = ForkLock()

    @property
    def description(self) -> str:
        """What makes tokens of texts, in words that change when the tokens do."""
        if self._own is not None:
            return f"CLIP's {self.context_length} tokens"
        inner = getattr(self._tokenizer, "tokenizer", None)
        words = self._tokenizer.encoder if inner is None else inner.get_vocab()
        with self._lock:
            row = torch.as_tensor(self._tokenizer([_PROBE])).tolist()
        told = json.dumps([row, sorted(words.items())]).encode()
        return f"{self.context_length} tokens ({hashlib.sha256(told).hexdigest()[:16]})"

    def encode(self, texts: Sequence[str], *, too_long: TooLong = "error") -> list[list[int]]:
        """The token ids of each text, all that its embedding depends on.

        Zeros behind an end token are left out where open_clip pads with zeros alone.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
            ParameterError: A text is too long for any model, or spells out a special token.
        """
        if self._own is not None:
            self._refuse_special(texts)
            return self._own.encode(texts, too_long=too_long)
        with self._lock:
            cleaned = [self._clean(text) for text in texts]
            if too_long == "error":
                for text, plain in zip(texts, cleaned, strict=True):
                    ids = self._whole(plain)
                    if len(ids) > self.context_length:
                        raise PromptTooLongError(
                            text, len(ids), self.context_length, self._rest(plain)
                        )
            if not texts:
                return []
            rows: list[list[int]] = torch.as_tensor(self._tokenizer(list(texts))).tolist()
        return rows

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, those that the model adds included."""
        if self._own is not None:
            self._refuse_special(texts)
            return self._own.count(texts)
        with self._lock:
            return [len(self._whole(self._clean(text))) for text in texts]

    def _clean(self, text: str) -> str:
        """A text as its tokenizer cleans it, once it is known that this takes no minutes."""
        most = LONGEST_IN_PYTHON if self._is_simple else LONGEST
        if len(text) > most:
            raise ParameterError(
                f"The text {brief(text)} has {len(text):,} characters, and may have {most:,} for "
                "this model. Shorten it."
            )
        clean(text)
        if hasattr(self._tokenizer, "clean_fn"):
            return str(self._tokenizer.clean_fn(text))
        from open_clip.tokenizer import basic_clean, canonicalize_text

        return str(canonicalize_text(basic_clean(text)))

    def _whole(self, plain: str) -> list[int]:
        """The ids of a cleaned text, uncut and not padded."""
        tokenizer = self._tokenizer
        if self._is_simple:
            # it cleans once more, which changes nothing of what is clean
            return [tokenizer.sot_token_id, *tokenizer.encode(plain), tokenizer.eot_token_id]
        clips = getattr(tokenizer, "tokenizer_mode", "") == "clips"
        given = tokenizer.tokenizer(
            plain, truncation=False, padding=False, verbose=False, add_special_tokens=not clips
        )
        ids: list[int] = list(given["input_ids"])
        # start and end around them, and the class token at the last place
        return [*ids, 0, 0, 0] if clips else ids

    def _rest(self, plain: str) -> str:
        """What of a cleaned text would be cut: the end of it that has to go."""
        keep, drop = 0, len(plain)
        while keep < drop:  # the longest beginning that fits
            middle = (keep + drop + 1) // 2
            if len(self._whole(plain[:middle])) <= self.context_length:
                keep = middle
            else:
                drop = middle - 1
        return plain[keep:]

    def _refuse_special(self, texts: Sequence[str]) -> None:
        for text in texts:
            lower = text.lower() if "<" in text or "&" in text else ""
            for special in ("<start_of_text>", "<end_of_text>"):
                if special in lower or (lower and special in clean(text)):
                    raise ParameterError(
                        f"A prompt must not spell out the special token {brief(special)}, got "
                        f"{brief(text)}. Take it out: start and end tokens are added to it."
                    )


def _is_clips(tokenizer: Any) -> bool:
    """Whether a tokenizer is CLIP's own: its words, its vocabulary, texts in lower case."""
    from open_clip import tokenizer as module

    if not isinstance(tokenizer, module.SimpleTokenizer):
        return False
    usual = module._tokenizer
    return tokenizer.clean_fn is usual.clean_fn and tokenizer.encoder == usual.encoder
