"""Results as lines: what holds of any name."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from zsclip import Failure, LabelSet
from zsclip.cli.listing import Listing
from zsclip.outputs import lines_of

# what csv.reader gives back: every field that can stand in the name of a file or of a label
fields = st.text(st.characters(exclude_characters="\0"))


@given(st.lists(fields, min_size=1, max_size=4))
def test_any_names_come_back_from_rows_of_csv(names: list[str]) -> None:
    labels = LabelSet.from_names(["a", "b"])
    lines = lines_of("csv", labels, Listing("top", 1), rejecting=False)
    made = lines.head()
    for name in names:
        made += lines.of(name, Failure(name, ValueError(name)))
    _, *rows = csv.reader(io.StringIO("".join(f"{line}\n" for line in made), newline=""))
    assert [row[-1] for row in rows] == names
    assert [row[0].removeprefix("./") for row in rows] == [n.removeprefix("./") for n in names]
    assert not any(row[0].startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for row in rows)


def test_jsonl_is_what_json_is_called_honestly() -> None:
    labels = LabelSet.from_names(["a", "b"])
    failure = Failure("a.png", ValueError("x"))
    of = [
        lines_of(form, labels, Listing(), rejecting=False).of("a.png", failure)
        for form in ("json", "jsonl")
    ]
    assert of[0] == of[1] == ['{"source": "a.png", "error": "x", "error_type": "ValueError"}']
