"""A hub of models on this machine: the protocol that huggingface_hub speaks, with faults on demand.

A repository has commits, and names for them; small files are known by git's SHA-1, large ones (LFS)
by their SHA-256, and come from a second server, to which the first redirects. What is asked of
either is written down, headers and bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

__all__ = ["Asked", "Fault", "LocalHub", "git_sha1", "use_hub"]

_LFS = (".bin", ".pt", ".safetensors", ".msgpack", ".onnx")  # kept by LFS whatever their size
_API = re.compile(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?")
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


def git_sha1(content: bytes) -> str:
    """What git names a file by."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass(frozen=True)
class Fault:
    """What goes wrong with an answer.

    Attributes:
        status: Answer this in place of the file.
        headers: More headers.
        cut: Hang up after so many bytes of the body.
        body: Send this in place of the body.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    body: bytes | None = None


@dataclass(frozen=True)
class Asked:
    """One request: headers have lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    cdn: bool


@dataclass(frozen=True)
class _File:
    path: Path
    size: int
    git: str
    sha256: str | None  # of LFS


class LocalHub:
    """A hub with the repositories that a test puts there.

    Args:
        folder: Where its files lie.
        xet: Whether it offers large files over Xet as well.

    Attributes:
        endpoint: What ``HF_ENDPOINT`` is to be.
        asked: The requests so far.
        sent: Bytes of files that were sent so far.
        tokens: What opens gated and private repositories.
        expired: Tokens with which nobody gets anything, public repositories included.
    """

    def __init__(self, folder: Path, *, xet: bool = False) -> None:
        self._folder, self.xet = folder / "blobs", xet
        self._folder.mkdir(parents=True, exist_ok=True)
        self._commits: dict[str, dict[str, dict[str, _File]]] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._closed: dict[str, str] = {}  # gated or private
        self._moved: dict[str, str] = {}
        self._faults: list[tuple[str, Fault]] = []
        self.listings: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[Asked] = []
        self.sent = 0
        self.tokens = {"hf_good"}
        self.expired: set[str] = set()
        self._servers = [_Server(self, cdn=False), _Server(self, cdn=True)]
        self.endpoint = f"http://127.0.0.1:{self._servers[0].server_address[1]}"
        # another name, for which a client must not have the token that the hub has
        self._cdn = f"http://localhost:{self._servers[1].server_address[1]}"
        self._threads = [
            threading.Thread(target=s.serve_forever, args=(0.01,)) for s in self._servers
        ]

    def __enter__(self) -> LocalHub:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()

    def add(self, repository: str, files: Mapping[str, bytes], *, revision: str = "main") -> str:
        """A commit with these files and no others, under the name of a branch or tag; its hash."""
        held = {}
        for name, content in files.items():
            git, sha256 = git_sha1(content), hashlib.sha256(content).hexdigest()
            path = self._folder / sha256
            path.write_bytes(content)
            held[name] = _File(path, len(content), git, sha256 if name.endswith(_LFS) else None)
        known = repr(sorted((name, file.git) for name, file in held.items()))
        commit = hashlib.sha1(f"{repository} {known}".encode()).hexdigest()
        self._commits.setdefault(repository, {})[commit] = held
        self._names.setdefault(repository, {})[revision] = commit
        return commit

    def gate(self, repository: str) -> None:
        """Have a repository whose terms must be accepted: only tokens open it."""
        self._closed[repository] = "GatedRepo"

    def hide(self, repository: str) -> None:
        """Have a private repository: without a token there is none of this name."""
        self._closed[repository] = "RepoNotFound"

    def move(self, repository: str, to: str) -> None:
        """Have a repository renamed: its old name leads to the new one."""
        self._commits[to] = self._commits.pop(repository)
        self._names[to] = self._names.pop(repository)
        self._moved[repository] = to

    def remove(self, repository: str) -> None:
        """Have no such repository any more."""
        del self._commits[repository], self._names[repository]

    def then(self, part: str, times: int = 1, **what: Any) -> None:
        """Have the next requests whose path holds ``part`` go wrong, as `Fault` says."""
        self._faults += [(part, Fault(**what))] * times

    def requests(self, part: str = "", *, cdn: bool | None = None) -> list[Asked]:
        """The requests so far whose path holds ``part``."""
        return [a for a in self.asked if part in a.path and cdn in (None, a.cdn)]

    # What follows answers a request: status, headers, and a file, JSON or nothing.

    def _fault(self, path: str) -> Fault:
        for i, (part, fault) in enumerate(self._faults):
            if part in path:
                del self._faults[i]
                return fault
        return Fault()

    def _answer(self, asked: Asked) -> tuple[int, dict[str, str], Path | bytes]:
        path = unquote(urlsplit(asked.path).path)
        query = parse_qs(urlsplit(asked.path).query)
        if asked.cdn:
            blob = self._folder / path.rpartition("/")[2]
            if not blob.is_file():
                return 403, {}, b"no such file"
            return 200, {"ETag": f'"{blob.name}"'}, blob
        raw = urlsplit(asked.path).path
        found = _API.fullmatch(raw) or _RESOLVE.fullmatch(raw)
        if found is None:
            return 404, {}, b"Not Found"
        repository = unquote(found[1])
        if repository in self._moved:
            to = asked.path.replace(repository, self._moved[repository], 1)
            return 307, {"Location": to}, b"moved"
        error = self._refusal(repository, asked)
        if error:
            return error
        api = found.re is _API
        revision = unquote(found[3 if api else 2] or "main")
        commit = self._names[repository].get(revision, revision)
        files = self._commits[repository].get(commit)
        if files is None:
            said = f"Invalid rev id: {revision}"
            return 404, {"X-Error-Code": "RevisionNotFound", "X-Error-Message": said}, b"{}"
        if not api:
            return self._resolve(repository, commit, unquote(found[3]), files)
        if found[2] == "tree":
            return 200, {}, json.dumps(self._tree(files)).encode()
        siblings = self.listings.get(repository) or self._siblings(files, "blobs" in query)
        held = {"_id": "0", "id": repository, "modelId": repository, "sha": commit,
                "private": False, "gated": False, "siblings": siblings}  # fmt: skip
        return 200, {}, json.dumps(held).encode()

    def _refusal(
        self, repository: str, asked: Asked
    ) -> tuple[int, dict[str, str], Path | bytes] | None:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self.expired:
            said = {"X-Error-Message": "Invalid credentials in Authorization header"}
            return 401, said, b"{}"
        kind = self._closed.get(repository)
        if repository not in self._commits or (kind == "RepoNotFound" and token not in self.tokens):
            status = 404 if token in self.tokens else 401
            said = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}
            return status, said, b"{}"
        # the hub lists what a gated repository has, and keeps its files back
        if kind and token not in self.tokens and "/resolve/" in asked.path:
            said = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."}
            return 403 if token else 401, said, b"{}"
        return None

    def _resolve(
        self, repository: str, commit: str, name: str, files: Mapping[str, _File]
    ) -> tuple[int, dict[str, str], Path | bytes]:
        headers = {"X-Repo-Commit": commit}
        file = files.get(name)
        if file is None:
            headers |= {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            return 404, headers, b"Entry not found"
        if file.sha256 is None:
            return 200, {**headers, "ETag": f'"{file.git}"'}, file.path
        headers |= {
            "X-Linked-Etag": f'"{file.sha256}"',
            "X-Linked-Size": str(file.size),
            "Location": f"{self._cdn}/cdn/{file.sha256}?X-Amz-Signature=0af3",
        }
        if self.xet:
            route = f"{self.endpoint}/api/models/{repository}/xet-read-token/{commit}"
            headers |= {
                "X-Xet-Hash": file.sha256,
                "X-Xet-Refresh-Route": route,
                "Link": f'<{route}>; rel="xet-auth"',
            }
        return 302, headers, b"Found"

    def _siblings(self, files: Mapping[str, _File], blobs: bool) -> list[dict[str, Any]]:
        if not blobs:
            return [{"rfilename": name} for name in files]
        return [
            {"rfilename": name, "size": file.size, "blobId": file.git, **_lfs(file, "sha256")}
            for name, file in files.items()
        ]

    def _tree(self, files: Mapping[str, _File]) -> list[dict[str, Any]]:
        return [
            {"type": "file", "path": name, "size": f.size, "oid": f.git, **_lfs(f, "oid")}
            for name, f in files.items()
        ]


def _lfs(file: _File, key: str) -> dict[str, Any]:
    if file.sha256 is None:
        return {}
    return {"lfs": {key: file.sha256, "size": file.size, "pointerSize": 134}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: LocalHub, *, cdn: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub, self.cdn = hub, cdn


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub = self.server.hub
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.server.cdn)
        hub.asked.append(asked)
        self.close_connection = True
        with suppress(OSError):  # the client hangs up in some tests
            self._reply(asked, *hub._answer(asked), hub._fault(self.path))

    def _reply(
        self, asked: Asked, status: int, headers: dict[str, str], what: Path | bytes, fault: Fault
    ) -> None:
        body = what.read_bytes() if isinstance(what, Path) else what
        if fault.status is not None:
            status, headers, body = fault.status, {}, b"an error page"
        if fault.body is not None:
            body = fault.body
        span = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
        same = asked.headers.get("if-range", headers.get("ETag")) == headers.get("ETag")
        if status == 200 and span and same:
            start, end = int(span[1]), int(span[2] or len(body) - 1) + 1
            if start >= len(body):
                status, headers["Content-Range"] = 416, f"bytes */{len(body)}"
                body = b""
            else:
                piece = body[start:end]
                headers["Content-Range"] = f"bytes {start}-{start + len(piece) - 1}/{len(body)}"
                status, body = 206, piece
        self.send_response(status)
        more = {"Content-Length": str(len(body)), "Accept-Ranges": "bytes", "Connection": "close"}
        for name, value in {**headers, **more, **fault.headers}.items():
            self.send_header(name, quote(value, safe=" \"'<>;=:/?&,%*-_.~@+()"))
        self.end_headers()
        if self.command == "GET":
            body = body[: fault.cut]
            for at in range(0, len(body), 1 << 16):
                self.wfile.write(body[at : at + (1 << 16)])
                if isinstance(what, Path) and fault.status is None:
                    self.server.hub.sent += len(body[at : at + (1 << 16)])


def use_hub(monkeypatch: pytest.MonkeyPatch, hub: LocalHub, home: Path) -> None:
    """Have huggingface_hub, and what stands on it, ask this hub, and know no token but a test's.

    Its client reads the environment when it is imported, which may be before the test.
    """
    from huggingface_hub import constants, file_download

    home.mkdir(parents=True, exist_ok=True)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    monkeypatch.setenv("HF_HOME", str(home))
    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    for module in (constants, file_download):  # older ones have it in both
        monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(home / "token"))
    if hasattr(constants, "HF_STORED_TOKENS_PATH"):
        monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", str(home / "stored_tokens"))
