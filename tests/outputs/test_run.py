"""Files of results that are gone on with: the same, byte for byte, whatever happened before."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deadlines import run_program
from PIL import Image
from quick_disk import quick_folder

from zsclip import Failure, ZeroShotClassifier
from zsclip.cli.listing import Listing
from zsclip.cli.pictures import Pictures
from zsclip.errors import ImageError, ResumeError
from zsclip.outputs import Plan, Run
from zsclip.outputs import journal as journals

Go = Callable[..., bytes]
BATCH = 4


@pytest.fixture
def go(classifier: ZeroShotClassifier, folder: Path, tmp_path: Path) -> Go:
    """``go()`` writes the results of the folders to a file and gives its content.

    ``until`` is after how many results to give up, as if interrupted.
    """

    def go(
        *paths: Path,
        until: int | None = None,
        form: str = "jsonl",
        resume: bool = False,
        **settings: Any,
    ) -> bytes:
        plan = Plan(form=form, classifier=classifier, chosen=Listing())
        target = tmp_path / "out"
        given = map(str, paths or (tmp_path / "empty", folder, tmp_path / "empty"))
        with Run(plan, target, BATCH, settings, resume=resume) as run:
            for i, _ in enumerate(run.results(Pictures(given))):
                if i == until:
                    raise KeyboardInterrupt
            run.finish()
        assert not target.with_name("out.part").exists()
        return target.read_bytes()

    return go


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "out.part"


@pytest.mark.parametrize("form", ["table", "jsonl", "csv", "parquet", "html"])
def test_an_interrupted_run_that_is_gone_on_with_leaves_the_same_file(
    go: Go, part: Path, tmp_path: Path, form: str
) -> None:
    undisturbed = go(form=form)
    for first in range(13):
        with pytest.raises(KeyboardInterrupt):
            go(form=form, until=first)
        assert part.exists() == (first >= 4)  # the first is of a folder, and four are a batch
        assert (tmp_path / "out").read_bytes() == undisturbed  # of the run before
        with pytest.raises(KeyboardInterrupt):
            go(form=form, until=12, resume=True)
        assert go(form=form, resume=True) == undisturbed
    assert go(form=form, resume=True) == undisturbed  # nothing to go on with: begun anew


def test_what_was_written_down_is_not_done_again(
    go: Go, classifier: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        go(until=10)
    encoder: Any = classifier.encoder
    encoder.image_calls.clear()
    go(resume=True)
    assert sum(encoder.image_calls) == 2  # of 11 pictures 8 were whole batches, and one is bad


def test_a_journal_that_is_cut_anywhere_is_gone_on_with(go: Go, part: Path) -> None:
    undisturbed = go()
    with pytest.raises(KeyboardInterrupt):
        go(until=10)
    whole = part.read_bytes()
    assert whole.count(b"\n") == 3
    ends = [i + 1 for i, byte in enumerate(whole) if byte == ord("\n")]
    cuts = {*range(0, len(whole), 199), *(end + d for end in ends for d in (-2, -1, 0, 1, 9, 10))}
    for cut in sorted(cuts):
        part.write_bytes(whole[:cut])
        assert go(resume=True) == undisturbed, cut
    for at in range(ends[0], len(whole), 97):  # another byte, as after a loss of power
        part.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert go(resume=True) == undisturbed, at


def test_without_resume_what_was_interrupted_is_an_error_that_says_both_ways_out(
    go: Go, part: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        go(until=10)
    with pytest.raises(ResumeError, match=r"out\.part.* --resume\), or delete it to begin anew"):
        go()
    whole = part.read_bytes()
    part.unlink()
    undisturbed = go()
    part.write_bytes(whole[: whole.index(b"\n") + 50])  # nothing whole is in it
    assert go() == undisturbed


def test_another_run_is_refused_by_what_differs(
    go: Go, part: Path, classifier: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        go(until=10, **{"--top": 3})
    before = part.read_bytes()
    with pytest.raises(ResumeError, match="of another run: --top was 3, and is 5; format was "):
        go(resume=True, form="csv", **{"--top": 5})
    other = classifier.with_labels(["cat", "dog", "hen"])
    monkeypatch.setattr(classifier, "_head", other._head)
    with pytest.raises(ResumeError, match="labels was '3 with the hash "):
        go(resume=True, **{"--top": 3})
    assert part.read_bytes() == before


def test_other_pictures_are_refused_and_new_ones_behind_are_not(
    go: Go, part: Path, folder: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        go(folder, until=8)
    (folder / "05.png").rename(folder / "55.png")
    with pytest.raises(ResumeError, match=r"number 6 was .*05\.png' then, and is .*06\.png' now"):
        go(folder, resume=True)
    for file in folder.iterdir():
        if file.name > "03.png":
            file.rename(folder.parent / file.name)
    with pytest.raises(ResumeError, match=r"number 5 was .*04\.png' then, and is no more there"):
        go(folder, resume=True)
    for i in (4, 5, 6, 7, 8):
        (folder.parent / ("55.png" if i == 5 else f"{i:02}.png")).rename(folder / f"{i:02}.png")
    (folder / "12.png").write_bytes((folder / "04.png").read_bytes())
    assert go(folder, resume=True) == go(folder)


def test_what_was_said_of_a_picture_stays_said(go: Go, folder: Path) -> None:
    undisturbed = go()
    with pytest.raises(KeyboardInterrupt):
        go(until=10)
    good, bad = folder / "00.png", folder / "02.png"
    content = good.read_bytes()
    good.write_bytes(b"changed")
    bad.write_bytes(content)
    assert go(resume=True) == undisturbed


def test_what_is_no_journal_stays(go: Go, part: Path) -> None:
    part.write_text("mine\n")
    for resume in (False, True):
        with pytest.raises(ResumeError, match="nothing of zsclip's"):
            go(resume=resume)
    assert part.read_text() == "mine\n"


@pytest.mark.skipif(sys.platform == "win32", reason="locks of Unix")
def test_two_at_a_time_do_not_write_to_one_journal(go: Go, part: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        go(until=10)
    import fcntl

    with part.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ResumeError, match="Another process is writing"):
            go(resume=True)
    go(resume=True)


def test_a_journal_that_is_removed_is_not_removed_again(go: Go, part: Path, folder: Path) -> None:
    """By then it may be that of another process, which waited for the first to end."""
    finished = Run.finish

    def finish(run: Run) -> None:
        finished(run)
        part.write_text("another's")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "finish", finish)
        with pytest.raises(AssertionError):
            go(folder / "00.png")
    assert part.read_text() == "another's"


def test_a_full_disk_is_told_and_what_is_there_is_gone_on_with(
    go: Go, part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = go()

    written, lines = os.write, 0

    def full_disk(file: int, line: bytes) -> int:
        """Half of the third line still fits."""
        nonlocal lines
        lines += 1
        if lines == 3:
            return written(file, line[: len(line) // 2])
        if lines > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return written(file, line)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full_disk)
        with pytest.raises(OSError, match=r"No space left on device\. What is in it stays"):
            go()
    assert part.stat().st_size > 0
    assert go(resume=True) == undisturbed


def test_names_and_errors_come_out_of_a_journal_as_they_went_in(
    classifier: ZeroShotClassifier, tmp_path: Path
) -> None:
    path = tmp_path / "j.part"
    prediction = classifier.classify(np.zeros((4, 4, 3), np.uint8))
    name = "caf\udce9 \x1b\n.png"
    error = ImageError(name, "it is\nnothing, see https://me:secret@example.org/")
    entries = [
        journals.Entry(name, prediction),
        journals.Entry(name, Failure(name, error)),
        journals.Entry("a", Failure("b", ResumeError("x")), of_picture=False),
    ]
    journal = journals.Journal(path, classifier, {}, resume=False)
    journal.add(entries)
    found = list(journal)
    journal.close()
    assert found == entries
    assert found[0].result.to_dict() == prediction.to_dict()
    assert b"secret" not in path.read_bytes()


KILLED = """
import os, random, shutil, signal, sys, time
from pathlib import Path

