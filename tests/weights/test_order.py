"""What leads on to the next source and what does not, and what is here already."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hub import LocalHub, use_hub
from model_folders import PREPROCESSOR, TRANSFORMERS_CONFIG, write_open_clip, write_transformers
from torch import Tensor

from zsclip.downloads.http import RetryPolicy
from zsclip.errors import (
    CheckpointError,
    ChecksumError,
    DownloadError,
    ForeignModelError,
    OfflineError,
    ParameterError,
)
from zsclip.formats.layouts import open_model
from zsclip.weights import (
    MODELS,
    ModelSpec,
    fetch_weights,
    find_published,
    find_weights,
    get_model_spec,
    load_checkpoint,
    loading,
    models,
)
from zsclip.weights.mirror import fetch_mirrored
from zsclip.weights.order import sources_of

State = dict[str, Tensor]

NAME, COPY, OTHER = "ViT-B/32", "timm/stand-in.openai", "openai/stand-in"


@dataclasses.dataclass
class Place:
    """A stand-in for ViT-B/32 whose official address answers nobody."""

    spec: ModelSpec
    hub: LocalHub
    archive: bytes
    files: dict[str, bytes]
    folder: Path
    patch: pytest.MonkeyPatch

    def use(self, **changes: object) -> ModelSpec:
        self.spec = dataclasses.replace(self.spec, **changes)  # type: ignore[arg-type]
        table = tuple(self.spec if known.name == NAME else known for known in MODELS)
        self.patch.setattr(models, "MODELS", table)
        return self.spec


@pytest.fixture
def place(
    tmp_path: Path,
    vit_state: State,
    save_archive: Callable[[State, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    for name in ("zsclip.downloads.http._sleep", "time.sleep"):
        monkeypatch.setattr(name, lambda seconds: None)
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "ViT-B-32.pt"
    save_archive(vit_state, source)
    content = source.read_bytes()
    folder = write_open_clip(tmp_path / "oc", vit_state)
    spec = dataclasses.replace(
        get_model_spec(NAME),
        url="http://127.0.0.1:1/ViT-B-32.pt",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        hub=(COPY, OTHER),
    )
    with LocalHub(tmp_path / "hub") as hub:
        use_hub(monkeypatch, hub, tmp_path / "hf")
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
        hub.add(COPY, files)
        made = Place(spec, hub, content, files, tmp_path / "cache" / "clip", monkeypatch)
        made.use()
        yield made


def test_the_sources_come_in_their_order(place: Place) -> None:
    place.patch.setenv("ZSCLIP_MIRROR", "https://mirror.example.org/clip/")
    found = [(source.name, source.url) for source in sources_of(place.spec)]
    assert found == [
        ("the mirror", "https://mirror.example.org/clip/ViT-B-32.pt"),
        (f"the mirror's {COPY}", f"https://mirror.example.org/clip/{COPY}"),
        (f"the mirror's {OTHER}", f"https://mirror.example.org/clip/{OTHER}"),
        ("the official address", "http://127.0.0.1:1/ViT-B-32.pt"),
        (f"the hub's {COPY}", f"{place.hub.endpoint}/{COPY}"),
        (f"the hub's {OTHER}", f"{place.hub.endpoint}/{OTHER}"),
    ]


def test_each_of_openais_nine_has_a_copy_on_the_hub() -> None:
    nine = [spec for spec in MODELS if spec.url]
    assert len(nine) == 9
    assert all(spec.hub[0].startswith("timm/") for spec in nine)
    assert all(spec.hub[0].endswith(".openai") for spec in nine)
    assert [spec.hub[1:] for spec in nine if "ViT" in spec.name] == [
        ("openai/clip-vit-base-patch32",),
        ("openai/clip-vit-base-patch16",),
        ("openai/clip-vit-large-patch14",),
        ("openai/clip-vit-large-patch14-336",),
    ]


def test_one_line_in_the_log_tells_of_each_source_that_fails(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "zsclip"):
        fetch_weights(place.spec)
    told = [r.getMessage() for r in caplog.records if "is not to be had" in r.getMessage()]
    [line] = told
    assert "\n" not in line
    for part in (NAME, "the official address", "127.0.0.1:1", "failed", f"the hub's {COPY}"):
        assert part in line


def test_a_copy_that_is_here_is_used_and_nobody_is_asked(place: Place) -> None:
    first = load_checkpoint(NAME)
    asked = len(place.hub.asked)
    assert find_weights(place.spec) == first.path
    again = load_checkpoint(NAME)
    assert (again.path, again.sha256, again.verified) == (first.path, first.sha256, "hub")
    assert load_checkpoint(NAME, offline=True).sha256 == first.sha256
    assert find_published(first.sha256) == NAME
    assert len(place.hub.asked) == asked


def test_a_copy_that_has_changed_here_is_not_loaded(place: Place) -> None:
    checkpoint = load_checkpoint(NAME)
    identity = checkpoint.sha256
    file = checkpoint.path / "open_clip_model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ChecksumError):
        load_checkpoint(NAME, offline=True)
    assert load_checkpoint(NAME).sha256 == identity
    assert file.read_bytes() == place.files[file.name]


def test_a_copy_that_is_replaced_while_it_is_read_is_not_loaded(place: Place) -> None:

    def fetch_and_swap(*args: object, **options: object) -> Path:
        path = fetch_weights(*args, **options)  # type: ignore[arg-type]
        file = path / "open_clip_model.safetensors"
        file.write_bytes(file.read_bytes())
        return path

    place.patch.setattr(loading, "fetch_weights", fetch_and_swap)
    with pytest.raises(CheckpointError, match=r"The copy .* was replaced while it was read"):
        load_checkpoint(NAME)


def test_a_wrong_archive_gives_way_to_a_copy_that_is_here(place: Place) -> None:
    identity = load_checkpoint(NAME).sha256
    (place.folder / "ViT-B-32.pt").write_bytes(b"?" * len(place.archive))
    assert load_checkpoint(NAME, offline=True).sha256 == identity


def test_the_official_file_goes_before_a_copy(place: Place) -> None:
    load_checkpoint(NAME)
    (place.folder / "ViT-B-32.pt").write_bytes(place.archive)
    assert load_checkpoint(NAME).verified == "openai"
    assert load_checkpoint(NAME).path.name == "ViT-B-32.safetensors"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left")])
def test_what_does_not_lie_with_the_source_does_not_lead_on(
    place: Place, error: BaseException
) -> None:
    place.use(url=f"{place.hub.endpoint}/{COPY}/resolve/main/open_clip_config.json", size=1)

    def full(*_: object, **__: object) -> object:
        raise error

    place.patch.setattr("zsclip.downloads.download.transfer", full)
    expected = DownloadError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as caught:
        fetch_weights(place.spec)
    assert "no space left" in str(caught.value) or expected is KeyboardInterrupt
    assert place.hub.requests("/api/") == []


def test_a_source_that_is_down_costs_two_tries(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.use(url=f"{place.hub.endpoint}/{COPY}/resolve/main/open_clip_model.safetensors")
    place.hub.then("/resolve/main/", status=503, times=50)
    with caplog.at_level(logging.WARNING, "zsclip"):
        assert fetch_weights(place.spec).is_dir()
    assert len(place.hub.requests("/resolve/main/")) == 2
    assert "given up after 2 failed tries" in caplog.text


def test_the_last_source_is_waited_for(place: Place) -> None:
    place.use(hub=(COPY,))
    place.hub.then("/api/", status=503, times=3)
    assert fetch_weights(place.spec).is_dir()


def test_offline_the_error_is_that_of_the_published_file(place: Place) -> None:
    with pytest.raises(OfflineError, match="this call forbids to download") as caught:
        fetch_weights(place.spec, offline=True)
    assert place.spec.sha256 in str(caught.value)
    assert place.hub.asked == []


def test_where_the_hub_is_offline_the_others_are_asked(place: Place) -> None:
    place.patch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE forbids to ask the hub"):
        fetch_weights(place.spec)
    assert place.hub.asked == []


# ------------------------------------------------------------------------------- a folder as mirror


@pytest.mark.parametrize("offline", [True, False])
def test_a_folder_may_be_the_mirror(place: Place, tmp_path: Path, offline: bool) -> None:
    """To copy from it is no download."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "ViT-B-32.pt").write_bytes(place.archive)
    place.patch.setenv("ZSCLIP_MIRROR", str(tmp_path / "mirror"))
    assert load_checkpoint(NAME, offline=offline).verified == "openai"
    assert place.hub.asked == []


