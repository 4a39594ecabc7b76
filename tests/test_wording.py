"""Near names: which an unknown one may stand for, and how many are looked at for that."""

from __future__ import annotations

import pytest

from zsclip.wording import Hints, counted, did_you_mean


def test_nearest_names() -> None:
    known = ["cartoon-animals", "satellite", "ViT-B/32"]
    assert did_you_mean("Satelite", known) == "Did you mean 'satellite'?"
    assert did_you_mean("vit-b-32", known) == "Did you mean 'ViT-B/32'?"
    assert did_you_mean("zzz", known) == "Known: 'cartoon-animals', 'satellite', 'ViT-B/32'."
    assert did_you_mean("zzz", []) == "None is known."


def test_long_names_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, list[str]]] = []

    def matches(word: str, others: list[str], n: int) -> list[str]:
        compared.append((word, others))
        return others[:n]

    monkeypatch.setattr("difflib.get_close_matches", matches)
    assert did_you_mean("fix", ["fox" * 50, "fox"]) == "Did you mean 'fox'?"
    assert len(did_you_mean("fox" * 10**6, ["fox", "fox" * 10**6])) < 300
    did_you_mean("fox", [f"{i:05}" for i in range(100_000)])
    assert [(word, len(others)) for word, others in compared] == [("fix", 1), ("fox", 40_000)]


def test_only_the_first_unknown_names_of_a_file_have_hints() -> None:
    hints, known = Hints(), ("fox", "frog")
    assert [bool(hints.about(f"fox{i}", known)) for i in range(30)] == [True] * 20 + [False] * 10
    assert hints.about("fox3", known) == "Did you mean 'fox'? "
    assert Hints().about("zzz", known) == "Known: 'fox', 'frog'. "


def test_what_is_counted_is_one_or_several() -> None:
    assert [counted(n, "label") for n in (0, 1, 2, 1000)] == [
        "0 labels",
        "1 label",
        "2 labels",
        "1,000 labels",
    ]
