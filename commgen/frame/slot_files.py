"""Grid mixtures on disk."""

from pathlib import Path

import numpy as np

from commgen._files.npz import read_npz, write_npz
from commgen.frame.slot_mixture import GridMixture

_FIELDS = ("time", "frequency", "weights", "roots", "specular", "floor")


def save_grid_mixture(mixture: GridMixture, path: str | Path) -> None:
    """Write a mixture to ``path``, a NumPy archive whose name ends in ``.npz``."""
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"path must end in .npz, got {path}.")
    arrays = {name: np.asarray(getattr(mixture, name)) for name in _FIELDS}
    write_npz(path, arrays, compressed=True)


def load_grid_mixture(path: str | Path) -> GridMixture:
    """Read what :func:`save_grid_mixture` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not such an archive.
    """
    try:
        arrays = read_npz(path, _FIELDS)
    except ValueError as error:
        raise ValueError(f"path must be a saved grid mixture: {error}") from error
    return GridMixture(**{**arrays, "floor": float(arrays["floor"])})
