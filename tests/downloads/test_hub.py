"""Repositories on a hub: fetched once, verified, resumed, and what is said where that fails."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub import LocalHub, git_sha1, use_hub
from huggingface_hub import constants

from zsclip.downloads import hub as hub_module
from zsclip.downloads import listing
from zsclip.downloads.http import RetryPolicy
from zsclip.downloads.hub import fetch_repository, find_repository, verified_of
from zsclip.errors import (
    CheckpointError,
    ChecksumError,
    DownloadError,
    ForeignModelError,
    OfflineError,
    ParameterError,
)

NAME = "org/name"
WEIGHTS = random.Random(3).randbytes(200_000)
FILES = {"epoch_3.pt": WEIGHTS, "README.md": b"a card", "logs/more.bin": b"x"}
CONFIG = b'{"model_type": "siglip"}'
FAST = RetryPolicy(attempts=2, base_delay=0.001, max_delay=0.002, max_retry_after=0.005)

Fetch = Callable[..., Path]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    with LocalHub(tmp_path / "hub") as running:
        use_hub(monkeypatch, running, tmp_path / "hf")
        monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
        yield running


@pytest.fixture
def fetch() -> Fetch:
    """`fetch_repository` of the one repository, which does not wait."""
    return lambda name=NAME, *args, **options: fetch_repository(
        name, *args, **{"retry": FAST, "timeout": 5.0, **options}
    )


def test_the_first_time_fetches_what_a_model_is_read_from(hub: LocalHub, fetch: Fetch) -> None:
    files = {"preprocessor_config.json": b"{}", **FILES}
    commit = hub.add(NAME, files)
    folder = fetch()
    assert folder.name == commit
    assert folder.parent.name == "org--name"
    have = {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".lock"}
    assert have == {name: files[name] for name in ("preprocessor_config.json", "epoch_3.pt")}
    assert verified_of(folder) == "hub"
    assert hub.sent == len(WEIGHTS) + 2


def test_the_second_time_asks_the_network_nothing(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME, FILES)
    folder, asked = fetch(), len(hub.asked)
    hub.add(NAME, {"epoch_3.pt": b"another one"})  # what was fetched is kept
    assert fetch() == find_repository(NAME) == folder
    for setting in ("ZSCLIP_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.setenv(setting, "1")
        assert fetch() == folder
        monkeypatch.delenv(setting)
    assert fetch(offline=True) == folder
    assert len(hub.asked) == asked


def test_another_revision_is_fetched_when_it_is_asked_for(hub: LocalHub, fetch: Fetch) -> None:
    first = hub.add(NAME, FILES)
    assert fetch().name == first
    second = hub.add(NAME, {"epoch_3.pt": b"second"})
    third = hub.add(NAME, {"epoch_3.pt": b"third"}, revision="v2.0")
    assert fetch(NAME, "v2.0").name == third
    assert fetch(NAME, second).name == second
    assert fetch().name == first
    assert (fetch(NAME, second) / "epoch_3.pt").read_bytes() == b"second"


@pytest.mark.parametrize("setting", ["ZSCLIP_OFFLINE", "HF_HUB_OFFLINE", None])
def test_offline_what_is_not_here_is_an_error_before_any_connection(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    hub.add(NAME, FILES)
    if setting:
        monkeypatch.setenv(setting, "1")
    with pytest.raises(OfflineError, match=f"{setting or 'this call'} forbids"):
        fetch(offline=setting is None)
    assert hub.asked == []
    assert find_repository(NAME) is None


@pytest.mark.parametrize("how", ["cut", "the process is killed"])
def test_what_was_interrupted_is_resumed(
    hub: LocalHub, fetch: Fetch, how: str, tmp_path: Path
) -> None:
    commit = hub.add(NAME, FILES)
    if how == "cut":
        hub.then("/cdn/", cut=150_000)
        hub.then("/cdn/", status=404)
        with pytest.raises(DownloadError, match="404"):
            fetch()
    else:
        hub.then("/cdn/", cut=150_000)
        hub.then("/cdn/", status=503, times=9)
        code = (
            "import threading, os, sys\n"
            "from zsclip.downloads.hub import fetch_repository\n"
            "from zsclip.downloads import http\n"
            "http._sleep = lambda seconds: os._exit(9)\n"
            "fetch_repository(sys.argv[1])"
        )
        done = subprocess.run([sys.executable, "-c", code, NAME], env={**os.environ}, check=False)
        assert done.returncode == 9
        hub._faults.clear()
    part = tmp_path / "cache" / "clip" / "hub" / "org--name" / commit / "epoch_3.pt.part"
    assert part.stat().st_size == 150_000
    listed = len(hub.requests("/api/"))
    assert (fetch() / "epoch_3.pt").read_bytes() == WEIGHTS
    assert hub.requests("/cdn/")[-1].headers["range"] == "bytes=150000-"
    assert hub.sent == len(WEIGHTS)
    assert len(hub.requests("/api/")) == listed  # nor is the list asked for again


@pytest.mark.parametrize("name", ["epoch_3.pt", "preprocessor_config.json"])
def test_another_content_than_the_hub_says_is_an_error(
    hub: LocalHub, fetch: Fetch, name: str
) -> None:
    """A SHA-256 is stated of large files, git's SHA-1 of small ones."""
    files = {**FILES, "preprocessor_config.json": b"{}"}
    hub.add(NAME, files)
    part = "/cdn/" if name.endswith(".pt") else name
    hub.then(part, body=b"?" * len(files[name]), times=2)
    kind = "SHA-256" if name.endswith(".pt") else "SHA-1 of git"
    with pytest.raises(ChecksumError, match=f"with {kind} ") as caught:
        fetch()
    known = hashlib.sha256(WEIGHTS).hexdigest() if name.endswith(".pt") else git_sha1(b"{}")
    assert known in str(caught.value)
    assert find_repository(NAME) is None


