"""A label set: the classes, what they are called, and how prompts are made of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace

from zsclip.errors import LabelNotFoundError, ParameterTypeError, did_you_mean
from zsclip.labels.compose import require_two, select, union
from zsclip.labels.fields import fields_of
from zsclip.labels.making import check_fields, labels_of_mapping, labels_of_names, texts_of
from zsclip.labels.sources import read_folder, read_names, read_toml_file
from zsclip.labels.tables import read_csv
from zsclip.labels.values import PLACEHOLDER, Expected, Group, Label, Provenance
from zsclip.labels.writing import write_toml

__all__ = ["LabelSet"]


@dataclass(frozen=True, slots=True, repr=False)
class LabelSet:
    """The classes to choose from, as a value: it never changes, and equal ones compare equal.

    Iterating gives the labels, ``len`` their number, and indexing one of them by its position or
    its id. Text that is empty stands for "not said".

    Attributes:
        name: The set's name; for an installed one, what `load_labelset` takes.
        labels: The classes, two or more, in an order that is part of the set.
        templates: Texts with one ``{}`` each; empty where the classifier's own are to be used.
        license: SPDX expression of the license of the data.
        source: Where the names come from.
        title: What the set is called in words.
        description: What the set is for.
        citation: What to cite.
        language: Language of names and templates as a BCP 47 tag, such as ``en``.
        groups: Nodes above the labels, such as "mammal".
        expected: Published figures.
        provenance: Every file that the set was read from; empty for one made in code.

    Raises:
        LabelError: A text, a label, a group or a template breaks the rules R5 to R8 or R11 of
            label sets, or there are fewer than two labels.
        ParameterTypeError: A bare string stands where a sequence is meant.

    Examples:
        >>> pets = LabelSet("pets", (Label("cat", "cat", ("kitten",)), Label("dog", "dog")))
        >>> pets
        <LabelSet 'pets' 2 labels, 0 templates>
        >>> pets["cat"].texts
        ('cat', 'kitten')
        >>> pets.names
        ('cat', 'dog')
    """

    name: str
    labels: tuple[Label, ...]
    _: KW_ONLY
    templates: tuple[str, ...] = ()
    license: str = ""
    source: str = ""
    title: str = ""
    description: str = ""
    citation: str = ""
    language: str = ""
    groups: tuple[Group, ...] = ()
    expected: tuple[Expected, ...] = ()
    provenance: tuple[Provenance, ...] = ()

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> LabelSet:
        """Read a label-set file.

        Args:
            path: The file. Its own name is free; that of an installed set's file is not.

        Returns:
            The set. Its provenance holds the path and the SHA-256 of the file.

        Raises:
            LabelSetUnreadableError: There is no such file, or it cannot be read.
            LabelSetFormatError: The file breaks rules; `problems` holds every breach.
            LabelSetVersionError: The file follows a newer schema.
        """
        return cls(**read_toml_file(path))

    @classmethod
    def from_txt(cls, path: str | os.PathLike[str], *, name: str | None = None) -> LabelSet:
        """Read class names out of a text file in UTF-8, one a line.

        White space around a name is dropped; blank lines and lines that start with ``#`` are
        skipped.

        Args:
            path: The file.
            name: The set's name; that of the file, without its ending, if not given.

        Returns:
            The set, with each name as its label's id, and with its provenance.

        Raises:
            LabelSetUnreadableError: There is no such file, or it is not UTF-8.
            LabelSetFormatError: Names break rules; `problems` holds every breach with its line.
        """
        return cls(**read_names(path, name))

    @classmethod
    def from_csv(cls, path: str | os.PathLike[str], *, name: str | None = None) -> LabelSet:
        """Read labels out of a table in UTF-8, with commas, semicolons or tabs between the cells.

        The first line names the columns, of which only ``name`` has to be there: ``name``, ``id``,
        ``aliases``, ``prompts``, ``parent``. Several aliases or prompts stand in one cell with
        ``|`` between them. A parent that is no label's id becomes a group. A file of one column
        needs no first line: all its lines are names then. White space around texts is dropped,
        empty lines are skipped, and an empty cell says nothing.

        Args:
            path: The file.
            name: The set's name; that of the file, without its ending, if not given.

        Returns:
            The set, with its provenance.

        Raises:
            LabelSetUnreadableError: There is no such file, or it is not UTF-8.
            LabelSetFormatError: The file breaks rules; `problems` holds every breach with its line.
        """
        return cls(**read_csv(path, name))

    @classmethod
    def from_folder(cls, path: str | os.PathLike[str], *, name: str | None = None) -> LabelSet:
        """Take the class folders of a data set as labels.

        Every folder directly in this one is a class, in the plain order of their names, which is
        that of torchvision's ``ImageFolder``: the classes have the same numbers. A folder's name
        is its label's id. The label's name is the same in words: underscores become spaces, and so
        do hyphens where the name has neither underscores nor spaces. Files are skipped, and so are
        hidden folders and those of a system (``lost+found``, ``@eaDir``, ``$RECYCLE.BIN``,
        ``__MACOSX`` and their like), which ``ImageFolder`` would take for classes.

        Args:
            path: The folder that holds the class folders.
            name: The set's name; that of the folder if not given.

        Returns:
            The set, with its provenance.

        Raises:
            LabelSetUnreadableError: There is no such folder, or it cannot be read.
            LabelSetFormatError: The names break rules; `problems` holds every breach.
        """
        return cls(**read_folder(path, name))

    @classmethod
    def from_names(
        cls, names: Iterable[str | Label], *, templates: Iterable[str] = (), name: str = "custom"
    ) -> LabelSet:
        """Make a label set of class names.

        Args:
            names: The classes in order, each a name or a `Label`.
            templates: Texts with one ``{}`` each; none leaves the choice to the classifier.
            name: The set's name.

        Returns:
            The set, with each name as its label's id.

        Raises:
            LabelError: Names are empty, padded, hold control characters or stand twice, there are
                fewer than two, or a template does not hold ``{}`` once. All problems are named.
            ParameterTypeError: `names` or `templates` is a bare string or has no order, or holds
                what is neither a text nor a `Label`.

        Examples:
            >>> LabelSet.from_names(["cat", "dog"], templates=["a cartoon {}."])
            <LabelSet 'custom' 2 labels, 1 template>
        """
        return cls(name, labels_of_names(names), templates=texts_of("templates", templates))

    @classmethod
    def from_mapping(
        cls,
        mapping: Mapping[str, Sequence[str]],
        *,
        templates: Iterable[str] = (),
        name: str = "custom",
    ) -> LabelSet:
        """Make a label set of class names with phrases for each.

        Args:
            mapping: The classes in order, and for each the phrases that stand for it.
            templates: Texts with one ``{}`` each, which every phrase fills in place of the name.
                None means that the phrases are the prompts: the templates are then ``("{}",)``.
            name: The set's name.

        Returns:
            The set; its labels have complete prompts.

        Raises:
            LabelError: As for `from_names`, or a class has no phrase.
            ParameterTypeError: `mapping` is none, or a class's phrases are no list of texts.

        Examples:
            >>> cars = LabelSet.from_mapping({"car": ["a car", "an automobile"], "bus": ["a bus"]})
            >>> cars["car"].prompts
            ('a car', 'an automobile')
            >>> words = {"car": ["car", "automobile"], "bus": ["bus"]}
            >>> LabelSet.from_mapping(words, templates=["a sketch of the {}."])["car"].prompts
            ('a sketch of the car.', 'a sketch of the automobile.')
        """
        forms = texts_of("templates", templates) or (PLACEHOLDER,)
        return cls(name, labels_of_mapping(mapping, forms), templates=forms)

    def to_toml(
        self,
        *,
        name: str | None = None,
        license: str | None = None,  # noqa: A002 - the name of the key
        source: str | None = None,
    ) -> str:
        """The set as a label-set file, which `from_toml` reads as an equal set.

        Args:
            name: The name to write in place of the set's own.
            license: The license to write; a set made in code says none, and a file has to.
            source: Where the names come from, likewise.

        Returns:
            The file's text, to be saved in UTF-8. It does not hold the provenance, which is that of
            the file from then on.

        Raises:
            LabelError: Neither the set nor the call says license and source.

        Examples:
            >>> pets = LabelSet.from_names(["cat", Label("dog", "dog", ("hound",))], name="pets")
            >>> print(pets.to_toml(license="CC0-1.0", source="own work"), end="")
            schema = 1
            name = "pets"
            license = "CC0-1.0"
            source = "own work"
            <BLANKLINE>
            labels = [
                "cat",
                { name = "dog", aliases = ["hound"] },
            ]
        """
        named = replace(
            self,
            name=self.name if name is None else name,
            license=self.license if license is None else license,
            source=self.source if source is None else source,
        )
        return write_toml(named)

    def __or__(self, other: LabelSet) -> LabelSet:
        """The labels of this set, and then those of another; see `zsclip.labels.compose.union`."""
        if not isinstance(other, LabelSet):
            return NotImplemented
        return LabelSet(**union(fields_of(self), fields_of(other)))

    def only(self, *names: str) -> LabelSet:
        """The part of the set that has these labels, or those below these groups.

        A group stands for all labels below it at any depth; a label that others name as their
        parent stands for itself and those. Labels stay as they are and in their order. A label
        that is left out but stands above others becomes a group, and groups that nothing is left
        below are dropped. Everything else stays, and speaks of the set as it was published.

        Args:
            names: Labels by their ids or names, groups by their ids. An id goes first.

        Returns:
            The part, named for example ``cartoon-animals/bird``.

        Raises:
            LabelNotFoundError: There is no such label or group; near ones are suggested.
            LabelError: Fewer than two labels would be left.

        Examples:
            >>> pet, cat, dog = Group("pet", "pet"), Label("cat", "cat"), Label("dog", "dog")
            >>> trio = (replace(cat, parent="pet"), replace(dog, parent="pet"), Label("cow", "cow"))
            >>> farm = LabelSet("farm", trio, groups=(pet,))
            >>> farm.only("pet")
            <LabelSet 'farm/pet' 2 labels, 0 templates>
            >>> farm.without("dog").ids
            ('cat', 'cow')
        """
        return LabelSet(**require_two(select(fields_of(self), names)))

    def without(self, *names: str) -> LabelSet:
        """The part of the set that `only` of the same names leaves out; the same set without names.

        Args:
            names: As in `only`.

        Returns:
            The part, named for example ``cartoon-animals/without bird``.

        Raises:
            LabelNotFoundError: As in `only`.
            LabelError: As in `only`.
        """
        if not names:
            return self
        return LabelSet(**require_two(select(fields_of(self), names, keep=False)))

    def with_templates(self, templates: Iterable[str]) -> LabelSet:
        """The set with other templates; labels that have complete prompts keep those.

        Args:
            templates: Texts with one ``{}`` each; none leaves the choice to the classifier.

        Raises:
            LabelError: A template does not hold ``{}`` once.
            ParameterTypeError: `templates` is a bare string.

        Examples:
            >>> pets = LabelSet.from_names(["cat", "dog"]).with_templates(["a sketch of a {}."])
            >>> pets["dog"].prompts_with(pets.templates)
            ('a sketch of a dog.',)
        """
        return replace(self, templates=texts_of("templates", templates))

    @property
    def names(self) -> tuple[str, ...]:
        """What the classes are called, in order."""
        return tuple(label.name for label in self.labels)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the classes, in order."""
        return tuple(label.id for label in self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __contains__(self, item: object) -> bool:
        return item in self.labels or any(label.id == item for label in self.labels)

    def __getitem__(self, key: int | str) -> Label:
        if isinstance(key, str):
            for label in self.labels:
                if label.id == key:
                    return label
            hint = did_you_mean(key, self.ids[:1000])
            raise LabelNotFoundError(f"No label of {self.name!r} has the id {key!r}. {hint}")
        try:
            return self.labels[key.__index__()]
        except IndexError:
            raise LabelNotFoundError(
                f"The label set {self.name!r} has {len(self)} labels, and none at position {key}."
            ) from None
        except AttributeError:
            raise ParameterTypeError(
                f"A label is looked up by its position or its id, got {key!r}. "
                "For several of them, slice `labels`."
            ) from None

    def __repr__(self) -> str:
        templates = "template" if len(self.templates) == 1 else "templates"
        end = f", {' + '.join(map(str, self.provenance))}" if self.provenance else ""
        sizes = f"{len(self.labels)} labels, {len(self.templates)} {templates}"
        return f"<LabelSet {self.name!r} {sizes}{end}>"
