"""Compiled loops, kept on disk for the next process where that is possible."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable) -> Any:
    """Compile a loop with Numba when it is first called, without the GIL.

    Where neither the folder of its file nor the user's cache can be written to, as in a
    container without a home, it is compiled anew in each process.
    """
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return numba.njit(nogil=True)(function)