def test_a_copy_in_the_mirrors_folder_is_read_where_it_lies(
    place: Place, tmp_path: Path, vit_state: State
) -> None:
    folder = write_transformers(tmp_path / "mirror" / OTHER, vit_state)
    place.patch.setenv("ZSCLIP_MIRROR", str(tmp_path / "mirror"))
    checkpoint = load_checkpoint(NAME)
    assert (checkpoint.path, checkpoint.verified) == (folder, "none")
    assert checkpoint.recipe.activation == "quickgelu"  # of the model, whatever the folder says
    assert place.hub.asked == []


def test_a_wrong_file_in_the_mirrors_folder_leads_on(place: Place, tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "ViT-B-32.pt").write_bytes(b"?" * len(place.archive))
    place.patch.setenv("ZSCLIP_MIRROR", str(tmp_path / "mirror"))
    assert load_checkpoint(NAME).verified == "hub"
    assert not (place.folder / "ViT-B-32.pt").exists()


def test_a_mirror_that_is_neither_folder_nor_address(place: Place) -> None:
    place.patch.setenv("ZSCLIP_MIRROR", "ftp://me:secret@example.org/")
    with pytest.raises(ParameterError, match="`ZSCLIP_MIRROR` must be") as caught:
        fetch_weights(place.spec)
    assert "secret" not in str(caught.value)


