"""A label set: the classes, what they are called, and how prompts are made of them.

The value knows nothing of files. What reads them (`zsclip.labels.toml`, `zsclip.labels.tables`)
gives a draft, of which `labelset_of` makes a set; what is written gets plain values.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from zsclip.errors import LabelNotFoundError, ParameterTypeError
from zsclip.labels.compose import (
    Part,
    both_licenses,
    joined,
    none_of_either,
    require_apart,
    select,
    with_own_prompts,
)
from zsclip.labels.drafts import ABOUT, PROSE, Draft, draft_of
from zsclip.labels.making import (
    labels_of_mapping,
    labels_of_names,
    require_kinds,
    require_rules,
)
from zsclip.labels.rules import check_draft, format_error
from zsclip.labels.tree import Tree, tree_of
from zsclip.labels.values import (
    PLACEHOLDER,
    Expected,
    Group,
    Label,
    Provenance,
    as_tuple,
    set_texts,
    texts_of,
)
from zsclip.wording import brief, counted, did_you_mean, in_a_row

__all__ = ["LabelSet", "labelset_of", "labelset_of_checked"]

_KINDS = {"labels": Label, "groups": Group, "expected": Expected, "provenance": Provenance}


class _Kept:
    """Places beside the fields, which comparing, copying and pickling leave alone."""

    __slots__ = ("_by_id", "_tree")
    _by_id: dict[str, Label]
    _tree: Tree


@dataclass(frozen=True, slots=True, repr=False)
class LabelSet(_Kept):
    """The classes to choose from, as a value: it never changes, and equal ones compare equal.

    Iterating gives the labels, ``len`` their number, and indexing one of them by its position or
    its id. Text that is empty stands for "not said".

    Attributes:
        name: The set's name; for an installed one, what `load_labelset` takes.
        labels: The classes, one or more, in an order that is part of the set.
        templates: Texts with one ``{}`` each; empty where the classifier's own are to be used.
        null_prompts: Complete prompts that stand for "none of these"; empty where the classifier's
            own are to be used.
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
            label sets, or there is no label.
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
    null_prompts: tuple[str, ...] = ()
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
        set_texts(self, ABOUT)
        for field in PROSE:  # as it is for a file
            object.__setattr__(self, field, getattr(self, field).strip())
        for field in ("templates", "null_prompts"):
            object.__setattr__(self, field, texts_of(field, getattr(self, field)))
        for field, kind in _KINDS.items():
            object.__setattr__(self, field, as_tuple(field, getattr(self, field)))
            require_kinds(field, getattr(self, field), kind)
        lists = (self.labels, self.groups, self.templates, self.null_prompts)
        require_rules(draft_of(*lists, about=self._about(), expected=self.expected))

    def _about(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in ABOUT}

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
        from zsclip.labels.toml import read_toml_file

        return labelset_of(read_toml_file(path))

    @classmethod
    def from_txt(cls, path: str | os.PathLike[str], *, name: str | None = None) -> LabelSet:
        """Read class names out of a text file in UTF-8, one a line, each its label's id as well.

        White space around a name is dropped; blank lines and lines that start with ``#`` are
        skipped.

        Args:
            path: The file.
            name: The set's name; that of the file, without its ending, if not given.

        Raises:
            LabelSetUnreadableError: There is no such file, or it is not UTF-8.
            LabelSetFormatError: Names break rules; `problems` holds every breach with its line.
        """
        from zsclip.labels.tables import read_names

        return labelset_of(read_names(path, name))

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
            name: As in `from_txt`.

        Raises:
            LabelSetError: As in `from_txt`.
        """
        from zsclip.labels.tables import read_csv

        return labelset_of(read_csv(path, name))

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

        Raises:
            LabelSetUnreadableError: There is no such folder, or it cannot be read.
            LabelSetFormatError: The names break rules; `problems` holds every breach.
        """
        from zsclip.labels.tables import read_folder

        return labelset_of(read_folder(path, name))

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
            LabelError: Names are empty, padded, hold control characters or stand twice, there is
                none, or a template does not hold ``{}`` once. All problems are named.
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
        from zsclip.labels.writing import write_toml

        given = {"name": name, "license": license, "source": source}
        named = replace(self, **{k: v for k, v in given.items() if v is not None})  # type: ignore[arg-type]
        return write_toml(
            named._about(),
            labels=named.labels,
            groups=named.groups,
            templates=named.templates,
            null_prompts=named.null_prompts,
            expected=named.expected,
        )

    def __or__(self, other: LabelSet) -> LabelSet:
        """The labels of this set, and then those of another.

        - Templates: those that both have stay. Where they differ, each set's own are filled in, so
          that its labels have complete prompts (one that a label would have twice counts once), and
          the result has no templates; the labels of a set without templates stay as they are, for
          the classifier to fill in its own.
        - Null prompts: those of both, but for what is a label of the other: it is one of them now.
        - A group that both have, with the same id, name and parent, is one group.
        - Expected figures of both stay; they speak of the sets as they were published.
        - The license is that of both, as an SPDX expression. License, source and title are empty
          where either set has none, since nothing is known of the whole then.
        - The language stays if both have the same.

        Putting sets together in another grouping gives the same: ``(a | b) | c == a | (b | c)``.

        Raises:
            LabelError: An id, or a text of a label, is in both; case, spaces, wide letters and
                accents composed differently do not tell texts apart. The clashes are named.
        """
        if not isinstance(other, LabelSet):
            return NotImplemented
        labels, others, templates = self.labels, other.labels, self.templates
        if templates != other.templates:
            labels = with_own_prompts(labels, self.templates)
            others = with_own_prompts(others, other.templates)
            templates = ()
        require_apart(Part(self.name, labels, self.groups), Part(other.name, others, other.groups))
        return LabelSet(
            f"{self.name}+{other.name}",
            labels + others,
            templates=templates,
            null_prompts=none_of_either(
                (*self.null_prompts, *other.null_prompts), (*labels, *others)
            ),
            license=both_licenses(self.license, other.license),
            source=joined(self.source, other.source, "\n\n", whole=True),
            title=joined(self.title, other.title, " + ", whole=True),
            description=joined(self.description, other.description, "\n\n"),
            citation=joined(self.citation, other.citation, "\n\n"),
            language=self.language if self.language == other.language else "",
            groups=tuple(dict.fromkeys(self.groups + other.groups)),
            expected=tuple(dict.fromkeys(self.expected + other.expected)),
            provenance=tuple(dict.fromkeys(self.provenance + other.provenance)),
        )

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
            LabelError: No label would be left.

        Examples:
            >>> pet, cat, dog = Group("pet", "pet"), Label("cat", "cat"), Label("dog", "dog")
            >>> trio = (replace(cat, parent="pet"), replace(dog, parent="pet"), Label("cow", "cow"))
            >>> farm = LabelSet("farm", trio, groups=(pet,))
            >>> farm.only("pet")
            <LabelSet 'farm/pet' 2 labels, 0 templates>
            >>> farm.without("dog").ids
            ('cat', 'cow')
        """
        return self._part(names, keep=True)

    def without(self, *names: str) -> LabelSet:
        """The part of the set that `only` of the same names leaves out; the same set without names.

        It is named for example ``cartoon-animals/without bird``; names and errors are as in `only`.
        """
        return self._part(names, keep=False) if names else self

    def _part(self, names: Sequence[str], *, keep: bool) -> LabelSet:
        part = select(Part(self.name, self.labels, self.groups), names, keep=keep)
        return replace(self, name=part.name, labels=part.labels, groups=part.groups)

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

    def prompts_with(self, templates: Iterable[str]) -> tuple[tuple[str, ...], ...]:
        """The prompts of each label, as `Label.prompts_with` gives them.

        Args:
            templates: Texts with one ``{}`` each, such as the set's own.

        Examples:
            >>> LabelSet.from_names(["cat", "dog"]).prompts_with(["a {}.", "the {}."])
            (('a cat.', 'the cat.'), ('a dog.', 'the dog.'))
        """
        forms = as_tuple("templates", templates)
        return tuple(label.prompts_with(forms) for label in self.labels)

    @property
    def names(self) -> tuple[str, ...]:
        """What the classes are called, in order."""
        return tuple(label.name for label in self.labels)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the classes, in order."""
        return tuple(label.id for label in self.labels)

    @property
    def tree(self) -> Tree:
        """Which labels lie below which group or label; made when it is first asked for, and kept.

        Raises:
            LabelError: Groups are nested more than a hundred deep.
        """
        try:
            return self._tree
        except AttributeError:
            found = tree_of(self.name, self.labels, self.groups)
            object.__setattr__(self, "_tree", found)
            return found

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __contains__(self, item: object) -> bool:
        return item in self._ids() if isinstance(item, str) else item in self.labels

    def __getitem__(self, key: int | str) -> Label:
        if isinstance(key, str):
            if (label := self._ids().get(key)) is not None:
                return label
            hint = did_you_mean(key, self.ids[:1000])
            raise LabelNotFoundError(
                f"No label of {brief(self.name)} has the id {brief(key)}. {hint}"
            )
        try:
            return self.labels[key.__index__()]
        except IndexError:
            raise LabelNotFoundError(
                f"The label set {brief(self.name)} has {counted(len(self), 'label')}, and none at "
                f"position {key}."
            ) from None
        except AttributeError:
            raise ParameterTypeError(
                f"A label is looked up by its position or its id, got {brief(key)}. "
                "For several of them, slice `labels`."
            ) from None

    def _ids(self) -> dict[str, Label]:
        """The labels by their ids, from the first time that one is looked up on."""
        try:
            return self._by_id
        except AttributeError:
            found = {label.id: label for label in self.labels}
            object.__setattr__(self, "_by_id", found)
            return found

    def _repr_html_(self) -> str:
        from zsclip.labels.shown import shown_labelset

        return shown_labelset(self)

    def __repr__(self) -> str:
        end = f", {in_a_row(list(map(str, self.provenance)), ' + ')}" if self.provenance else ""
        sizes = f"{counted(len(self), 'label')}, {counted(len(self.templates), 'template')}"
        return f"<LabelSet {brief(self.name)} {sizes}{end}>"


# ------------------------------------------------------------------------------------- from drafts


def labelset_of(draft: Draft) -> LabelSet:
    """The set that was read, once the rules have been run over it.

    Raises:
        LabelSetFormatError: It breaks rules; `problems` holds every breach with its place.
    """
    if problems := check_draft(draft):
        raise format_error(draft.what, problems)
    return labelset_of_checked(draft)


def labelset_of_checked(draft: Draft) -> LabelSet:
    """The set of a draft in which `check_draft` found nothing; no rule is run again."""
    made = object.__new__(LabelSet)
    for key in ABOUT:
        object.__setattr__(made, key, draft.said(key))
    for key, value in {
        "labels": tuple(node.as_label() for node in draft.labels),
        "groups": tuple(node.as_group() for node in draft.groups),
        "templates": tuple(text.value for text in draft.templates),
        "null_prompts": tuple(text.value for text in draft.null_prompts),
        "expected": tuple(draft.expected),
        "provenance": draft.provenance,
    }.items():
        object.__setattr__(made, key, value)
    return made
