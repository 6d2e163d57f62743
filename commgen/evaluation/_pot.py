"""POT, without the four frameworks that it would load to see whether they are there."""

import os
from importlib import import_module
from typing import Any

_FRAMEWORKS = ("TENSORFLOW", "PYTORCH", "JAX", "CUPY")


def pot() -> Any:
    """Import POT for NumPy arrays; the environment is left as it was."""
    names = [f"POT_BACKEND_DISABLE_{name}" for name in _FRAMEWORKS]
    added = [name for name in names if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        return import_module("ot")
    finally:
        for name in added:
            del os.environ[name]