def test_a_file_that_has_changed_here_is_fetched_anew(
    hub: LocalHub, fetch: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    hub.add(NAME, FILES)
    file = fetch() / "epoch_3.pt"
    file.write_bytes(b"?" + WEIGHTS[1:])
    with pytest.raises(ChecksumError):
        fetch(offline=True)
    with caplog.at_level(logging.WARNING, "zsclip"):
        fetch()
    assert "will be replaced" in caplog.text
    assert file.read_bytes() == WEIGHTS


# ------------------------------------------------------------------------------ who is let in


def test_the_token_goes_to_the_hub_and_to_nobody_else(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hub.add(NAME, {**FILES, "preprocessor_config.json": b"{}"})
    hub.gate(NAME)
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    with caplog.at_level(logging.DEBUG):
        fetch()
    assert {a.headers.get("authorization") for a in hub.requests(cdn=False)} == {"Bearer hf_good"}
    assert [a.headers.get("authorization") for a in hub.requests(cdn=True)] == [None]
    assert "hf_good" not in caplog.text


def test_the_token_of_a_login_is_found(hub: LocalHub, fetch: Fetch, tmp_path: Path) -> None:
    hub.add(NAME, FILES)
    hub.hide(NAME)
    Path(constants.HF_TOKEN_PATH).write_text("hf_good\n")
    assert fetch().is_dir()


@pytest.mark.parametrize("token", [None, "hf_bad"])
def test_a_gated_repository_says_how_it_is_opened(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    hub.add(NAME, FILES)
    hub.gate(NAME)
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(DownloadError) as caught:
        fetch()
    message = str(caught.value)
    assert f"its terms must be accepted first. Do so at {hub.endpoint}/{NAME}" in message
    assert "set HF_TOKEN" in message
    assert "hf_bad" not in message


def test_a_token_that_is_none_is_not_shown(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME, FILES)
    monkeypatch.setenv("HF_TOKEN", "hf_sécret")
    with pytest.raises(ParameterError, match="HF_TOKEN") as caught:
        fetch()
    assert "cret" not in str(caught.value)


def test_a_token_that_does_not_hold_any_more_is_told_of(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME, FILES)
    hub.expired.add("hf_old")
    monkeypatch.setenv("HF_TOKEN", "hf_old")
    with pytest.raises(DownloadError, match="does not take the token") as caught:
        fetch()
    assert "hf_old" not in str(caught.value)
    assert "no repository" not in str(caught.value)


def test_what_another_server_refuses_is_no_matter_of_terms(hub: LocalHub, fetch: Fetch) -> None:
    hub.add(NAME, FILES)
    hub.then("/cdn/", status=403)
    with pytest.raises(DownloadError, match="403") as caught:
        fetch()
    assert "terms" not in str(caught.value)


# --------------------------------------------------------------------- what is not, or no more


def test_no_such_repository(hub: LocalHub, fetch: Fetch) -> None:
    with pytest.raises(DownloadError, match="no repository of this name, or it is private"):
        fetch("org/nome")
    assert len(hub.asked) == 1


def test_no_such_revision(hub: LocalHub, fetch: Fetch) -> None:
    hub.add(NAME, FILES)
    with pytest.raises(DownloadError, match="it has no revision 'v9'"):
        fetch(NAME, "v9")
    assert len(hub.asked) == 1


def test_a_renamed_repository_is_followed(
    hub: LocalHub, fetch: Fetch, caplog: pytest.LogCaptureFixture
) -> None:
    hub.add(NAME, FILES)
    hub.move(NAME, "new-org/new-name")
    with caplog.at_level(logging.WARNING, "zsclip"):
        folder = fetch()
    assert (folder / "epoch_3.pt").read_bytes() == WEIGHTS
    assert "is called new-org/new-name by now" in caplog.text


def test_a_file_that_is_gone_since_it_was_listed(hub: LocalHub, fetch: Fetch) -> None:
    hub.add(NAME, FILES)
    hub.then("/resolve/", status=404)
    with pytest.raises(DownloadError, match=r"the server answered 404 .*gone for good, delete "):
        fetch()


def test_an_answer_that_offers_xet_is_taken_as_plain_bytes(hub: LocalHub, fetch: Fetch) -> None:
    hub.xet = True
    hub.add(NAME, FILES)
    assert (fetch() / "epoch_3.pt").read_bytes() == WEIGHTS
    assert hub.requests("xet") == []


def test_a_hub_that_is_down_costs_some_tries(hub: LocalHub, fetch: Fetch) -> None:
    hub.add(NAME, FILES)
    hub.then("/api/", status=503, times=5)
    with pytest.raises(DownloadError, match="the server answered 503"):
        fetch()
    assert len(hub.asked) == FAST.attempts
    hub._faults.clear()
    hub.then("/api/", status=503)
    assert fetch().is_dir()


def test_nobody_answers_at_all(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(DownloadError, match="the connection failed") as caught:
        fetch()
    assert "give that folder's path as the model" in str(caught.value)


def test_another_kind_of_model_is_told_before_its_weights_are_fetched(
    hub: LocalHub, fetch: Fetch
) -> None:
    hub.add(NAME, {"config.json": CONFIG, "model.safetensors": WEIGHTS})
    with pytest.raises(ForeignModelError):
        fetch()
    assert hub.sent == len(CONFIG)


def test_a_repository_without_weights(hub: LocalHub, fetch: Fetch) -> None:
    hub.add(NAME, {"README.md": b"soon", "model.gguf": b"x"})
    with pytest.raises(DownloadError, match="no model is read from it"):
        fetch()


# ---------------------------------------------------------------------------------- hostile answers


@pytest.mark.parametrize(
    "name", ["org", "org/na me", "../etc", "org/../x", "org/name/more", "a--b/c", "org/na..me", ""]
)
def test_what_can_be_no_repository_is_asked_of_nobody(
    hub: LocalHub, fetch: Fetch, name: str
) -> None:
    with pytest.raises(ParameterError, match="organization/name"):
        fetch(name)
    assert hub.asked == []


@pytest.mark.parametrize("revision", ["", "..", "a/../b", "a b", "x" * 300, "-f"])
def test_what_can_be_no_revision_is_asked_of_nobody(
    hub: LocalHub, fetch: Fetch, revision: str
) -> None:
    with pytest.raises(ParameterError, match="A revision must be"):
        fetch(NAME, revision)
    assert hub.asked == []


@pytest.mark.parametrize(
    "name",
    ["../epoch_9.pt", "/tmp/epoch_9.pt", "a/../../epoch_9.pt", "..", "C:\\epoch_9.pt",
     ".epoch_9.pt", "epoch\n9.pt", "epoch_9.pt" + "x" * 300 + ".pt"],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_no_files(hub: LocalHub, fetch: Fetch, name: str) -> None:
    hub.add(NAME, FILES)
    strange = {"rfilename": name, "size": 3, "lfs": {"sha256": "0" * 64}}
    plain = {"rfilename": "epoch_3.pt", "size": len(WEIGHTS),
             "lfs": {"sha256": hashlib.sha256(WEIGHTS).hexdigest()}}  # fmt: skip
    hub.listings[NAME] = [strange, plain]
    folder = fetch()
    assert {f.name for f in folder.iterdir() if f.suffix != ".lock"} == {"epoch_3.pt"}


def test_a_list_of_a_million_files_is_left_off(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME, FILES)
    monkeypatch.setattr(listing, "_MOST_BYTES", 1 << 16)
    hub.listings[NAME] = [{"rfilename": f"{i}.txt", "size": 1} for i in range(20_000)]
    with pytest.raises(DownloadError, match="the list of its files is longer than"):
        fetch()


@pytest.mark.parametrize("size", [10**18, -1, "3", None, 1.5])
def test_a_size_that_no_file_has_is_refused(hub: LocalHub, fetch: Fetch, size: Any) -> None:
    hub.add(NAME, FILES)
    hub.listings[NAME] = [{"rfilename": "gone.pt", "size": size, "lfs": {"sha256": "0" * 64}}]
    with pytest.raises(DownloadError, match=r"no size is stated|nothing is told"):
        fetch()
    assert hub.sent == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"<html>", b"{}", b'{"sha": "../x", "siblings": []}', b'{"sha": 3, "siblings": 4}',
     b'{"sha": "' + b"a" * 40 + b'", "siblings": [3]}', b"[" * 100_000,
     b'{"sha": "' + b"a" * 40 + b'", "siblings": [{"rfilename": 4}]}'],
)  # fmt: skip
def test_an_answer_that_is_no_list_is_told_of(hub: LocalHub, fetch: Fetch, body: bytes) -> None:
    hub.add(NAME, FILES)
    hub.then("/api/", body=body)
    with pytest.raises(DownloadError, match="Cannot get 'org/name' from the hub"):
        fetch()


def test_where_the_list_has_no_hashes_each_file_is_asked_for_its_own(
    hub: LocalHub, fetch: Fetch
) -> None:
    files = {**FILES, "preprocessor_config.json": b"{}"}
    hub.add(NAME, files)
    hub.listings[NAME] = [{"rfilename": name} for name in files]
    folder = fetch()
    assert (folder / "epoch_3.pt").read_bytes() == WEIGHTS
    assert verified_of(folder) == "hub"
    assert [a.method for a in hub.requests("/resolve/")].count("HEAD") == 2


# ----------------------------------------------------------------------------- whose the notes are


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_notes_that_others_may_have_written_are_asked_for_anew(hub: LocalHub, fetch: Fetch) -> None:
    hub.add(NAME, FILES)
    folder, asked = fetch(), len(hub.requests("/api/"))
    folder.parent.chmod(0o777)
    forged = json.loads(folder.with_name(f"{folder.name}.json").read_text())
    (folder / "epoch_3.pt").write_bytes(b"forged")
    forged["siblings"][-1] |= {"size": 6, "lfs": {"sha256": hashlib.sha256(b"forged").hexdigest()}}
    folder.with_name(f"{folder.name}.json").write_text(json.dumps(forged))
    assert find_repository(NAME) is None
    with pytest.raises(OfflineError, match=r"everybody may write to .* set ZSCLIP_TRUST"):
        fetch(offline=True)
    assert (fetch() / "epoch_3.pt").read_bytes() == WEIGHTS
    assert len(hub.requests("/api/")) == asked + 1


def test_where_nothing_can_be_noted_the_files_that_are_there_are_checked(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME, FILES)
    folder = fetch()
    folder.parent.chmod(0o777)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(hub_module, "_write", refuse)
    sent = hub.sent
    assert fetch() == folder
    assert hub.sent == sent
    (folder / "epoch_3.pt").write_bytes(b"forged")
    assert (fetch() / "epoch_3.pt").read_bytes() == WEIGHTS


@pytest.mark.parametrize("text", ["", "[]", "{", '{"repository": "../x"}', '{"siblings": 3}'])
def test_damaged_notes_are_none(hub: LocalHub, fetch: Fetch, text: str) -> None:
    hub.add(NAME, FILES)
    folder = fetch()
    folder.with_name(f"{folder.name}.json").write_text(text)
    assert find_repository(NAME) is None
    assert fetch() == folder
    folder.with_name("revisions.json").write_text(text)
    assert fetch() == folder


def test_nothing_of_all_this_is_done_by_the_hubs_own_client(
    hub: LocalHub, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(NAME, FILES)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_, **__: pytest.fail("called"))
    fetch()
    assert not Path(constants.HF_HUB_CACHE).exists()
    assert hub_module.repository_folder(NAME).is_dir()
    assert CheckpointError is not ForeignModelError