def test_what_a_mirror_says_of_pictures_is_not_left_out(
    place: Place, tmp_path: Path, vit_state: State
) -> None:
    """Without it the model would be computed with other pixels, and look right."""
    folder = write_transformers(tmp_path / "tr", vit_state)
    pictures = {"image_processor": {**PREPROCESSOR, "image_mean": [0.5] * 3}}
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(json.dumps(pictures), encoding="utf-8")
    place.hub.add(OTHER, {f.name: f.read_bytes() for f in folder.iterdir()})
    place.hub.then("/processor_config.json", status=503, times=2)
    retry = RetryPolicy(attempts=2)

    def fetch() -> Path:
        return fetch_mirrored(place.hub.endpoint, OTHER, tmp_path / "root", False, retry, 5.0)

    with pytest.raises(DownloadError, match="503"):
        fetch()
    recipe = open_model(fetch())[1]
    assert recipe.preprocessing is not None
    assert recipe.preprocessing.mean == (0.5, 0.5, 0.5)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_what_others_may_have_put_beside_a_mirrors_copy_is_not_believed(
    place: Place, tmp_path: Path
) -> None:
    shared = place.folder / "hub" / COPY.replace("/", "--") / "mirror"
    shared.mkdir(parents=True)
    for name, content in place.files.items():
        (shared / name).write_bytes(content)
    assert find_weights(place.spec) == shared
    shared.chmod(0o777)
    assert find_weights(place.spec) is None


# ------------------------------------------------------------------------- models of the hub alone


def test_any_repository_is_a_model_by_its_name(place: Place, vit_state: State) -> None:
    checkpoint = load_checkpoint(f"hf-hub:{COPY}")
    assert checkpoint.name == f"hf-hub:{COPY}"
    assert checkpoint.is_published
    assert checkpoint.verified == "hub"
    assert checkpoint.recipe.activation == "gelu"  # as its configuration says
    image = checkpoint.load_image_tower().state_dict()
    assert torch.equal(image["proj"], vit_state["visual.proj"])


