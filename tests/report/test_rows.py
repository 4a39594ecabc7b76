from __future__ import annotations

import pytest
from report_pages import predicted

from zsclip import Score
from zsclip.report.rows import Names, failed_row, row_of


def test_a_prediction_tells_its_best_labels_and_how_sure_it_is() -> None:
    [result] = predicted([[0.2, 0.7, 0.1]], ["a/rex.png"])
    names = Names()
    assert row_of(result, names, top=2, source="a/rex.png") == {
        "source": "a/rex.png",
        "state": "accepted",
        "best": [[0, 0.7], [1, 0.2]],
        "labels": [0],
        "score": 0.7,
        "margin": 0.5,
    }
    assert names.to_list() == [{"id": "dog", "name": "dog"}, {"id": "cat", "name": "cat"}]


def test_what_is_rejected_counts_for_no_label() -> None:
    [result] = predicted([[0.2, 0.7, 0.1]], ["a.png"])
    row = row_of(result, Names(), top=1, source="a.png", accepted=False)
    assert (row["state"], row["labels"], row["best"]) == ("rejected", [], [[0, 0.7]])


def test_of_several_labels_those_count_that_are_said() -> None:
    results = predicted([[0.9, 0.6, 0.1], [0.3, 0.1, 0.2]], ["a.png", "b.png"], multi_label=True)
    names = Names()
    rows = [row_of(result, names, top=1, source="x") for result in results]
    assert [row["labels"] for row in rows] == [[0, 1], []]
    assert [row["margin"] for row in rows] == pytest.approx([0.1, 0.2])


def test_the_labels_that_somebody_chose_stand_in_place_of_the_best() -> None:
    [result] = predicted([[0.2, 0.7, 0.1]], ["a.png"])
    names = Names()
    row = row_of(result, names, top=3, source="a.png", scores=[Score("mammal", "g", 0.99)])
    assert [names.to_list()[place]["name"] for place, _ in row["best"]] == ["mammal"]
    assert [names.to_list()[place]["name"] for place in row["labels"]] == ["mammal"]
    assert row["score"] == 0.99  # that of the group, beside which it stands in a selection's CSV
    none = row_of(result, names, top=3, source="a.png", scores=[])
    assert (none["labels"], none["score"]) == ([], 0.7)


def test_of_several_labels_those_count_that_a_threshold_of_ones_own_leaves() -> None:
    [result] = predicted([[0.9, 0.6, 0.1]], ["a.png"], multi_label=True)
    few = row_of(result, Names(), top=3, source="x", scores=result.above(0.95), are_said=True)
    many = row_of(result, Names(), top=3, source="x", scores=result.above(0.05), are_said=True)
    assert (few["labels"], many["labels"]) == ([], [0, 1, 2])


def test_labels_of_one_name_have_places_of_their_own() -> None:
    names = Names()
    assert [names.place("crane", "bird"), names.place("crane", "machine")] == [0, 1]
    assert names.place("crane", "bird") == 0


def test_a_failure_tells_why_and_its_name_fits_into_json() -> None:
    row = failed_row("caf\udce9.png", "it broke\x1b[2J")
    assert row["source"] == "caf\\udce9.png"
    assert "\x1b" not in row["error"]
    assert row["state"] == "failed"
