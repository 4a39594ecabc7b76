"""`zsclip classify`: what it prints, in every format, and how it ends."""

from __future__ import annotations

import base64
import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from report_pages import data_of

from zsclip import ZeroShotClassifier
from zsclip.demo import load_drawings

Run = Callable[..., Result]

TINY = ("--labels", "frog,fish,polar bear", "--model", "tiny-cartoon", "--device", "cpu")
DRAWINGS = {drawing.file: drawing.data for drawing in load_drawings()}


def lines_of(result: Result) -> list[str]:
    return result.stdout.splitlines()


@pytest.fixture(scope="module")
def classifier() -> ZeroShotClassifier:
    return ZeroShotClassifier(["frog", "fish", "polar bear"], model="tiny-cartoon", device="cpu")


def test_the_table_has_the_labels_in_columns_and_the_whole_path_last(
    run: Run, pictures: Path, classifier: ZeroShotClassifier
) -> None:
    (pictures / "b.jpg").unlink()
    result = run("classify", pictures, *TINY, "--top", 2)
    assert result.exit_code == 0
    assert result.stderr == ""
    head, *rows = lines_of(result)
    assert head.split() == ["score", "label", "score", "label", "picture"]
    paths = [pictures / "a fish.png", pictures / "below" / "frog.png"]
    assert [row[head.index("picture") :] for row in rows] == [str(path) for path in paths]
    for row, prediction in zip(rows, classifier.classify_many(paths), strict=True):
        first, second = prediction.top(2)
        assert row[:5] == f"{first.score:.3f}"
        assert row[7 : head.index("score", 1)].strip() == first.label
        assert second.label in row


def test_a_bad_picture_is_reported_and_the_others_are_classified(run: Run, pictures: Path) -> None:
    result = run("classify", pictures, pictures / "missing.png", *TINY)
    assert result.exit_code == 1
    _, fish, frog = lines_of(result)
    assert fish.endswith("a fish.png")
    assert frog.endswith("frog.png")
    text, missing, count = result.stderr.splitlines()
    assert text.startswith(f"Cannot read the picture {pictures / 'b.jpg'}: it holds text")
    assert missing == f"Cannot read the picture {pictures / 'missing.png'}: no such file."
    assert count == "2 of 4 could not be classified."


def test_json_lines_are_what_the_library_says_failures_in_their_place(
    run: Run, pictures: Path, classifier: ZeroShotClassifier
) -> None:
    result = run("classify", pictures, *TINY, "--format", "json", "--top", 2)
    assert result.exit_code == 1
    results = classifier.classify_many(pictures, on_error="record")
    expected = [r.to_dict() if hasattr(r, "error") else r.to_dict(2) for r in results]
    values = [json.loads(line) for line in lines_of(result)]
    assert [v.get("label") for v in values] == [v.get("label") for v in expected]
    assert values[1] == expected[1]
    assert values[1]["error_type"] == "ImageError"
    assert [score["id"] for score in values[0]["scores"]] == [
        score["id"] for score in expected[0]["scores"]
    ]
    assert values[0]["origin"]["model"]["name"] == "tiny-cartoon"


def test_json_tells_once_how_the_predictions_came_about(
    run: Run, pictures: Path, classifier: ZeroShotClassifier
) -> None:
    first = pictures / "0.png"
    first.write_text("not a picture")
    result = run("classify", pictures, *TINY, "--format", "json", "--top", 1)
    bad, fish, _, frog = (json.loads(line) for line in lines_of(result))
    origin = classifier.classify(pictures / "a fish.png").origin
    assert fish["origin"] == origin.to_dict()
    assert fish["origin_id"] == frog["origin_id"] == origin.id
    assert "origin" not in frog
    assert "origin_id" not in bad
    assert max(len(line) for line in lines_of(result)[2:]) < 700


