"""What cannot be done with a dataset's columns is told by their names."""

from __future__ import annotations

import pyarrow
import pytest

from zsclip.errors import ParameterError
from zsclip.ray.plan import Plan

PLAN = Plan(
    column="image",
    labels=True,
    embeddings=True,
    width=4,
    on_error="record",
    most_rows=10,
    most_bytes=1000,
)


def changed(**changes: object) -> Plan:
    fields = {name: getattr(PLAN, name) for name in Plan.__dataclass_fields__}
    return Plan(**{**fields, **changes})


def test_columns_that_are_there_already_are_named() -> None:
    with pytest.raises(ParameterError, match=r"a column 'label', 'error' already.*prefix="):
        PLAN.check(["image", "label", "error"])
    changed(prefix="clip_").check(["image", "label", "error"])
    changed(keep=("image",)).check(["image", "label", "error"])
    changed(labels=False).check(["image", "label"])


def test_columns_that_are_not_there_are_named_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"`column` names 'image', .* Did you mean 'images'"):
        PLAN.check(["images", "id"])
    with pytest.raises(ParameterError, match=r"`keep` names 'x'.*Known: 'image', 'id'"):
        changed(keep=("image", "x")).check(["image", "id"])


def test_names_of_new_columns_have_the_prefix() -> None:
    names = changed(prefix="x_", top=3).schema().names
    assert all(name.startswith("x_") for name in names)
    assert {"x_label", "x_scores", "x_embedding", "x_error"} <= {*names}


def test_embeddings_are_not_embedded_again() -> None:
    with pytest.raises(ParameterError, match="holds embeddings already"):
        changed(labels=False).kind(pyarrow.list_(pyarrow.float32(), 4))
