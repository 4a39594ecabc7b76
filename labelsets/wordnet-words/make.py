#!/usr/bin/env python3
"""Write zsclip_labels_wordnet_words/wordnet-words.toml from the database files of WordNet 3.0.

usage: python make.py FOLDER
  FOLDER  with data.noun, data.adj, index.noun, index.adj and cntlist.rev, such as
          /usr/share/wordnet of the Debian package wordnet-base

Its formats are those of wndb(5WN) and cntlist(5WN).
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
FILE = HERE / "zsclip_labels_wordnet_words" / "wordnet-words.toml"
NOUNS, ADJECTIVES = 8000, 2000

# Lexicographer files (lexnames(5WN)) that NegLabel leaves out as well: nouns of groups, persons and
# quantities, and adjectives that only say what something pertains to.
LEFT_OUT = {"noun": {"14", "18", "23"}, "adj": {"01"}}
# Those of what can be seen: animals, artifacts, bodies, food, objects, phenomena, plants, shapes
# and substances. Nouns of these are taken as if they were counted twice at least.
SEEN = ("05", "06", "08", "13", "17", "19", "20", "25", "27")
SEEN_COUNTS = 2

WORD = re.compile(r"[a-z]{3,}(?:[ -][a-z]{2,})?")  # one word or two, no names, no numerals
# What a definition says of words that nobody wants to be called by, whichever of its senses has it.
OFFENSIVE = re.compile(
    r"\b(?:offensive|ethnic slur|obscen\w*|vulgar\w*|disparag\w*|derogat\w*|pejorative|taboo"
    r"|contemptuous name|prostitut\w*|masturbat\w*|copulat\w*|sexual intercourse|genital\w*"
    r"|pornograph\w*|excrement|feces|homosexual\w*|rape)\b"
)

HEAD = '''\
schema = 1
name = "wordnet-words"
title = "Words of WordNet"
description = """
{total:,} English words, {nouns:,} nouns and {adjectives:,} adjectives, in two groups. They are \\
no classes to sort pictures into, but what a picture may show that is none of yours: NegLabel \\
chooses those that are far from your labels (`rejecting(method="neglabel")`)."""
license = "LicenseRef-WordNet-3.0"
source = """
WordNet 3.0, Princeton University: nouns and adjectives of one word or two in lower case, by how \\
often they were counted in its tagged texts (cntlist.rev); nouns of what can be seen as if they \\
were counted twice at least. Left out are nouns of persons, groups and quantities and adjectives \\
of pertaining, as in NegLabel, and words whose definitions tell that they are offensive. Written \\
by labelsets/wordnet-words/make.py of zsclip's repository. Templates: Xue Jiang et al. 2024 and \\
https://github.com/XueJiang16/NegLabel."""
citation = """
Christiane Fellbaum (editor). WordNet: An Electronic Lexical Database. MIT Press, 1998. \\
Xue Jiang, Feng Liu, Zhen Fang, Hong Chen, Tongliang Liu, Feng Zheng, Bo Han. Negative Label \\
Guided OOD Detection with Pretrained Vision-Language Models. International Conference on \\
Learning Representations (ICLR), 2024."""
language = "en"

# The templates of NegLabel: of nouns as a template, of adjectives as prompts of their own, in which
# "a" stands before vowels as well.
templates = ["The nice {{}}."]
groups = ["noun", "adjective"]

labels = [
'''


class Sense(NamedTuple):
    """One sense of a word: as written, its file, which name of the thing it is, the gloss."""

    word: str
    file: str
    place: int
    gloss: str


def read_senses(folder: Path, kind: str) -> dict[str, list[Sense]]:
    """Of each lemma its senses, the commonest first."""
    synsets = {}
    for line in (folder / f"data.{kind}").read_text("utf-8").splitlines():
        if line.startswith(" "):
            continue
        data, _, gloss = line.partition("|")
        offset, file, _, count, *rest = data.split()
        words = [re.sub(r"\(\w+\)$", "", word) for word in rest[: 2 * int(count, 16) : 2]]
        synsets[offset] = {
            word.lower(): Sense(word, file, place, gloss) for place, word in enumerate(words)
        }
    senses = {}
    for line in (folder / f"index.{kind}").read_text("utf-8").splitlines():
        if line.startswith(" "):
            continue
        lemma, _, count, *rest = line.split()
        senses[lemma] = [synsets[offset][lemma] for offset in rest[-int(count) :]]
    return senses


def read_counts(folder: Path) -> dict[str, Counter[str]]:
    """How often each lemma was counted as a noun and as an adjective."""
    counts: dict[str, Counter[str]] = {"noun": Counter(), "adj": Counter()}
    for line in (folder / "cntlist.rev").read_text("utf-8").splitlines():
        key, _, count = line.split()
        lemma, _, sense = key.partition("%")
        if kind := {"1": "noun", "3": "adj", "5": "adj"}.get(sense[0]):
            counts[kind][lemma] += int(count)
    return counts


def choose(folder: Path, kind: str, most: int, taken: set[str]) -> Iterator[str]:
    """The words of a kind, the commonest first."""
    senses, counts = read_senses(folder, kind), read_counts(folder)
    other = counts["adj" if kind == "noun" else "noun"]

    def rank(lemma: str) -> tuple[object, ...]:
        count, seen = counts[kind][lemma], senses[lemma][0].file in SEEN
        at_least = max(count, SEEN_COUNTS) if seen and kind == "noun" else count
        # of those that were never counted, what a thing is called first before its other names, and
        # of these some of every letter
        names = -count, senses[lemma][0].place, -len(senses[lemma])
        return -at_least, *names, hashlib.sha256(lemma.encode("ascii")).hexdigest()

    for lemma in sorted(senses, key=rank):
        text = senses[lemma][0].word.replace("_", " ")
        if (
            WORD.fullmatch(text)
            and senses[lemma][0].file not in LEFT_OUT[kind]
            and other[lemma] <= counts[kind][lemma]
            and not any(OFFENSIVE.search(sense.gloss) for sense in senses[lemma])
            and text.replace("-", " ") not in taken
        ):
            taken.add(text.replace("-", " "))
            yield text
            most -= 1
            if not most:
                return


def make_file(folder: Path) -> str:
    """The whole file."""
    taken = {"noun", "adjective"}  # which are the groups
    taken |= {"damn", "tit"}  # whose definitions do not tell
    nouns = sorted(choose(folder, "noun", NOUNS, taken))
    adjectives = sorted(choose(folder, "adj", ADJECTIVES, taken))
    lines = [f'    {{ name = "{word}", parent = "noun" }},' for word in nouns] + [
        f'    {{ name = "{word}", parent = "adjective", prompts = ["This is a {word} photo"] }},'
        for word in adjectives
    ]
    total = len(nouns) + len(adjectives)
    head = HEAD.format(total=total, nouns=len(nouns), adjectives=len(adjectives))
    return head + "\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(make_file(Path(sys.argv[1])), "utf-8")
