"""What kind of file a recording is: by its suffix, or else by how it begins."""

from pathlib import Path
from typing import Literal

from commgen._files.inputs import check_input
from commgen.datasets._intel5300_records import looks_like_log

Kind = Literal["npz", "npy", "mat", "intel5300"]
_SUFFIXES: dict[str, Kind] = {
    ".npz": "npz",
    ".npy": "npy",
    ".mat": "mat",
    ".dat": "intel5300",
}
_MAGIC: dict[bytes, Kind] = {
    b"PK\x03\x04": "npz",
    b"\x93NUMPY": "npy",
    b"MATLAB 5.0 MAT": "mat",
    b"MATLAB 7.3 MAT": "mat",
}
_BEGINNING = 2**20  # bytes; sixteen of the longest records of a log


def kind_of_file(path: str | Path) -> Kind:
    """Return the kind of a recording.

    A suffix that is known decides, in capitals too; logs of the CSI tool often have
    none, or any.

    Raises
    ------
    OSError
        If it is not a regular file.
    ValueError
        If it is of no kind that can be imported.
    """
    path = check_input(path)
    known = _SUFFIXES.get(path.suffix.lower())
    if known is not None:
        return known
    with path.open("rb") as file:
        data = file.read(_BEGINNING)
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    if looks_like_log(data):
        return "intel5300"
    raise ValueError(
        f"{path} must be a .npz, .npy or .mat file, or a log of the Intel 5300 CSI "
        "tool (.dat, or another name)."
    )
