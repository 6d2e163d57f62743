"""One thread for linear algebra: matrices of a frame are too small for more."""

import ctypes
import re
from pathlib import Path

_MAPPED = Path("/proc/self/maps")
# Of OpenBLAS, and of the ones that NumPy's and SciPy's wheels bring.
_SETTERS = (
    "openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "scipy_openblas_set_num_threads64_",
)


def one_thread() -> int:
    """Let each OpenBLAS that is loaded use one thread; return how many there are.

    Its threads wait by spinning: on a machine of two cores that does something else, a
    receiver took five times the CPU time. Elsewhere than on Linux nothing happens, and
    ``OMP_NUM_THREADS=1`` does it.
    """
    found = 0
    for path in _openblas():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for name in _SETTERS:
            setter = getattr(library, name, None)
            if setter is not None:
                setter(1)
                found += 1
                break
    return found


def _openblas() -> list[str]:
    """Return the files of what is loaded under such a name."""
    try:
        lines = _MAPPED.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    names = {line.split(maxsplit=5)[5] for line in lines if line.count("/") > 0}
    return sorted(name for name in names if re.search(r"blas[^/]*\.so", name))
