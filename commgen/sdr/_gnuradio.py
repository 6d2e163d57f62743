"""GNU Radio, where it is: the one place that imports it, and says why it cannot."""

import contextlib
import importlib
import io
from typing import Any

import numpy as np

_MISSING = (
    "GNU Radio is not installed for this Python: make radio installs it, "
    "and .venv-radio/bin/commgen runs with it."
)


def gnuradio(name: str) -> Any:
    """Return the module ``gnuradio.NAME``, or ``pmt``.

    Parameters
    ----------
    name
        Such as "gr", "blocks", "uhd", "zeromq"; "pmt" is GNU Radio's, too.

    Raises
    ------
    ModuleNotFoundError
        If GNU Radio, or this part of it, is not there.
    ImportError
        If it was built for NumPy 1 and this is NumPy 2.
    """
    _load()
    try:
        return importlib.import_module("pmt" if name == "pmt" else f"gnuradio.{name}")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            f"GNU Radio has no part {name} here (Debian: apt-get install gnuradio)."
        ) from None


def _load() -> None:
    """Import its core; what NumPy prints about a failure goes into our sentence."""
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            importlib.import_module("gnuradio.gr")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("gnuradio", "pmt"):
            raise ModuleNotFoundError(_MISSING) from None
        raise
    except (ImportError, AttributeError) as error:
        if np.lib.NumpyVersion(np.__version__) < "2.0.0":
            raise
        raise ImportError(
            f"this GNU Radio was built for NumPy 1 and does not load under NumPy "
            f"{np.__version__}: make radio makes .venv-radio, where both fit."
        ) from error
