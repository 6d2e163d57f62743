"""What a link was sent and what came out, as a file of I/Q pairs."""

from pathlib import Path

import numpy as np

from commgen._checks import check_amplitudes
from commgen._files.npz import read_npz


def read_pairs(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read an archive of arrays ``x`` and ``y``, the samples sent and received.

    Parameters
    ----------
    path
        A ``.npz``; both arrays [num_pairs] complex, in time with each other, at one
        sample a symbol.

    Returns
    -------
    x, y : [num_pairs], complex64

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is no such archive, or a value is not finite.
    """
    try:
        found = read_npz(path, ["x", "y"])
        for name in "xy":
            if found[name].dtype.kind not in "fc" or found[name].ndim != 1:
                raise ValueError(
                    f"{name} must be [num_pairs], complex, got {found[name].shape} of "
                    f"dtype {found[name].dtype}."
                )
            check_amplitudes(name, found[name])
        if found["x"].shape != found["y"].shape:
            raise ValueError(
                f"x and y must be as long, got {len(found['x'])} and {len(found['y'])}."
            )
    except ValueError as error:
        raise ValueError(f"{path} must be I/Q pairs: {error}") from error
    return found["x"].astype(np.complex64), found["y"].astype(np.complex64)