def test_a_revision_of_it_is_another_model(place: Place, vit_state: State, tmp_path: Path) -> None:
    other = {**vit_state, "logit_scale": torch.tensor(3.0)}
    folder = write_transformers(tmp_path / "tr", other)
    place.hub.add(COPY, {f.name: f.read_bytes() for f in folder.iterdir()}, revision="v2")
    found = [load_checkpoint(f"hf-hub:{COPY}{end}").sha256 for end in ("", "@v2", "@main")]
    assert found[0] == found[2] != found[1]


def test_what_is_no_clip_is_told_by_its_configuration(place: Place) -> None:
    config = {**TRANSFORMERS_CONFIG, "model_type": "siglip"}
    files = {"config.json": json.dumps(config).encode(), "model.safetensors": b"x" * 9000}
    place.hub.add("org/siglip", files)
    with pytest.raises(ForeignModelError):
        load_checkpoint("hf-hub:org/siglip")
    assert place.hub.sent < 9000


@pytest.mark.parametrize(
    "name", ["hf-hub:", "hf-hub:x", "hf-hub:a/../b", "hf-hub:a/b@", "hf-hub:a/b@.."]
)
def test_a_name_that_no_repository_has(place: Place, name: str) -> None:
    with pytest.raises(ParameterError):
        load_checkpoint(name)
    assert place.hub.asked == []


def test_a_model_that_only_the_hub_has_is_told_of_as_such(place: Place) -> None:
    spec = place.use(file="", sha256="", url=None, hub=("org/gone",), size=1)
    assert find_weights(spec) is None
    with pytest.raises(OfflineError, match="give that folder's path as the model"):
        fetch_weights(spec, offline=True)
    with pytest.raises(DownloadError, match="no repository of this name"):
        fetch_weights(spec)
    place.use(hub=(COPY,))
    assert load_checkpoint(NAME).verified == "hub"
    assert issubclass(ChecksumError, DownloadError)


@pytest.mark.parametrize("setting", ["ZSCLIP_OFFLINE", "HF_HUB_OFFLINE"])
@pytest.mark.parametrize("name", [NAME, f"hf-hub:{COPY}"])
def test_offline_what_the_hubs_own_client_has_fetched_is_enough(
    place: Place, setting: str, name: str
) -> None:
    from huggingface_hub import constants, snapshot_download

    cache = constants.HF_HUB_CACHE
    snapshot_download(COPY, endpoint=place.hub.endpoint, cache_dir=cache)
    place.patch.setenv(setting, "1")
    assert load_checkpoint(name).verified == "hub"


def test_a_mirror_that_does_not_answer_is_asked_once(place: Place, tmp_path: Path) -> None:
    with LocalHub(tmp_path / "mirror") as silent:
        silent.then("", status=503, times=99)
        place.patch.setenv("ZSCLIP_MIRROR", silent.endpoint)
        assert load_checkpoint(NAME).verified == "hub"
        assert len(silent.requests()) == 2


def test_a_damaged_copy_in_the_mirrors_folder_leads_on(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "mirror" / COPY
    folder.mkdir(parents=True)
    for name, content in place.files.items():
        (folder / name).write_bytes(content[:-1000])
    place.patch.setenv("ZSCLIP_MIRROR", str(tmp_path / "mirror"))
    assert load_checkpoint(NAME).verified == "hub"


@pytest.mark.parametrize("setting", ["ZSCLIP_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_a_copy_that_is_damaged_is_told_as_such(place: Place, setting: str) -> None:
    name = f"hf-hub:{COPY}"
    file = load_checkpoint(name).path / "open_clip_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    place.patch.setenv(setting, "1")
    with pytest.raises(ChecksumError, match=f"{setting} forbids"):
        load_checkpoint(name)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_offline_notes_that_are_not_believed_are_told_of(place: Place) -> None:
    name = f"hf-hub:{COPY}"
    load_checkpoint(name).path.parent.chmod(0o777)
    with pytest.raises(OfflineError, match=r"everybody may write to .* set ZSCLIP_TRUST"):
        load_checkpoint(name, offline=True)
