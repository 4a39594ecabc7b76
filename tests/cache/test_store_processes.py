"""Many processes and threads at one file, processes that die, and processes that fork."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache, FileStamp

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
Start = Callable[..., "subprocess.Popen[str]"]
Finish = Callable[..., str]


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    text = process.stdout.readline().strip()
    assert text, process.communicate()
    return text


def tell(process: subprocess.Popen[str], text: str = "go") -> None:
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


def test_eight_processes_write_at_once(
    tmp_path: Path, start: Start, cache: EmbeddingCache, present: Present
) -> None:
    """Each its own entries and some that all of them write, while it reads those of the others."""
    code = """
number = int(sys.argv[2])
cache = EmbeddingCache(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for batch in range(20):
    first = 1000 * number + 20 * batch
    cache.put(entries(*range(first, first + 20), *range(100)))
    present(cache, range(0, 8000, 37))
assert present(cache, range(1000 * number, 1000 * number + 400)) == 400
print("done")
"""
    writers = [start(code, cache.path, number) for number in range(1, 9)]
    assert [line(writer) for writer in writers] == ["ready"] * 8
    for writer in writers:
        tell(writer)
    for writer in writers:
        out, err = writer.communicate(timeout=120)
        assert (writer.returncode, out, err) == (0, "done\n", "")
    written = {1000 * number + i for number in range(1, 9) for i in range(400)} | set(range(100))
    assert present(cache, range(9000)) == written
    report = cache.verify()
    assert report.ok
    assert report.entries == len(written)


@pytest.mark.parametrize("round_", range(5))
def test_killed_while_it_writes(
    cache: EmbeddingCache, start: Start, present: Present, entries: Entries, round_: int
) -> None:
    """What it said it had written is there; of what it was writing, all or nothing."""
    writer = start(
        """
cache = EmbeddingCache(sys.argv[1])
for batch in range(10_000):
    cache.put(entries(*range(30 * batch, 30 * batch + 30)))
    print(batch, flush=True)
""",
        cache.path,
    )
    stop = random.Random(round_).randrange(1, 30)
    while int(line(writer)) < stop:
        pass
    writer.send_signal(signal.SIGKILL)
    out, _ = writer.communicate()
    last = int(out.split()[-1]) if out.split() else stop
    there = present(cache, range(30 * (last + 3)))
    assert there >= set(range(30 * (last + 1)))
    assert len(there) % 30 == 0
    cache.put(entries(-1))
    assert present(cache, [-1]) == {-1}
    assert cache.verify().ok


@pytest.mark.parametrize("where", ["before the commit", "with half of it in the log"])
def test_killed_in_the_middle_of_a_transaction(
    cache: EmbeddingCache, start: Start, present: Present, entries: Entries, where: str
) -> None:
    cache.put(entries(*range(100)))
    writer = start(
        """
import signal
from zsclip.cache import database
cache = EmbeddingCache(sys.argv[1])
if sys.argv[2] == "before the commit":
    database._evict = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    cache.put(entries(*range(50, 200)))
else:  # more than SQLite keeps in memory, so that it has to write some of it already
    cache._store.run(lambda db: db.connection.execute("PRAGMA cache_size = 10"), None)
    seen = []
    def kill(statement):
        seen.append(statement)
        if len(seen) == 500:
            os.kill(os.getpid(), signal.SIGKILL)
    cache._store.run(lambda db: db.connection.set_trace_callback(kill), None)
    cache.put(entries(*range(50, 1000)))
""",
        cache.path,
        where,
    )
    _, err = writer.communicate(timeout=120)
    assert (writer.returncode, err) == (-signal.SIGKILL, "")
    if where != "before the commit":
        log = cache.path.with_name(cache.path.name + "-wal")
        assert log.stat().st_size > 300 * 2048
    assert present(cache, range(1000)) == set(range(100))
    cache.put(entries(*range(100, 200)))
    assert present(cache, range(1000)) == set(range(200))
    assert cache.verify().ok


def test_killed_while_others_wait_for_it(
    cache: EmbeddingCache, start: Start, present: Present, entries: Entries
) -> None:
    holder = start(
        """
cache = EmbeddingCache(sys.argv[1])
cache.put(entries(1))
cache._store.run(lambda db: db.connection.execute("BEGIN IMMEDIATE"), None)
print("held", flush=True)
sys.stdin.readline()
""",
        cache.path,
    )
    assert line(holder) == "held"
    waiting = threading.Thread(target=cache.put, args=(entries(2),))
    waiting.start()
    holder.kill()
    waiting.join()
    assert present(cache, [1, 2]) == {1, 2}


def test_threads_share_one_object(
    cache: EmbeddingCache, present: Present, entries: Entries
) -> None:
    def work(thread: int) -> None:
        for batch in range(15):
            first = 1000 * thread + 10 * batch
            cache.put(entries(*range(first, first + 10)))
            stamps = [FileStamp(f"/{i}", i, 0, 10**10) for i in range(first, first + 10)]
            cache.put_digests((stamp, b"%d" % stamp.size) for stamp in stamps)
            present(cache, range(0, 8000, 31))
            assert cache.get_digests(stamps) == [b"%d" % stamp.size for stamp in stamps]
            if batch == 7:
                cache.close()  # the others open it again

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(present(cache, range(8000))) == 8 * 150
    info = cache.info()
    assert (info.entries, info.files) == (1200, 1200)
    assert cache.verify().ok


def test_a_fork_carries_no_connection(
    cache: EmbeddingCache, finish: Finish, present: Present
) -> None:
    finish(
        """
cache = EmbeddingCache(sys.argv[1])
idle = EmbeddingCache(sys.argv[1] + "/idle")
cache.put(entries(*range(100)))
for child in range(1, 4):
    pid = os.fork()
    if pid == 0:
        assert cache._store._file._database is None
        assert present(cache, range(100)) == 100
        for i in range(20):
            cache.put(entries(1000 * child + i))
        cache.close()
        os._exit(0)
    for i in range(20):  # at the same time
        cache.put(entries(100 + i))
    assert os.waitpid(pid, 0) == (pid, 0)
    assert present(cache, range(1000 * child, 1000 * child + 20)) == 20
""",
        cache.path,
    )
    assert len(present(cache, range(4000))) == 120 + 60
    assert cache.verify().ok


def test_forks_while_threads_are_at_work(cache: EmbeddingCache, finish: Finish) -> None:
    out = finish(
        """
import threading
warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
cache = EmbeddingCache(sys.argv[1])
stop = threading.Event()
def work(number):
    while not stop.is_set():
        cache.put(entries(*range(number, number + 20)))
        present(cache, range(0, 400, 7))
threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
for thread in threads:
    thread.start()
for child in range(20):
    pid = os.fork()
    if pid == 0:
        cache.put(entries(1000 + child))
        os._exit(0 if present(cache, [1000 + child]) else 1)
    assert os.waitpid(pid, 0) == (pid, 0)
stop.set()
for thread in threads:
    thread.join()
print(present(cache, range(1000, 1020)), cache.verify().ok)
""",
        cache.path,
    )
    assert out == "20 True\n"


def test_a_fork_by_something_other_than_python(
    cache: EmbeddingCache, finish: Finish, present: Present
) -> None:
    """Which calls what Python does in a child, and nothing before: the connection is left alone."""
    finish(
        """
from zsclip.cache import store
cache = EmbeddingCache(sys.argv[1])
cache.put(entries(1))
inherited = cache._store._file._database
store._after_fork_in_child()
assert present(cache, [1]) == 1
assert cache._store._file._database is not inherited
inherited.connection.execute("SELECT 1")  # not closed
""",
        cache.path,
    )
    assert present(cache, [1]) == {1}


def test_a_fork_while_a_thread_asks_for_a_cache_hinders_nobody(
    tmp_path: Path, finish: Finish
) -> None:
    out = finish(
        """
import threading
from zsclip.cache import embeddings, open_cache
warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads
parent, there, done = os.getpid(), threading.Event(), threading.Event()
class Slow(EmbeddingCache):
    def __init__(self, path):
        if os.getpid() == parent:
            there.set()
            done.wait()
        super().__init__(path)
embeddings.EmbeddingCache = Slow
asking = threading.Thread(target=lambda: open_cache(sys.argv[1] + "/one"))
asking.start()
there.wait()
pid = os.fork()
if pid == 0:
    import signal
    signal.alarm(20)  # ends a child that waits for ever
    open_cache(sys.argv[1] + "/two").put(entries(1))
    os._exit(0)
done.set()
asking.join()
print(os.waitpid(pid, 0)[1])
""",
        tmp_path,
    )
    assert out == "0\n"


def test_caches_are_sent_to_spawned_processes(
    tmp_path: Path, finish: Finish, present: Present
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import multiprocessing, sys\n"
        "import numpy as np\n"
        "from vectors import unit\n"
        "from zsclip.cache import EmbeddingCache, make_key\n"
        "def work(cache, i):\n"
        "    cache.put([(make_key('entry', str(i)), unit(i))])\n"
        "if __name__ == '__main__':\n"
        "    cache = EmbeddingCache(sys.argv[1])\n"
        "    context = multiprocessing.get_context('spawn')\n"
        "    others = [context.Process(target=work, args=(cache, i)) for i in range(2)]\n"
        "    for other in others:\n"
        "        other.start()\n"
        "    for other in others:\n"
        "        other.join()\n"
        "        assert other.exitcode == 0\n"
    )
    finish("import runpy; runpy.run_path(sys.argv.pop(1), run_name='__main__')", script, tmp_path)
    with closing(EmbeddingCache(tmp_path)) as cache:
        assert present(cache, range(3)) == {0, 1}
