"""Facades that load a name when it is asked for, and say what a bare install lacks."""

from collections.abc import Callable
from typing import Any

import lazy_loader

# Module to the extra of pyproject.toml that brings it.
_EXTRAS = {
    **dict.fromkeys(("tensorflow", "keras", "sionna", "sklearn", "ot"), "tensorflow"),
    **dict.fromkeys(("threadpoolctl", "tensorboard"), "tensorflow"),
    "tensorflow_probability": "inference",
    "onnxruntime": "sdr",
    **dict.fromkeys(("onnx", "tf2onnx"), "export"),
    "ray": "scale",
    "mitsuba": "rt",
}


def attach(package: str, file: str) -> tuple[Callable[[str], Any], Any, list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package from its stub.

    Parameters
    ----------
    package, file
        ``__name__`` and ``__file__`` of the package, which has an ``__init__.pyi``.
    """
    load, names, public = lazy_loader.attach_stub(package, file)

    def __getattr__(name: str) -> Any:
        try:
            return load(name)
        except ModuleNotFoundError as error:
            raise with_extra(error) from error

    return __getattr__, names, public


def with_extra(error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return the error with the extra to install, where one brings what is missing."""
    extra = _EXTRAS.get((error.name or "").split(".")[0])
    if extra is None or f".[{extra}]" in str(error):
        return error
    return ModuleNotFoundError(
        f"{error.name} is not installed: it comes with commgen's extra {extra}, as by "
        f"pip install '.[{extra}]' in a clone.",
        name=error.name,
    )
