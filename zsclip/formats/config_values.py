"""What a configuration says of a model: its values, each checked; and whether weights are of it.

Configurations are strangers' files. Each value that is asked for has a type and bounds, and each
key that could change what is computed is asked for, or named as one that does not: any other one is
refused, since a model that is computed without it would look right and be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zsclip.clip import Preprocessing, Recipe
from zsclip.errors import CheckpointError
from zsclip.formats.foreign import foreign_model
from zsclip.wording import brief, did_you_mean, shown

__all__ = ["CLIPS", "Described", "Section", "Sizes"]

CLIPS = Preprocessing()
"""How OpenAI's models have their pictures, and the others where nothing is said."""

_MOST = 1 << 24  # of whole numbers; the largest vocabulary there is has a million
_LEAST_STD, _MOST_MEAN = 1e-3, 1e3  # of pixels from 0 to 1; what is beyond is a mistake


class Section:
    """A part of a configuration.

    Args:
        values: What stands there; nothing if None.
        where: The file, for errors.
        name: What the part is called in it; empty for all of it.

    Raises:
        CheckpointError: It is no JSON object.
    """

    def __init__(self, values: object, where: str, name: str = "") -> None:
        if values is not None and not isinstance(values, dict):
            raise CheckpointError(f"{where}: `{name}` must be an object, got {brief(values)}.")
        self.values: dict[str, Any] = values or {}
        self.where = where
        self.name = name

    def key(self, key: str) -> str:
        """A key as messages name it: ``vision_cfg.width``."""
        return shown(f"{self.name}.{key}" if self.name else key)

    def part(self, key: str) -> Section:
        """The part of this one that stands under a key."""
        return Section(self.values.get(key), self.where, self.key(key))

    def whole(self, key: str, default: int | None = None, *, least: int = 1) -> int:
        """A whole number, which a truth value is not."""
        value = self.values.get(key, default)
        if type(value) is not int or not least <= value <= _MOST:
            raise self.wrong(key, f"a whole number from {least} to {_MOST:,}", value)
        return value

    def number(self, key: str, default: float) -> float:
        """A number that is neither NaN nor infinite."""
        value = self.values.get(key, default)
        if not _is_number(value):
            raise self.wrong(key, "a number", value)
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """A truth value; None stands for the default."""
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false", value)
        return value

    def side(self, key: str, default: int) -> int:
        """The side of a square, as one number or as two that are equal."""
        value = self.values.get(key, default)
        if isinstance(value, list) and len(value) == 2:
            if value[0] != value[1]:
                raise self.foreign(key, "its pictures or patches are no squares")
            value = value[0]
        if type(value) is not int or not 1 <= value <= _MOST:
            raise self.wrong(key, "a whole number, or two that are equal", value)
        return value

    def resolution(self, default: int, patch: int) -> int:
        """The side of the pictures, by which the tensors' number of patches is all of them.

        Args:
            default: The side where nothing stands.
            patch: The side of what becomes one place of the tower.

        Raises:
            ForeignModelError: Patches leave a margin, which no tensor tells.
        """
        side = self.side("image_size", default)
        if side % patch:
            raise self.foreign("image_size", f"its pictures are no multiple of {patch} pixels wide")
        return side

    def colors(
        self, key: str, default: tuple[float, float, float], *, least: float = -_MOST_MEAN
    ) -> tuple[float, float, float]:
        """A number for each of red, green and blue; one number stands for all three."""
        value = self.values.get(key)
        if value is None:
            return default
        three = value if isinstance(value, list) else [value] * 3
        if len(three) != 3 or not all(_is_number(n) and least <= n <= _MOST_MEAN for n in three):
            raise self.wrong(key, f"three numbers from {least:g} to {_MOST_MEAN:g}", value)
        return float(three[0]), float(three[1]), float(three[2])

    def deviations(
        self, key: str, default: tuple[float, float, float]
    ) -> tuple[float, float, float]:
        """What each color is divided by."""
        return self.colors(key, default, least=_LEAST_STD)

    def plain(self, neutral: Mapping[str, Collection[object]], kind: str) -> None:
        """Refuse the model if a key says what a plain CLIP does not.

        Args:
            neutral: The values with which a key changes nothing, by key.
            kind: What the model is otherwise, for the error.

        Raises:
            ForeignModelError: A key has another value.
        """
        for key, harmless in neutral.items():
            value = self.values.get(key)
            if value is not None and not any(_same(value, other) for other in harmless):
                raise self.foreign(key, kind)

    def known(self, keys: Collection[str]) -> None:
        """Refuse the model if there is a key that is none of these.

        Raises:
            ForeignModelError: There is.
        """
        for key in self.values:
            if key not in keys:
                near = did_you_mean(key, sorted(keys))
                hint = f" {near}" if near.startswith("Did") else ""
                raise self.foreign(key, f"zsclip does not know what this key changes.{hint}")

    def foreign(self, key: str, kind: str) -> CheckpointError:
        """The error about a key that speaks of another model."""
        return foreign_model(self.where, kind, self.key(key), self.values.get(key))

    def wrong(self, key: str, what: str, value: object) -> CheckpointError:
        """The error about a value that cannot be."""
        return CheckpointError(
            f"{self.where}: `{self.key(key)}` must be {what}, got {brief(value)}."
        )


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of a model as its configuration gives them, in OpenAI's words.

    Attributes:
        embed_dim: The width of its embeddings.
        resolution: The side of its pictures in pixels.
        image_layers: The blocks of its vision transformer, or of the four stages of a ResNet.
        image_width: The width of the image tower.
        image_hidden: The width within its MLPs; None for a ResNet.
        patch: The side of a patch in pixels; None for a ResNet.
        context_length: How many tokens a text may have.
        vocab_size: Its number of tokens.
        text_width: The width of the text tower.
        text_hidden: The width within its MLPs.
        text_layers: Its blocks.
        keys: How the configuration calls each of them.
    """

    embed_dim: int
    resolution: int
    image_layers: int | tuple[int, ...]
    image_width: int
    image_hidden: int | None
    patch: int | None
    context_length: int
    vocab_size: int
    text_width: int
    text_hidden: int
    text_layers: int
    keys: Mapping[str, str]

    def shapes(self) -> dict[str, tuple[tuple[int, ...], tuple[str, ...]]]:
        """The shapes of tensors that these sizes tell, each with the sizes that it comes from."""
        text, image = self.text_width, self.image_width
        found: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
            "text_projection": ((text, self.embed_dim), ("text_width", "embed_dim")),
            "positional_embedding": ((self.context_length, text), ("context_length", "text_width")),
            "token_embedding.weight": ((self.vocab_size, text), ("vocab_size", "text_width")),
            "transformer.resblocks.0.mlp.c_fc.weight": (
                (self.text_hidden, text), ("text_hidden", "text_width"),
            ),
        }  # fmt: skip
        if self.patch is None or self.image_hidden is None:
            places = (self.resolution // 32) ** 2 + 1
            return found | {
                "visual.layer1.0.conv1.weight": ((image, image, 1, 1), ("image_width",)),
                "visual.attnpool.positional_embedding": (
                    (places, image * 32), ("resolution", "image_width"),
                ),
                "visual.attnpool.c_proj.weight": (
                    (self.embed_dim, image * 32), ("embed_dim", "image_width"),
                ),
            }  # fmt: skip
        places = (self.resolution // self.patch) ** 2 + 1
        return found | {
            "visual.conv1.weight": (
                (image, 3, self.patch, self.patch), ("image_width", "patch"),
            ),
            "visual.positional_embedding": (
                (places, image), ("resolution", "patch", "image_width"),
            ),
            "visual.proj": ((image, self.embed_dim), ("image_width", "embed_dim")),
            "visual.transformer.resblocks.0.mlp.c_fc.weight": (
                (self.image_hidden, image), ("image_hidden", "image_width"),
            ),
        }  # fmt: skip

    def blocks(self) -> dict[str, tuple[int, str]]:
        """How many blocks there are behind each beginning of a name, and which size says so."""
        found = {"transformer.resblocks": (self.text_layers, "text_layers")}
        if isinstance(self.image_layers, int):
            found["visual.transformer.resblocks"] = (self.image_layers, "image_layers")
        else:
            found |= {
                f"visual.layer{i}": (n, "image_layers")
                for i, n in enumerate(self.image_layers, start=1)
            }
        return found


@dataclass(frozen=True, slots=True)
class Described:
    """A model as its configuration describes it.

    Attributes:
        recipe: What no tensor tells.
        sizes: What its tensors tell as well.
        where: The file, for errors.
    """

    recipe: Recipe
    sizes: Sizes
    where: str

    def require_fit(self, shapes: Mapping[str, tuple[int, ...]], weights: Path) -> None:
        """Raise if weights are not of this model.

        Args:
            shapes: Their shapes, by their names in OpenAI's layout.
            weights: Their file, for errors.

        Raises:
            CheckpointError: They are of another one.
        """
        for tensor, (due, keys) in self.sizes.shapes().items():
            found = shapes.get(tensor)
            if found != due:
                raise self._misfit(weights, keys, f"{tensor!r} would be {due}, and is {found}")
        for start, (count, key) in self.sizes.blocks().items():
            numbers = {m[1] for name in shapes if (m := re.match(rf"{start}\.(\d+)\.", name))}
            if len(numbers) != count:
                raise self._misfit(
                    weights, (key,), f"{start!r} would have {count} blocks, and has {len(numbers)}"
                )

    def _misfit(self, weights: Path, keys: Collection[str], what: str) -> CheckpointError:
        said = [f"{self.sizes.keys[key]} {getattr(self.sizes, key)}" for key in keys]
        return CheckpointError(
            f"{self.where} and {str(weights)!r} are not of one model: by {', '.join(said)}, "
            f"{what}. Take both from the same place."
        )


def _is_number(value: object) -> bool:
    # of NaN and infinity no comparison of this kind is true
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _same(value: object, other: object) -> bool:
    """Equality in which a truth value is no number."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)
