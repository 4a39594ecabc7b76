"""The small values a label set is made of: labels, groups, published figures, provenance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeVar

from zsclip.errors import ParameterTypeError
from zsclip.wording import BriefRepr, brief, shown

__all__ = [
    "DEFAULT_TEMPLATES",
    "PLACEHOLDER",
    "Expected",
    "Group",
    "Label",
    "Provenance",
    "as_tuple",
    "fill_template",
    "plain",
    "set_texts",
    "texts_of",
]

PLACEHOLDER = "{}"
"""What a template holds once, where the name goes."""

# What a set of labels without templates of its own gets: the seven that CLIP's authors found best
# together on ImageNet, by forward selection among their eighty (openai/CLIP, notebook
# "Prompt Engineering for ImageNet").
DEFAULT_TEMPLATES: tuple[str, ...] = (
    "itap of a {}.",
    "a bad photo of the {}.",
    "a origami {}.",
    "a photo of the large {}.",
    "a {} in a video game.",
    "art of the {}.",
    "a photo of the small {}.",
)

T = TypeVar("T")


def fill_template(template: str, text: str) -> str:
    """A template with a text in the place of its ``{}``.

    Plain replacement: templates come out of data files, and ``str.format`` would let a file reach
    into objects and fail on every other brace.

    Args:
        template: A text with one ``{}``.
        text: What to put there.

    Returns:
        The prompt.

    Examples:
        >>> fill_template("a cartoon {}.", "red fox")
        'a cartoon red fox.'
    """
    return template.replace(PLACEHOLDER, text)


def plain(text: str) -> str:
    """The text itself, of a subclass of `str` as well: of an enumeration's member its value.

    Examples:
        >>> import enum
        >>> plain(enum.Enum("C", {"RAT": "rat"}, type=str).RAT)
        'rat'
    """
    return str.__str__(text)  # str(text) would ask the subclass


def as_tuple(param: str, values: Iterable[T]) -> tuple[T, ...]:
    """The values as a tuple, and an error for a bare string, which would fall into letters."""
    if isinstance(values, str | bytes):
        raise ParameterTypeError(
            f"`{param}` must be a sequence of texts, got {brief(values)}. Put it into a list."
        )
    try:
        return tuple(values)
    except TypeError:  # not iterable
        raise ParameterTypeError(
            f"`{param}` must be a sequence of texts, got {type(values).__name__}. "
            "Pass a list or a tuple."
        ) from None


def texts_of(param: str, values: Iterable[str], *, owner: str = "") -> tuple[str, ...]:
    """The values as a tuple of plain texts, and an error for anything else."""
    of = f" of a {owner}" if owner else ""
    texts = as_tuple(param, values)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ParameterTypeError(
                f"`{param}[{i}]`{of} must be a text, got {brief(text)}. Pass a str."
            )
    return tuple(map(plain, texts))


def set_texts(owner: object, fields: Iterable[str]) -> None:
    """Make fields of a frozen value plain texts; `ParameterTypeError` for one that is none."""
    for field in fields:
        value = getattr(owner, field)
        if not isinstance(value, str):
            raise ParameterTypeError(
                f"`{field}` of a {type(owner).__name__} must be a text, got {brief(value)}. "
                "Pass a str."
            )
        object.__setattr__(owner, field, plain(value))


def _texts_of_node(parent: object) -> tuple[str, ...]:
    return ("id", "name") if parent is None else ("id", "name", "parent")


@dataclass(frozen=True, slots=True, repr=False)
class Label(BriefRepr):
    """One class: what it is called, and what else it goes by.

    Attributes:
        id: What it is known by to a program: unique in its set, for example a class folder's name.
        name: What it is called in words.
        aliases: Other words for the same class. Each fills every template, as the name does.
        prompts: Complete prompts, used as they are in place of name and aliases in templates.
        parent: The id of the group, or of the wider label, that it belongs to.

    Examples:
        >>> rabbit = Label("rabbit", "rabbit", aliases=("bunny",), parent="mammal")
        >>> rabbit.texts
        ('rabbit', 'bunny')
    """

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    parent: str | None = None

    def __post_init__(self) -> None:
        set_texts(self, _texts_of_node(self.parent))
        object.__setattr__(self, "aliases", texts_of("aliases", self.aliases, owner="Label"))
        object.__setattr__(self, "prompts", texts_of("prompts", self.prompts, owner="Label"))

    @property
    def texts(self) -> tuple[str, ...]:
        """The name, then the aliases."""
        return (self.name, *self.aliases)

    def prompts_with(self, templates: Iterable[str]) -> tuple[str, ...]:
        """The prompts that stand for this label.

        Args:
            templates: Texts with one ``{}`` each.

        Returns:
            The label's own prompts if it has any; otherwise, name first and then each alias, every
            one of them in each template.

        Raises:
            ParameterTypeError: `templates` is a bare string.

        Examples:
            >>> Label("rabbit", "rabbit", aliases=("bunny",)).prompts_with(["a {}.", "the {}."])
            ('a rabbit.', 'the rabbit.', 'a bunny.', 'the bunny.')
            >>> Label("car", "car", prompts=("a car",)).prompts_with(["a {}.", "the {}."])
            ('a car',)
        """
        templates = as_tuple("templates", templates)
        if self.prompts:
            return self.prompts
        return tuple(fill_template(t, text) for text in self.texts for t in templates)


@dataclass(frozen=True, slots=True, repr=False)
class Group(BriefRepr):
    """A node above labels that is no class itself, such as "mammal".

    Attributes:
        id: What labels and groups name as their ``parent``; unique among groups and labels.
        name: What it is called in words.
        parent: The id of the group, or of the label, that it belongs to.
    """

    id: str
    name: str
    parent: str | None = None

    def __post_init__(self) -> None:
        set_texts(self, _texts_of_node(self.parent))


@dataclass(frozen=True, slots=True, repr=False)
class Expected(BriefRepr):
    """A published figure: what a model reaches with this set on the data that it is made for.

    Attributes:
        model: The model's own name, such as ``ViT-B/32``.
        metric: What was measured, such as ``top-1``.
        value: The figure, for an accuracy a fraction between 0 and 1.
        source: Where it was published.
    """

    model: str
    metric: str
    value: float
    source: str

    def __post_init__(self) -> None:
        set_texts(self, ("model", "metric", "source"))


@dataclass(frozen=True, slots=True, repr=False)
class Provenance(BriefRepr):
    """Where a label set came from, precisely enough to get it again.

    Attributes:
        distribution: The installed distribution, empty for a file given by its path.
        version: The distribution's version, empty for a file given by its path.
        file: The file within its package, as ``package/name.toml``, or the path given.
        sha256: SHA-256 of the file's bytes, in hexadecimal; for a folder of class folders, of
            their names, each with a line feed after it.
    """

    distribution: str
    version: str
    file: str
    sha256: str

    def __str__(self) -> str:
        """The distribution and its version, or the file's name."""
        if self.distribution:
            return shown(f"{self.distribution} {self.version}")
        return shown(PurePath(self.file).name)
