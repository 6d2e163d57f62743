"""Grid mixtures on disk."""

import zipfile
from pathlib import Path

import numpy as np

from commgen._files import atomic_path
from commgen.phy.estimation.slot_mixture import GridMixture

_FIELDS = ("time", "frequency", "weights", "roots", "specular", "floor")


def save_grid_mixture(mixture: GridMixture, path: str | Path) -> None:
    """Write a mixture to ``path``, a NumPy archive whose name ends in ``.npz``."""
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"path must end in .npz, got {path}.")
    with atomic_path(path) as temporary:
        arrays = {name: np.asarray(getattr(mixture, name)) for name in _FIELDS}
        np.savez_compressed(temporary, allow_pickle=False, **arrays)


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
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _FIELDS}
    except (KeyError, zipfile.BadZipFile, ValueError, EOFError) as error:
        raise ValueError(f"path must be a saved grid mixture, got {path}.") from error
    return GridMixture(**{**arrays, "floor": float(arrays["floor"])})
