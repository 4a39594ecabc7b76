"""What only some need is imported when it is needed, and named with its extra if it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zsclip.errors import MissingExtraError

__all__ = ["needed"]

# Of each extra: what people call it, and the modules that it brings.
_EXTRAS = {
    "fit": ("scikit-learn and SciPy", ("sklearn", "scipy", "joblib", "threadpoolctl")),
    "plot": ("matplotlib", ("matplotlib", "mpl_toolkits")),
    "pandas": ("pandas", ("pandas",)),
    "arrow": ("pyarrow", ("pyarrow",)),
    "video": ("PyAV", ("av",)),
    "serve": (
        "Starlette, uvicorn, python-multipart and the Prometheus client",
        ("starlette", "uvicorn", "python_multipart", "multipart", "prometheus_client", "anyio"),
    ),
    "ray": ("Ray Data", ("ray", "pyarrow", "pandas")),
    "onnx": (
        "PyTorch, ONNX and ONNX Runtime",
        ("torch", "onnx", "onnxruntime", "onnxscript", "onnx_ir"),
    ),
}


@contextmanager
def needed(what: str, extra: str = "fit") -> Iterator[None]:
    """Around imports of what a plain installation has not.

    Args:
        what: What it is needed for, as a sentence begins: ``"A temperature"``.
        extra: The extra that brings it: ``"fit"``, ``"plot"``, ``"pandas"``, ``"arrow"``,
            ``"video"``, ``"serve"``, ``"ray"`` or ``"onnx"``.

    Raises:
        MissingExtraError: It is not there; the message says how to install it.

    Examples:
        >>> with needed("A temperature"):
        ...     from scipy.optimize import minimize_scalar
    """
    called, modules = _EXTRAS[extra]
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in modules:
            raise
        raise MissingExtraError(
            f"{what} needs {called}, and {error.name} is not installed: "
            f'pip install "zsclip[{extra}]".'
        ) from error