def test_csv_has_a_row_for_each_label_and_one_for_a_failure(
    run: Run, pictures: Path, classifier: ZeroShotClassifier
) -> None:
    shutil.move(pictures / "below" / "frog.png", pictures / 'a, "frog".png')
    result = run("classify", pictures, *TINY, "--format", "csv", "--top", 9)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    frog = pictures / 'a, "frog".png'
    of_frog = [row for row in rows if row["source"] == str(frog)]
    assert [row["rank"] for row in of_frog] == ["1", "2", "3"]  # all that there are
    for row, score in zip(of_frog, classifier.classify(frog).top(3), strict=True):
        assert (row["label"], row["label_id"], row["error"]) == (score.label, score.id, "")
        assert float(row["score"]) == pytest.approx(score.score, abs=1e-4)
    assert result.stdout.count("\n") == len(rows) + 1
    [bad] = [row for row in rows if row["error"]]
    assert bad["source"] == str(pictures / "b.jpg")
    assert bad["rank"] == bad["label"] == bad["score"] == ""


def test_a_folder_without_pictures_fails_in_its_place_and_says_what_was_looked_for(
    run: Run, pictures: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    (empty / "below").mkdir(parents=True)
    (empty / "notes.txt").touch()
    fish, frog = pictures / "a fish.png", pictures / "below" / "frog.png"
    paths = [empty, fish, empty, frog, empty]
    result = run("classify", *paths, *TINY, "--format", "json", "--batch-size", 1)
    assert result.exit_code == 1
    values = [json.loads(line) for line in lines_of(result)]
    assert [value["source"] for value in values] == [str(path) for path in paths]
    assert "the folder holds no picture" in values[0]["error"]
    assert " .jpg " in values[0]["error"]
    assert " .png " in values[0]["error"]


def test_standard_input_names_files_folders_and_data(run: Run, pictures: Path) -> None:
    uri = "data:image/png;base64," + base64.b64encode(DRAWINGS["frog.png"]).decode()
    lines = f"{pictures / 'a fish.png'}\r\n\n{pictures / 'below'}\n{uri}"
    result = run("classify", "-", *TINY, "--format", "json", "--top", 1, stdin=lines)
    assert result.exit_code == 0, result.stderr
    values = [json.loads(line) for line in lines_of(result)]
    below = str(pictures / "below" / "frog.png")
    assert [value["source"] for value in values[:2]] == [str(pictures / "a fish.png"), below]
    assert values[2]["source"].startswith("data:image/png;base64,…")
    assert values[2]["scores"] == values[1]["scores"]


@pytest.mark.parametrize("stdin", ["", "\n", "\r\n \n"])
def test_no_picture_on_standard_input_is_an_error(run: Run, stdin: str) -> None:
    result = run("classify", "-", *TINY, "--format", "json", stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: No picture was named: there is nothing on standard input.\n"


def test_a_new_line_in_a_name_makes_no_row_of_its_own(run: Run, tmp_path: Path) -> None:
    names = ["x\nin/frog.png", "y\rin.png", 'z"\r\n",1.png']
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(DRAWINGS["frog.png"])
    result = run("classify", tmp_path, *TINY, "--format", "csv", "--top", 1)
    rows = list(csv.DictReader(io.StringIO(result.stdout_bytes.decode(), newline="")))
    assert [row["source"] for row in rows] == [str(tmp_path / name) for name in names]
    assert {row["rank"] for row in rows} == {"1"}


@pytest.mark.parametrize("name", ["=1+1.png", "+1.png", "-1.png", "@SUM(A1).png", "＝1.png"])
def test_a_name_is_no_formula_and_leads_to_the_same_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(DRAWINGS["frog.png"])
    for names in (name, f"{name}.none"):
        result = run("classify", "-", *TINY, "--format", "csv", "--top", 1, stdin=names)
        [row] = csv.DictReader(io.StringIO(result.stdout))
        assert row["source"] == f"./{names}"
        assert (tmp_path / row["source"]).exists() == (names == name)


def test_a_long_path_comes_out_whole(run: Run, tmp_path: Path) -> None:
    path = tmp_path
    for i in range(4):
        path /= f"{i}" * 90
    path.mkdir(parents=True)
    (path / "[frog].png").write_bytes(DRAWINGS["frog.png"])
    for form in ("table", "json", "csv"):
        result = run("classify", path, *TINY, "--top", 1, "--format", form)
        assert result.exit_code == 0
        assert str(path / "[frog].png") in result.stdout


def test_a_control_character_in_a_name_does_not_reach_the_terminal(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "a\x1b[31m.png").write_bytes(DRAWINGS["frog.png"])
    (tmp_path / "b\x1b[31m.png").write_bytes(b"")
    result = run("classify", tmp_path, *TINY)
    assert "\x1b" not in result.output
    assert r"a\x1b[31m.png" in result.stdout
    assert r"b\x1b[31m.png" in result.stderr


def test_templates_and_background_reach_the_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "frog.png").write_bytes(DRAWINGS["frog.png"])
    args = ("classify", tmp_path / "frog.png", *TINY, "--format", "json")
    plain = json.loads(run(*args).stdout)
    templates = ("--template", "clip art of the {}.", "-t", "a {}.")
    changed = json.loads(run(*args, *templates).stdout)
    assert changed["origin"]["templates"] == ["clip art of the {}.", "a {}."]
    assert changed["score"] != plain["score"]
    assert json.loads(run(*args, "--background", "black").stdout)["score"] != plain["score"]


def test_limits_on_pictures_reach_them(run: Run, tmp_path: Path) -> None:
    (tmp_path / "frog.png").write_bytes(DRAWINGS["frog.png"])
    args = ("classify", tmp_path / "frog.png", *TINY, "--no-cache")
    assert run(*args, "--max-pixels", 10**9, "--max-bytes", 1, "--timeout", 50).exit_code == 0
    refused = run(*args, "--max-pixels", 100)
    assert refused.exit_code == 1
    assert "are more than `max_pixels` (100). Pass a higher limit" in refused.stderr
    assert "--max-pixels" in refused.stderr
    too_much = run(*args, "--max-memory", 100)
    assert "more than `max_memory` (100 B). Pass a higher limit" in too_much.stderr
    assert run(*args, "--isolate", "--timeout", 500).exit_code == 0
    for option in ("--max-pixels", "--max-bytes", "--max-memory", "--timeout"):
        wrong = run(*args, option, 0)
        assert wrong.exit_code == 2
        assert option in wrong.stderr


def test_urls_can_be_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    address = "http://127.0.0.1:9/fox.png"
    for urls, reason in (("none", "`urls` is 'none'"), ("public", "`urls` is 'public'")):
        refused = run("classify", address, *TINY, "--no-cache", "--urls", urls)
        assert refused.exit_code == 1
        assert reason in refused.stderr
    assert "cannot connect" in run("classify", address, *TINY, "--no-cache").stderr
    (tmp_path / "frog.png").write_bytes(DRAWINGS["frog.png"])
    args = ("classify", tmp_path / "frog.png", *TINY, "--no-cache")
    assert run(*args, "--urls", "none").exit_code == 0
    wrong = run(*args, "--urls", "private")
    assert wrong.exit_code == 2
    assert "--urls" in wrong.stderr


def test_the_bar_goes_to_standard_error_and_only_when_asked_for(run: Run, pictures: Path) -> None:
    quiet = run("classify", pictures / "a fish.png", *TINY)
    shown = run("classify", pictures / "a fish.png", *TINY, "--progress")
    assert "pictures" not in quiet.stderr
    assert "1 pictures" in shown.stderr
    assert shown.stdout == quiet.stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (
            ("-l", "cat,dog", "-l", "car,bus"),
            "--labels takes one value, and is given 2 times. Name",
        ),
        (("-l", "a,b", "-m", "x", "--model", "y"), "--model takes one value, and is given 2 times"),
        (("-l", "a,b", "-k", "1", "-k", "2"), "--top takes one value"),
        (("-c", "a.zsclip", "-c", "b.zsclip"), "--classifier takes one value"),
        (("-l", "a,b", "--format", "csv", "--format", "json"), "--format takes one value"),
    ],
)
def test_an_option_that_is_given_twice_is_not_dropped(
    run: Run, pictures: Path, args: tuple[str, ...], told: str
) -> None:
    result = run("classify", pictures, *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--labels", "no-such-set"), "No installed label set is named 'no-such-set'."),
        (("--labels", "cat"), "between commas: cat,dog"),
        (("--labels", "cat,cat"), "'cat' stands at labels[0].name already."),
        (("--labels", "cat,"), "is empty"),
        (("--labels", "nowhere/labels.csv"), "Cannot read the labels file 'nowhere/labels.csv'"),
        (("--labels", "nowhere/labels.json"), "No installed label set is named 'nowhere'"),
        (("--labels", "nowhere.toml"), "Cannot read the label-set file 'nowhere.toml'"),
        (("--labels", "nowhere.txt"), "Cannot read the labels file 'nowhere.txt'"),
        (("--labels", "cat,dog", "-t", "no place"), "must hold {} once"),
        (("--labels", "cat,dog", "-m", "ViT-B-32"), "Add a tag of its weights: 'ViT-B-32/"),
        (("--labels", "cat,dog", "-m", "ViT-B/32"), "ZSCLIP_OFFLINE forbids to download it"),
        (("--labels", "cat,dog", "--encoder", "klip"), "Did you mean 'clip'?"),
        (("--labels", "cat,dog", "--device", "abacus"), "`device` must be 'auto', 'cpu'"),
        (("--labels", "cat,dog", "--background", "plaid"), "`background` must be a color"),
        (("--labels", "cat,dog", "--top", "0"), "0 is not in the range x>=1"),
        (("--labels", "cat,dog", "--precision", "fp8"), "'fp8' is not one of"),
        ((), "Give the classes with --labels, or with --classifier"),
    ],
)
def test_what_cannot_be_done_ends_with_status_2_and_no_traceback(
    run: Run, pictures: Path, args: tuple[str, ...], message: str
) -> None:
    result = run("classify", pictures, *(() if "-m" in args else ("-m", "tiny-cartoon")), *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_long_prompt_is_an_error_unless_truncated(run: Run, pictures: Path) -> None:
    args = ("classify", pictures / "a fish.png", *TINY, "--template", "{}" + " very" * 80)
    refused = run(*args)
    assert refused.exit_code == 2
    assert "and the model takes 77" in refused.stderr
    assert run(*args, "--too-long", "cut").exit_code == 0


def test_no_path_is_a_usage_error(run: Run) -> None:
    result = run("classify", *TINY)
    assert result.exit_code == 2
    assert "Missing argument 'PATH...'" in result.stderr


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_a_file_holds_what_would_be_printed(
    run: Run, pictures: Path, tmp_path: Path, form: str
) -> None:
    args = ("classify", pictures, *TINY, "--no-cache", "--format", form)
    printed, written = run(*args), run(*args, "-o", tmp_path / "out")
    assert (written.stdout, written.exit_code) == ("", 1)
    assert written.stderr == printed.stderr
    assert (tmp_path / "out").read_text() == printed.stdout


def test_the_name_of_a_file_tells_its_format_and_a_strangers_file_stays(
    run: Run, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("mine\n")
    args = ("classify", pictures / "a fish.png", *TINY, "-o", out)
    refused = run(*args)
    assert (refused.exit_code, out.read_text()) == (2, "mine\n")
    assert "is no csv file of results" in refused.stderr
    for _ in range(2):
        assert run(*args, "--force").exit_code == 0
    assert run(*args).exit_code == 0  # what zsclip wrote is replaced
    assert out.read_text().startswith("source,rank,")
    wrong = run(*args, "--format", "json")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "disagree" in wrong.stderr


def test_a_page_shows_every_picture(run: Run, pictures: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = run("classify", pictures, *TINY, "--no-cache", "-o", page)
    assert (result.stdout, result.exit_code) == ("", 1)
    rows, facts = data_of(page)
    failed = [row["source"] for row in rows if row["state"] == "failed"]
    assert len(failed) == 1
    assert all(row["source"].startswith(str(pictures)) for row in rows)
    assert all("thumb" in row for row in rows if row["state"] != "failed")
    assert facts["origins"][0]["model"]["name"] == "tiny-cartoon"


def test_resume_is_of_a_file(run: Run, pictures: Path, tmp_path: Path) -> None:
    refused = run("classify", pictures, *TINY, "--resume")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "name it with --output" in " ".join(refused.stderr.split())
    nowhere = run("classify", pictures, *TINY, "-o", tmp_path / "none" / "a.csv")
    assert "There is no such folder" in nowhere.stderr
    empty = run("classify", "-", *TINY, "-o", tmp_path / "a.csv", stdin="")
    assert empty.stderr.startswith("Error: No picture was named")
    assert not list(tmp_path.glob("a.csv"))
