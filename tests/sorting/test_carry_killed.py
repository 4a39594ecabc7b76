"""Killed anywhere, then finished or undone: nothing is lost, replaced or doubled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from deadlines import run_program
from quick_disk import quick_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

TRIES = 20  # in each of three ways

BEGIN = """
import os, random, shutil, signal, sys, time, errno
from pathlib import Path
sys.path.insert(0, {support!r})
from sorted_pictures import listing, make_files, said_of
from zsclip.sorting import carry, carry_out, plan_sorting, undo_sorting

root = Path({root!r})
ANSWERS = {{f"{{x}}/{{i}}.png": "cat" if i % 2 else "dog" for x in "pq" for i in range(4)}}
far = False  # whether moves go to another file system
link = os.link


def only_parts(source, target, **options):
    if far and not str(source).endswith(".part"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    link(source, target, **options)


os.link = only_parts


def begin():
    shutil.rmtree(root, ignore_errors=True)
    folder = make_files(root / "in", *ANSWERS)
    make_files(root / "out", "cat/1.png", "dog/notes.txt")  # somebody else's
    return listing(folder), listing(root / "out")


def plan(how):
    folder = root / "in"
    there = {{name: label for name, label in ANSWERS.items() if (folder / name).exists()}}
    return plan_sorting(said_of(folder, there), folder, root / "out", how=how)


def killed(work, steps, seconds, number):
    \"\"\"Do something in a child, which is sent a signal some time after so many steps.\"\"\"
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            work(lambda _: os.write(tell, b"."))
        except BaseException:
            pass
        finally:
            os._exit(0)
    os.close(tell)
    while steps > 0 and os.read(told, 1):
        steps -= 1
    time.sleep(seconds)
    os.kill(child, number)
    os.waitpid(child, 0)
    os.close(told)


def undo(kill=None):
    for file in sorted((root / "out").glob(".zsclip-sort-*.jsonl"), reverse=True):
        if kill is not None:
            killed(lambda _: undo_sorting(file), *kill)
        if file.exists():
            report = undo_sorting(file)
            assert report.kept == (), report.kept


def check_lost(before, theirs):
    \"\"\"Nothing is lost or replaced, whatever was interrupted.\"\"\"
    now, out = listing(root / "in"), listing(root / "out")
    for name, content in before.items():
        assert now.get(name, content) == content
        assert name in now or content in out.values(), name
    assert theirs.items() <= out.items()


def check_done(how, before, theirs):
    out = listing(root / "out")
    added = {{name: content for name, content in out.items() if name not in theirs}}
    assert sorted(added.values()) == sorted(before.values()), (how, sorted(added))
    assert listing(root / "in") == ({{}} if how == "move" else before)
    assert not list(root.rglob("*.part"))
    assert len(list((root / "out").glob(".zsclip-sort-*.jsonl"))) <= 1


def check_undone(before, theirs):
    assert listing(root / "in", hidden=True) == before
    assert listing(root / "out", hidden=True) == theirs
"""

SIGNALS = """
rng = random.Random({seed})
begun = 0
for attempt in range({tries}):
    far = bool(attempt % 2)
    before, theirs = begin()
    first = plan({how!r})
    number = rng.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
    steps = rng.randrange(len(ANSWERS))
    killed(lambda after: carry_out(first, after=after), steps, rng.random() / 500, number)
    check_lost(before, theirs)
    done = len(listing(root / "out")) - len(theirs)
    begun += 0 < done < len(ANSWERS)
    if attempt % 3 < 2:
        carry_out(plan({how!r}))
        check_done({how!r}, before, theirs)
        again = plan({how!r})
        assert not again.steps
    if attempt % 3 > 0:
        undo((0, rng.random() / 100, signal.SIGKILL) if attempt % 2 else None)
        check_undone(before, theirs)
print("interrupted in the middle:", begun)
"""

EVERYWHERE = """
import builtins

def counted(holder, name):
    call = getattr(holder, name)
    def run(*args, **options):
        global left
        left -= 1
        if left == 0:
            os._exit(1)
        result = call(*args, **options)
        left -= 1
        if left == 0:
            os._exit(1)
        return result
    setattr(holder, name, run)

left = -1
for name in ("link", "unlink", "replace", "rename", "mkdir", "rmdir", "fsync", "write", "symlink"):
    counted(os, name)

def killed_at(n, work):
    child = os.fork()
    if child == 0:
        global left
        left = n
        try:
            work()
        finally:
            os._exit(0 if left > 0 else 2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

ANSWERS = {{"p/1.png": "cat", "q/1.png": "cat"}}
for far in (False, True):
    n = 0
    while True:
        n += 1
        before, theirs = begin()
        first = plan({how!r})
        status = killed_at(n, lambda: carry_out(first))
        assert status in (0, 1), status
        check_lost(before, theirs)
        if n % 2:
            carry_out(plan({how!r}))
            check_done({how!r}, before, theirs)
        undo()
        check_undone(before, theirs)
        if status == 0:
            break
    m, done = 0, False
    while not done:  # a whole one undone, and killed at each place while it is
        m += 1
        before, theirs = begin()
        file = carry_out(plan({how!r})).undo_file
        done = killed_at(m, lambda: undo_sorting(file)) == 0
        check_lost(before, theirs)
        undo()
        check_undone(before, theirs)
    print("places:", n, m)
"""


def run(program: str, tmp_path: Path, how: str) -> str:
    support = Path(__file__).parents[1] / "support"
    file = tmp_path / "program.py"
    with quick_folder(tmp_path) as work:
        values = {"support": str(support), "root": str(work / "root"), "how": how}
        file.write_text((BEGIN + program).format(**values, seed=7, tries=TRIES))
        return run_program([file], folder=tmp_path)


@pytest.mark.parametrize("how", ["copy", "link", "move"])
def test_signals_at_random_moments(tmp_path: Path, how: str) -> None:
    found = run(SIGNALS, tmp_path, how)
    assert int(found.split()[-1]) > 0  # which shows that moments in the middle are met


@pytest.mark.parametrize("how", ["copy", "link", "move"])
def test_killed_before_and_after_every_call_that_changes_something(
    tmp_path: Path, how: str
) -> None:
    assert run(EVERYWHERE, tmp_path, how).count("places:") == 2
