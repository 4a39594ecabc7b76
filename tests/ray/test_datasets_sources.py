"""Every source that people have, through Ray's own readers, and what an actor makes of its rows."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
import ray
import ray.data
from counted_engine import COLORS, CountedEngine
from PIL import Image
from pyarrow import parquet

from zsclip import ZeroShotClassifier
from zsclip.ray.actors import Mapper
from zsclip.ray.plan import Plan

pytestmark = pytest.mark.usefixtures("cluster")
SHADES = {"red": "red", "green": "lime", "blue": "blue"}


@pytest.fixture
def squares(tmp_path: Path) -> Path:
    """A folder with a square of each color, of several sizes, and a file that is no picture."""
    folder = tmp_path / "squares"
    folder.mkdir()
    for size, (name, shade) in enumerate(SHADES.items(), start=4):
        Image.new("RGB", (size, size), shade).save(folder / f"{name}.png")
    return folder


@pytest.fixture
def clf(tmp_path: Path) -> ZeroShotClassifier:
    (tmp_path / "notes").mkdir()
    return ZeroShotClassifier([*COLORS], encoder=CountedEngine(tmp_path / "notes"), cache=False)


def results(dataset: Any, clf: ZeroShotClassifier, column: str) -> list[dict[str, Any]]:
    """What an actor makes of what the readers give, in the blocks that they give."""
    plan = Plan(
        column=column,
        labels=True,
        embeddings=False,
        width=4,
        on_error="record",
        most_rows=100,
        most_bytes=1 << 20,
    )
    mapper = Mapper(pickle.dumps(clf), plan)
    blocks = dataset.iter_batches(batch_size=None, batch_format="pyarrow")
    return [row for block in blocks for made in mapper(block) for row in made.to_pylist()]


def of_paths(rows: list[dict[str, Any]], column: str = "path") -> dict[str, Any]:
    return {Path(row[column]).stem: row["label"] for row in rows}


RIGHT = {name: name for name in SHADES}


def test_a_folder_of_files(squares: Path, clf: ZeroShotClassifier) -> None:
    (squares / "broken.png").write_bytes(b"no picture")
    dataset = ray.data.read_binary_files(str(squares), include_paths=True)
    rows = results(dataset, clf, "bytes")
    assert of_paths(rows) == {**RIGHT, "broken": None}
    assert {row["error_type"] for row in rows if row["label"] is None} == {"ImageError"}


def test_a_folder_of_pictures_of_several_sizes(squares: Path, clf: ZeroShotClassifier) -> None:
    dataset = ray.data.read_images(str(squares), include_paths=True)
    assert of_paths(results(dataset, clf, "image")) == RIGHT


def test_pictures_of_one_size(squares: Path, clf: ZeroShotClassifier) -> None:
    dataset = ray.data.read_images(str(squares), include_paths=True, size=(8, 8), mode="RGB")
    assert of_paths(results(dataset, clf, "image")) == RIGHT


def test_tables_of_bytes_of_paths_and_of_the_hub(squares: Path, clf: ZeroShotClassifier) -> None:
    files = sorted(squares.glob("*.png"))
    table = pyarrow.table(
        {
            "path": [str(file) for file in files],
            "bytes": [file.read_bytes() for file in files],
            "image": [{"bytes": file.read_bytes(), "path": file.name} for file in files],
        }
    )
    parquet.write_table(table, squares / "all.parquet")
    dataset = ray.data.read_parquet(str(squares / "all.parquet")).materialize()
    for column in table.column_names:
        rows = results(dataset, clf, column)
        assert of_paths(rows) == RIGHT
        assert rows[0].keys() >= {*table.column_names}


def test_shards_of_tar(squares: Path, clf: ZeroShotClassifier) -> None:
    with tarfile.open(squares / "shard.tar", "w") as tar:
        for file in sorted(squares.glob("*.png")):
            about = json.dumps({"name": file.stem}).encode()
            for suffix, content in (("json", about), ("png", file.read_bytes())):
                member = tarfile.TarInfo(f"{file.stem}.{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    dataset = ray.data.read_webdataset(str(squares / "shard.tar"), decoder=None)
    assert of_paths(results(dataset, clf, "png"), "__key__") == RIGHT
    decoded = ray.data.read_webdataset(str(squares / "shard.tar"))
    assert of_paths(results(decoded, clf, "png"), "__key__") == RIGHT


@pytest.fixture
def site(squares: Path) -> Iterator[str]:
    """The address of a server of the folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(squares)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_list_of_urls(
    site: str, clf: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    urls = [f"{site}/{name}.png" for name in (*SHADES, "missing")]
    dataset = ray.data.from_items([{"url": url} for url in urls])
    rows = results(dataset, clf, "url")
    assert of_paths(rows, "url") == {**RIGHT, "missing": None}
    assert "404" in next(row["error"] for row in rows if row["label"] is None)


def test_vectors_of_tables_and_of_other_steps(
    squares: Path, clf: ZeroShotClassifier, tmp_path: Path
) -> None:
    files = sorted(squares.glob("*.png"))
    rows = clf.encode_images(files)
    lists = pyarrow.table({"path": [file.name for file in files], "vector": list(rows)})
    parquet.write_table(lists, tmp_path / "vectors.parquet")
    read = ray.data.read_parquet(str(tmp_path / "vectors.parquet"))
    assert of_paths(results(read, clf, "vector")) == RIGHT
    tensors = ray.data.from_numpy(np.asarray(rows))  # which are those of Ray
    assert [row["label"] for row in results(tensors, clf, "data")] == [f.stem for f in files]
