"""Grid mixtures on disk."""

from pathlib import Path

import numpy as np

from commgen._files.npz import npz_names, read_npz, write_npz
from commgen.exported.contract import ExportedContract
from commgen.frame.slot_mixture import GridMixture

_FIELDS = ("time", "frequency", "weights", "roots", "specular", "floor")
_CONTRACT = "contract"


def save_grid_mixture(
    mixture: GridMixture,
    path: str | Path,
    *,
    contract: ExportedContract | None = None,
    made: str | None = None,
) -> None:
    """Write a mixture to ``path``, a NumPy archive whose name ends in ``.npz``.

    Parameters
    ----------
    mixture
        The mixture.
    path
        The file.
    contract
        What it promises, kept beside the arrays.
    made
        As :func:`~commgen._files.npz.write_npz`.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"path must end in .npz, got {path}.")
    arrays = {name: np.asarray(getattr(mixture, name)) for name in _FIELDS}
    if contract is not None:
        arrays[_CONTRACT] = np.array(contract.to_json())
    write_npz(path, arrays, compressed=True, made=made)


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


def load_slot_contract(path: str | Path) -> ExportedContract:
    """Read the contract of a mixture that was saved with one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it has no contract, or one that cannot be read.
    """
    if _CONTRACT not in npz_names(path):
        raise ValueError(f"{path} has no contract: it promises nothing.")
    text = read_npz(path, [_CONTRACT])[_CONTRACT]
    try:
        return ExportedContract.from_json(str(text))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
