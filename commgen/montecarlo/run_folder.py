"""What a run folder holds of its counts, and how it is written and read back."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from commgen._npz import read_npz, write_npz
from commgen.montecarlo.counts import CountedBatch
from commgen.montecarlo.tally import Tally


def save_state(
    path: Path,
    tally: Tally,
    waiting: Iterable[CountedBatch] = (),
    *,
    synced: bool = True,
) -> None:
    """Write ``tally``, and batches that wait for their turn, in one step.

    ``synced`` is that of :func:`~commgen._files.atomic_path`.
    """
    arrays = _flat(tally)
    for batch in waiting:
        arrays |= {f"{batch.batch}/{name}": v for name, v in _flat(batch).items()}
    write_npz(path, arrays, synced=synced)


def load_state(path: Path) -> tuple[Tally, list[CountedBatch]]:
    """Read what :func:`save_state` wrote.

    Batches that do not sum what the tally sums, as an older version left them, are
    left out: they are computed again.

    Raises
    ------
    ValueError
        If the file is damaged, or of a version that counted something else.
    """
    try:
        file = read_npz(path)
        own = {name: value for name, value in file.items() if "/" not in name}
        tally = _unflatten(Tally, own)
        tally.num_batches = int(tally.num_batches)
        batches = {name.split("/")[0] for name in file if "/" in name}
        waiting = []
        for number in sorted(batches, key=int):
            prefix = f"{number}/"
            of_it = {
                k.removeprefix(prefix): file[k] for k in file if k.startswith(prefix)
            }
            batch = _unflatten(CountedBatch, {**of_it, "batch": int(number)})
            if batch.sums.keys() == tally.sums.keys():
                waiting.append(batch)
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); remove it to begin anew."
        ) from error
    return tally, waiting


def _flat(counted: Tally | CountedBatch) -> dict[str, Any]:
    values = asdict(counted)
    return values.pop("sums") | values


def _unflatten(cls: Any, arrays: dict[str, Any]) -> Any:
    names = [field.name for field in fields(cls) if field.name != "sums"]
    known = {name: arrays[name] for name in names}
    sums = {name: value for name, value in arrays.items() if name not in names}
    return cls(**known, sums=sums)
