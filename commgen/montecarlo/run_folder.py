"""What a run folder holds of its counts, and how it is written and read back."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from commgen._files.npz import read_npz, write_npz
from commgen.montecarlo.counts import CountedBatch
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.origin import Origin
from commgen.montecarlo.state_checks import check_batch, check_tally
from commgen.montecarlo.tally import Tally

_ORIGIN, _CHECKSUM = "origin", "checksum"


class State(NamedTuple):
    """What was counted, batches that wait for their turn, and whose counts these are.

    The origin is None for a file of before it was kept.
    """

    tally: Tally
    waiting: list[CountedBatch]
    origin: Origin | None


def save_state(
    path: Path,
    tally: Tally,
    waiting: Iterable[CountedBatch] = (),
    origin: Origin | None = None,
    *,
    synced: bool = True,
) -> None:
    """Write ``tally``, and batches that wait for their turn, in one step.

    ``synced`` is that of :func:`~commgen._files.whole.atomic_path`.
    """
    arrays = _flat(tally)
    for batch in waiting:
        arrays |= {f"{batch.batch}/{name}": v for name, v in _flat(batch).items()}
    if origin is not None:
        arrays[_ORIGIN] = origin.dump()
        arrays[_CHECKSUM] = _checksum(arrays)
    write_npz(path, arrays, synced=synced)


def load_state(path: Path, layout: Layout | None = None) -> State:
    """Read what :func:`save_state` wrote.

    Batches that do not sum what the tally sums, as an older version left them, are
    left out: they are computed again.

    Parameters
    ----------
    path
        The file.
    layout
        What was counted; where None, only what the file says of itself is checked.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If the file is damaged, or of a version that counted something else.
    """
    try:
        return _state(read_npz(path), layout)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            f"{path} is damaged ({reason}); remove it to begin anew."
        ) from error


def _state(file: dict[str, np.ndarray], layout: Layout | None) -> State:
    origin = None
    if _ORIGIN in file:
        checksum = file.pop(_CHECKSUM)
        if str(checksum) != _checksum(file):
            raise ValueError("it has another checksum than its arrays")
        origin = Origin.parse(str(file.pop(_ORIGIN)))
    own = {name: value for name, value in file.items() if "/" not in name}
    tally = _unflatten(Tally, own)
    check_tally(tally, layout)
    tally.num_batches = int(tally.num_batches)
    waiting = []
    for number in sorted({int(name.split("/")[0]) for name in file if "/" in name}):
        prefix = f"{number}/"
        of_it = {k.removeprefix(prefix): file[k] for k in file if k.startswith(prefix)}
        batch = _unflatten(CountedBatch, {**of_it, "batch": number})
        if batch.sums.keys() == tally.sums.keys():
            check_batch(batch, tally)
            waiting.append(batch)
    return State(tally, waiting, origin)


def _checksum(arrays: Mapping[str, Any]) -> str:
    """Return the SHA-256 of arrays with their names, types and shapes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.asarray(arrays[name])
        digest.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _flat(counted: Tally | CountedBatch) -> dict[str, Any]:
    values = asdict(counted)
    return values.pop("sums") | values


def _unflatten(cls: Any, arrays: dict[str, Any]) -> Any:
    names = [field.name for field in fields(cls) if field.name != "sums"]
    known = {name: arrays[name] for name in names}
    sums = {name: value for name, value in arrays.items() if name not in names}
    return cls(**known, sums=sums)
