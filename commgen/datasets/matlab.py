"""MATLAB files, read in a process of their own: what is damaged can crash a reader."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from commgen._files.inputs import check_input
from commgen._files.npz import read_npy, unreadable
from commgen._memory import available_memory

_READER = "commgen.datasets._matlab_reader"
_ROOT = Path(__file__).parents[2]
# A small file must not ask for much. Deflate makes 1032 bytes of one; a complex array
# is there in parts and as a whole while it is read.
_MEMORY = 2**28
_MEMORY_RATIO = 4 * 1032
_SECONDS = 20  # of CPU, and one for each ...
_BYTES_A_SECOND = 2**21
_PATIENCE = 10  # times that in wall-clock time


def read_mat(
    path: str | Path, wanted: Sequence[str] | None = None
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Read arrays of numbers of a MATLAB file, of version 4 to 7.3.

    Parameters
    ----------
    path
        The file.
    wanted
        Names of arrays, "s.h" for a field of a struct; by default the only array.

    Returns
    -------
    names
        Of all arrays of numbers.
    arrays
        Those of ``wanted`` that are there, with the axes in MATLAB's order.

    Raises
    ------
    ValueError
        If the file is damaged, or more than memory holds, or its arrays lie elsewhere.
    OSError
        If it is not a regular file.
    """
    path = check_input(path)
    size = path.stat().st_size
    limits = {
        "memory": min(available_memory(), _MEMORY + _MEMORY_RATIO * size),
        "seconds": _SECONDS + size // _BYTES_A_SECOND,
    }
    with tempfile.TemporaryDirectory() as folder:
        task = {"path": str(path), "wanted": wanted and list(wanted), "folder": folder}
        told = _run(path, {**task, **limits})
        arrays = {
            name: read_npy(Path(folder) / f"{k}.npy")
            for k, name in enumerate(told["read"])
        }
    return told["names"], arrays


def _run(path: Path, task: dict) -> dict:
    """Let the reader do a task; whatever becomes of it is one line."""
    paths = [str(_ROOT), *filter(None, sys.path)]
    own = {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-m", _READER, json.dumps(task)],
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE * task["seconds"],
            check=False,
        )
        told = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise unreadable(path, ".mat", TimeoutError("it takes too long")) from None
    except ValueError:
        reason = ChildProcessError(f"its reader ended with {done.returncode}")
        raise unreadable(path, ".mat", reason) from None
    if "error" in told:
        raise unreadable(path, ".mat", ValueError(told["error"]))
    return told
