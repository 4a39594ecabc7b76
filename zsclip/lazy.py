"""Names of a package that are loaded when they are first used."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

__all__ = ["lazy"]


def lazy(package: str, **homes: tuple[str, ...]) -> Callable[[str], object]:
    """A package's ``__getattr__``: what it offers, without loading all of it.

    Args:
        package: The name of the package.
        homes: Names by the module of the package that they stand in; of a module that is offered
            itself, none.

    Examples:
        >>> lazy("zsclip", results=("Prediction", "Score"))("Score").__name__
        'Score'
        >>> lazy("zsclip", plot=())("plot").__name__
        'zsclip.plot'
    """
    module_of = {name: module for module, names in homes.items() for name in names or (module,)}

    def get(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{module_of[name]}")
        return module if name == module_of[name] else getattr(module, name)

    return get
