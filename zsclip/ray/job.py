"""`Job`: the folder beside a sink with what is known of a run, and who may go on with it.

``run.json`` says what the run is of, and is written when the listing is all there; ``checkpoints``
is Ray's; whoever has ``lock`` is at it, where files can be locked. In the sink itself stands
``_SUCCESS`` in the end, as others write it, which readers of Parquet pass over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zsclip.errors import ParameterError, ResumeError, WouldReplaceError
from zsclip.outputs import differences
from zsclip.owners import hold, open_more, open_new
from zsclip.ray.listing import Listing
from zsclip.ray.places import Place
from zsclip.wording import brief

__all__ = ["Job", "Kept"]

KEY = "zsclip_run"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a run.

    Attributes:
        about: What it is of: whoever goes on must say the same.
        listing: What the source held; None of a dataset of Ray, which holds it itself.
        width: How many rows a part has.
    """

    about: dict[str, Any]
    listing: Listing | None
    width: int

    @property
    def rows(self) -> int | None:
        """How many rows there are to be; None where only reading them tells."""
        return None if self.listing is None else self.listing.rows

    @property
    def of_pictures(self) -> bool:
        """Whether each row is an entry of the listing."""
        return self.listing is not None and self.listing.entries == self.listing.rows


@dataclass(frozen=True, slots=True)
class Job:
    """A sink, and the folder beside it.

    Attributes:
        sink: The folder of results.
    """

    sink: Place

    @classmethod
    def of(cls, sink: object) -> Job:
        """The job of a sink that a user named.

        Raises:
            ParameterError: Ray would write somewhere else.
            ParameterTypeError: It is no path.
        """
        place = Place.of(sink, "sink")
        if any(mark in place.path for mark in "\t\r\n"):  # which Ray takes out, as out of a URL
            raise ParameterError(
                f"`sink` must have no line breaks and no tabs in its path, got {brief(place.url)}. "
                "Name another folder."
            )
        return cls(place)

    @property
    def folder(self) -> Place:
        """The folder beside it."""
        return self.sink.beside(".job")

    @property
    def listing(self) -> Place:
        """The file of what the source held."""
        return self.folder.inside("listing.parquet")

    @property
    def checkpoints(self) -> Place:
        """The folder in which Ray writes down what is done."""
        return self.folder.inside("checkpoints")

    @property
    def note(self) -> Place:
        """The file of what the run is of."""
        return self.folder.inside("run.json")

    @property
    def _success(self) -> Place:
        return self.sink.inside("_SUCCESS")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Where nobody else goes on with it; in buckets nobody can be kept from it.

        Raises:
            ResumeError: Another process is at it.
            OSError: The folder cannot be made.
        """
        if not self.sink.local:
            yield
            return
        path = Path(self.folder.inside("lock").path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = open_new(path)
        except FileExistsError:
            file = open_more(path)
        with file:
            if not hold(file, path):
                raise ResumeError(
                    f"Another process is writing to {brief(self.sink.url)}. Wait until it is done, "
                    "or name another folder."
                )
            for part in path.parent.glob(".zsclip-*.part"):  # of who was killed
                with suppress(OSError):
                    part.unlink()
            yield

    def require_free(self) -> None:
        """Raise unless the sink is new, empty, or of a run: to be asked before anything is made.

        Raises:
            WouldReplaceError: It holds what no run of zsclip's wrote.
        """
        if not self.note.is_file() and (self.sink.is_file() or self.sink.files(deep=True)):
            raise WouldReplaceError(
                f"{brief(self.sink.url)} is there already, and no run of zsclip's wrote it. "
                "Name a folder that is new or empty."
            )

    def begun(self, about: dict[str, Any], *, resume: bool) -> Kept | None:
        """What is known of the run that is there; None if there is none.

        Raises:
            ResumeError: There is one, and it is not to be gone on with, or not as this one.
            WouldReplaceError: The sink holds what no run of zsclip's wrote.
        """
        if not self.note.is_file():
            self.require_free()
            return None
        there = self._read()
        if not resume:
            raise ResumeError(
                f"{brief(self.sink.url)} holds what another run wrote. Go on with it "
                "(resume=True; on the command line, without --no-resume), or delete it and "
                f"{brief(self.folder.url)} to begin anew."
            )
        if found := differences(there["about"], _plain(about)):
            raise ResumeError(
                f"{brief(self.sink.url)} is of another run: {'; '.join(found)}. Go on with what it "
                f"was then, or delete it and {brief(self.folder.url)} to begin anew."
            )
        listing = there["listing"]
        kept = None if listing is None else Listing(**listing)
        return Kept(there["about"], kept, there["width"])

    def _read(self) -> dict[str, Any]:
        try:
            there = json.loads(self.note.read())
            if there[KEY] == FORMAT:
                return dict(there)
        except (ValueError, KeyError, TypeError):
            pass
        raise ResumeError(
            f"{brief(self.note.url)} is nothing that this zsclip wrote. Name another folder, or "
            f"delete {brief(self.folder.url)} to begin anew."
        )

    def begin(self, kept: Kept) -> None:
        """Write down what the run is of.

        Raises:
            OSError: It cannot be written.
        """
        self.note.write(json.dumps({KEY: FORMAT, **asdict(kept)}, indent=2).encode("ascii"))

    def ended(self) -> dict[str, int] | None:
        """How many rows there are of a run that is done, and how many failed; else None."""
        if not self._success.is_file():
            return None
        try:
            told = json.loads(self._success.read())
            return {"rows": int(told["rows"]), "failed": int(told["failed"])}
        except (ValueError, KeyError, TypeError):
            return None

    def end(self, rows: int, failed: int) -> None:
        """Say that all rows are there, and forget which are.

        Raises:
            OSError: It cannot be written.
        """
        self._success.write(json.dumps({"rows": rows, "failed": failed}).encode("ascii"))
        self.forget()

    def forget(self) -> None:
        """Remove what nobody needs who has all rows.

        Raises:
            OSError: It cannot be removed.
        """
        self.checkpoints.remove_folder()


def _plain(about: dict[str, Any]) -> Any:
    return json.loads(json.dumps(about))
