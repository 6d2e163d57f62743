"""What a run folder holds, and how its files are written and read back."""

from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path

from commgen._npz import read_npz, write_npz
from commgen.phy.counts import Block
from commgen.phy.tally import Tally

RESULT_COLUMNS = (
    "estimator",
    "snr_db",
    "ber",
    "bler",
    "bler_low",
    "bler_high",
    "nmse_db",
    "num_blocks",
    "cpu_seconds",
)
THROUGHPUT_COLUMNS = ("throughput", "throughput_low", "throughput_high")
READING_COLUMNS = (
    "measure",
    "target",
    "estimator",
    "snr_at_db",
    "snr_low_db",
    "snr_high_db",
    "gain_db",
    "gain_low_db",
    "gain_high_db",
)


def save_state(path: Path, tally: Tally, waiting: Iterable[Block] = ()) -> None:
    """Write ``tally``, and batches that wait for their turn, in one step."""
    arrays = asdict(tally)
    for block in waiting:
        arrays |= {f"{block.batch}/{k}": v for k, v in asdict(block).items()}
    write_npz(path, arrays)


def load_state(path: Path) -> tuple[Tally, list[Block]]:
    """Read what :func:`save_state` wrote.

    Raises
    ------
    ValueError
        If the file is damaged, or of a version that counted something else.
    """
    try:
        file = read_npz(path)
        tally = {field.name: file[field.name] for field in fields(Tally)}
        batches = {name.split("/")[0] for name in file if "/" in name}
        blocks = [
            {field.name: file[f"{b}/{field.name}"] for field in fields(Block)}
            for b in sorted(batches, key=int)
        ]
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); remove it to begin anew."
        ) from error
    waiting = [Block(int(block.pop("batch")), **block) for block in blocks]
    return Tally(int(tally.pop("num_batches")), **tally), waiting
