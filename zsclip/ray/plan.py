"""`Plan`: what is made of a dataset's column, and which columns come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zsclip.classifier import OnError
from zsclip.errors import ParameterError
from zsclip.outputs import result_schema
from zsclip.ray.pictures import VECTORS, kind_of
from zsclip.wording import brief, did_you_mean, in_a_row

if TYPE_CHECKING:
    from pyarrow import DataType, Schema

__all__ = ["EMBEDDING", "Plan"]

EMBEDDING = "embedding"
"""The column of embeddings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What becomes of each batch of rows; it travels to the actors.

    Attributes:
        column: Where the pictures or vectors are.
        labels: Whether pictures are classified, and not only embedded.
        top: How many labels are listed of each; 0 for none.
        embeddings: Whether there is a column of embeddings.
        width: The width of the model's embeddings.
        on_error: What becomes of a row that fails.
        prefix: What the names of new columns begin with.
        keep: Which of the other columns stay; all if None.
        most_rows: How many rows are taken together at most.
        most_bytes: How many bytes of pictures are taken together at most.
        workers: How many threads read pictures in an actor; None for as many as suit the column.
        threads: How many threads an actor keeps busy.
        sets_threads: Whether PyTorch is to have as many in place of those that Ray lets it have.
        hides_gpus: Whether an actor is to see no GPU.
    """

    column: str
    labels: bool
    top: int = 0
    embeddings: bool
    width: int
    on_error: OnError
    prefix: str = ""
    keep: tuple[str, ...] | None = None
    most_rows: int
    most_bytes: int
    workers: int | None = None
    threads: int = 1
    sets_threads: bool = False
    hides_gpus: bool = False

    def schema(self) -> Schema:
        """The new columns, under their names."""
        import pyarrow

        fields = list(result_schema(top=self.top))
        if not self.labels:
            fields = [field for field in fields if field.name.startswith("error")]
        if self.embeddings:
            place = [field.name for field in fields].index("error")
            kind = pyarrow.list_(pyarrow.float32(), self.width)
            fields.insert(place, pyarrow.field(EMBEDDING, kind))
        return pyarrow.schema([field.with_name(self.prefix + field.name) for field in fields])

    def kept(self, columns: Sequence[str]) -> list[str]:
        """Those of the columns that are there which stay."""
        return [name for name in columns if self.keep is None or name in self.keep]

    def check(self, columns: Sequence[str]) -> None:
        """Raise if this cannot be done with the columns that are there.

        Raises:
            ParameterError: The column is not among them, or one that is kept; or a new one has the
                name of one that stays.
        """
        for param, names in (("column", (self.column,)), ("keep", self.keep or ())):
            if missing := [name for name in names if name not in columns]:
                raise ParameterError(
                    f"`{param}` names {brief(missing[0])}, and the dataset has no such column. "
                    f"{did_you_mean(missing[0], columns)}"
                )
        new = self.schema().names
        if both := [brief(name) for name in self.kept(columns) if name in new]:
            raise ParameterError(
                f"The dataset has a column {in_a_row(both)} already, as the results are to be "
                "called. Rename or drop it in the dataset, or pass prefix=, which goes before the "
                "new names, or keep=, the columns that stay (`run` has neither)."
            )

    def kind(self, given: DataType) -> str:
        """What the column holds, by its type, as `kind_of` tells it.

        Raises:
            ParameterError: It holds vectors of another model, or vectors are to be embedded.
            ParameterTypeError: It holds neither pictures nor vectors.
        """
        kind = kind_of(self.column, given, self.width)
        if kind == VECTORS and not self.labels:
            raise ParameterError(
                f"The column {brief(self.column)} holds embeddings already: {brief(str(given))}. "
                "Classify it, or pass column=, the one of the pictures."
            )
        return kind