import numpy as np

from zsclip import ZeroShotClassifier
from zsclip.cli.listing import Listing
from zsclip.cli.pictures import Pictures
from zsclip.outputs import Plan, Run
from zsclip.testing import FakeEncoder


class Telling(FakeEncoder):
    "An engine with a cache, whose vectors depend on the batch that a picture is in."

    preprocessing = "small"

    def prepare(self, image):
        return np.asarray(image.resize((2, 2)))

    def encode_pixels(self, pixels):
        time.sleep(0.001)
        return self._embed([pixels.tobytes() + bytes([i]) for i in range(len(pixels))])


pictures, work = Path(sys.argv[1]), Path(sys.argv[2])
form, target, cache = "jsonl", work / "out", work / "cache"
engine = Telling(input_resolution=2)


def write(resume):
    clf = ZeroShotClassifier(
        ["cat", "dog"], templates=["a {}."], encoder=engine, batch_size=4, workers=2, cache=cache
    )
    plan = Plan(form=form, classifier=clf, chosen=Listing())
    with Run(plan, target, 4, {}, resume=resume) as run:
        for _ in run.results(Pictures([str(pictures)])):
            pass
        run.finish()


def start(resume):
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        write(resume)
        status = 0
    except KeyboardInterrupt:
        status = 130
    finally:
        sys.stderr.flush()
        os._exit(status)


def fresh():
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()


took = 9.0
for _ in range(3):
    fresh()
    begun = time.perf_counter()
    assert os.waitpid(start(False), 0)[1] == 0
    took = min(took, time.perf_counter() - begun)
undisturbed = target.read_bytes()
chance = random.Random(int(sys.argv[3]))
hit = 0
for turn in range(50):
    fresh()
    form = "jsonl"
    for _ in range(chance.randint(1, 2)):
        child = start(True)
        time.sleep(chance.uniform(0, took))
        try:
            os.kill(child, chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL]))
        except ProcessLookupError:
            pass
        status = os.waitpid(child, 0)[1]
        hit += status != 0
        assert not target.exists() or target.read_bytes() == undisturbed
    assert os.waitpid(start(True), 0)[1] == 0
    assert target.read_bytes() == undisturbed, turn
    left = {file.name for file in work.iterdir() if not file.name.startswith(".zsclip-")}
    assert left <= {"out", "cache"}, left
print(hit, took)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_signals_at_random_moments_lose_double_and_change_nothing(
    folder: Path, tmp_path: Path
) -> None:
    for i in range(11, 36):
        if i % 13:
            Image.fromarray(np.full((2, 2, 3), i, np.uint8)).save(folder / f"{i:02}.png")
        else:
            (folder / f"{i:02}.png").write_text("no picture")
    with quick_folder(tmp_path) as work:
        told = run_program(["-c", KILLED, folder, work / "work", "1"], folder=tmp_path)
    assert int(told.split()[0]) >= 25  # of them were hit before their end
