"""A forked child computes, whatever its parent's threads were at; nothing waits for what is gone.

Each program runs on its own, with a deadline that makes a failure of a child that waits for ever.
"""

from __future__ import annotations

import ast
import os
import threading
from pathlib import Path

import pytest
import torch
from deadlines import run_program
from forked import IN_CHILD

import zsclip
from zsclip import forks
from zsclip.encoders.calls import undisturbed
from zsclip.encoders.devices import choose_device
from zsclip.errors import DeviceError
from zsclip.forks import ForkLock

forking = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

BEGIN = """
import os, sys, threading
import torch
from zsclip import ZeroShotClassifier

FROG, FISH = (os.path.join({drawings!r}, name) for name in ("frog.png", "fish.png"))


def make(**options):
    options = {{"model": "tiny-cartoon", "device": "cpu", "cache": False, **options}}
    return ZeroShotClassifier(["frog", "fish"], **options)


def expect(found, *labels):
    assert tuple(prediction.label for prediction in found) == labels, found
"""

PROGRAMS = {
    "classifies": """
clf = make()
expect([clf.classify(FROG)], "frog")
threads = torch.get_num_threads()

def work():
    expect([clf.classify(FISH)], "fish")
    assert clf.encode_texts(["a bird"]).shape == (1, 256)
    expect([make().classify(FROG)], "frog")  # another one, made in the child
    assert torch.get_num_threads() == threads
    in_child(lambda: expect([clf.classify(FISH)], "fish"))

in_child(work)
expect([clf.classify(FISH)], "fish")
""",
    "computed with torch, and not with zsclip": """
torch.ones(600, 600) @ torch.ones(600, 600)
in_child(lambda: expect([make().classify(FROG)], "frog"))
""",
    "forks in a thread that computed": """
clf = make()

def thread():
    expect([clf.classify(FROG)], "frog")
    in_child(lambda: expect([clf.classify(FISH)], "fish"))

one = threading.Thread(target=thread)
one.start()
one.join()
""",
    "converts a large tensor": """
clf = make()
picture = torch.zeros(3, 600, 600, dtype=torch.bfloat16)
before = clf.encode_images([picture])
in_child(lambda: abs(clf.encode_images([picture]) - before).max() < 1e-5 or sys.exit("differs"))
""",
    "goes on with a stream": """
clf = make(batch_size=2, workers=2)
results = clf.stream([FROG, FISH] * 8)
expect([next(results)], "frog")
in_child(lambda: expect(results, *["fish", "frog"] * 7, "fish"))
expect(results, *["fish", "frog"] * 7, "fish")
""",
    "gives up a stream": """
clf = make(batch_size=2, workers=2)
results = clf.stream([FROG, FISH] * 8)
next(results)
in_child(lambda: results.close())
""",
}


@forking
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_forked_child_ends(program: str, drawings: Path, tmp_path: Path) -> None:
    run_program(["-c", IN_CHILD + BEGIN.format(drawings=str(drawings)) + program], folder=tmp_path)


# Each is where a thread of the parent is held up while the process forks.
HELD = {
    "loading a tower": "checkpoints.Checkpoint, 'load_image_tower'",
    "loading the text tower, for labels": "checkpoints.Checkpoint, 'load_text_tower'",
}


@forking
@pytest.mark.parametrize("where", HELD.values(), ids=HELD)
def test_what_a_thread_holds_at_a_fork_is_free_in_the_child(
    where: str, drawings: Path, tmp_path: Path
) -> None:
    program = f"""
from zsclip.weights import checkpoints
from zsclip.weights.models import MODELS

owner, name = {where}
whole, parent = getattr(owner, name), os.getpid()
held, go_on = threading.Event(), threading.Event()

def slow(*args):
    if os.getpid() == parent:
        held.set()
        go_on.wait()
    return whole(*args)

setattr(owner, name, slow)
clf = make()

def work():
    expect([clf.classify(FROG)], "frog")

thread = threading.Thread(target=work)
thread.start()
assert held.wait(30)
in_child(work)
go_on.set()
thread.join()
"""
    run_program(["-c", IN_CHILD + BEGIN.format(drawings=str(drawings)) + program], folder=tmp_path)


def test_no_lock_of_zsclip_stays_shut_in_a_forked_child() -> None:
    """They are `ForkLock`, the cache's, which are taken before a fork, or one for each process.

    Those of a service are of threads that no child has, and of what waits for them.
    """
    found = {}
    package = Path(zsclip.__file__).parent
    for file in sorted(package.rglob("*.py")):
        names = {
            ast.unparse(node.func)
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Call)
        }
        found[file.relative_to(package).as_posix()] = names
    plain = {"threading.Lock", "threading.RLock", "threading.Condition", "Lock", "RLock"}
    assert {file for file, names in found.items() if names & plain} == {
        "budget.py",
        "cache/store.py",
        "serve/batching.py",
    }


def test_a_lock_lets_one_thread_in_at_a_time() -> None:
    lock, order, inside = ForkLock(), list[str](), threading.Event()

    def second() -> None:
        inside.wait()
        with lock:
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with lock:
        inside.set()
        thread.join(0.1)  # time to come in, if it can
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@forking
def test_a_child_that_was_forked_within_a_lock_leaves_it(tmp_path: Path) -> None:
    program = """
import os
from zsclip.forks import ForkLock

lock = ForkLock()
with lock:
    child = os.fork()
with lock:
    pass
if child:
    assert os.waitpid(child, 0)[1] == 0
"""
    run_program(["-c", program], folder=tmp_path)


@pytest.fixture
def forked_with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_LOADED_IN", 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "_is_in_bad_fork", lambda: True)


@pytest.mark.usefixtures("forked_with_cuda")
@pytest.mark.parametrize("device", ["auto", "cuda", "cuda:0"])
def test_no_gpu_of_the_parent_is_chosen_in_a_forked_child(device: str) -> None:
    with pytest.raises(DeviceError, match=r"forked.*'cuda'.*'spawn'.*device='cpu'"):
        choose_device(device)


@pytest.mark.usefixtures("forked_with_cuda")
def test_a_forked_child_is_told_that_it_cannot_compute_on_the_gpu_of_its_parent() -> None:
    called: list[int] = []
    with pytest.raises(DeviceError, match=r"forked.*'cuda'.*'spawn'.*device='cpu'"):
        undisturbed(torch.device("cuda:0"), called.append, 1)
    undisturbed(torch.device("cpu"), called.append, 2)
    assert called == [2]
