"""One local cluster for all tests of a session: two CPUs, and little memory for objects."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
import ray.data

from zsclip import load_image

OWN = (  # of Ray itself, which is nothing to those who call it
    r"ignore:`\w+` is deprecated::ray.data.context",
)
SUPPORT = Path(__file__).parents[1] / "support"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            for warning in OWN:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A cluster of one node, whose folder this is."""
    # a path of its sockets must be short, which the folders of pytest are not
    with (
        tempfile.TemporaryDirectory(prefix="zr-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", str(SUPPORT))  # of what actors are given
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=200 * 2**20,
            log_to_driver=False,
            logging_level=logging.ERROR,
            _temp_dir=folder,
        )
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        try:
            yield Path(folder)
        finally:
            ray.shutdown()


@pytest.fixture(scope="session")
def photos(drawings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawings as plain RGB files, which all readers read alike."""
    folder = tmp_path_factory.mktemp("photos")
    for drawing in sorted(drawings.glob("*.png")):
        load_image(drawing).save(folder / drawing.name)
    return folder
