"""What a run folder holds, and how its files are written and read back."""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files import atomic_path, write_text
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
ESTIMATION_COLUMNS = (
    "estimator",
    "snr_db",
    "nmse_db",
    "nmse_low_db",
    "nmse_high_db",
    "err_var_db",
    "num_channels",
)


def write_csv(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Write ``columns`` of ``rows``; numbers round-trip, minus infinity is ``-inf``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({c: _number(c, row[c]) for c in columns})
    write_text(path, text.getvalue())


def _number(column: str, value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    # What is measured with a few digits is not written with seventeen.
    return f"{value:.3f}" if column == "cpu_seconds" else f"{value:.6g}"


def save_state(path: Path, tally: Tally, waiting: Iterable[Block] = ()) -> None:
    """Write ``tally``, and batches that wait for their turn, in one step."""
    arrays = asdict(tally)
    for block in waiting:
        arrays |= {f"{block.batch}/{k}": v for k, v in asdict(block).items()}
    with atomic_path(path) as temporary:
        np.savez(temporary, **arrays)


def load_state(path: Path) -> tuple[Tally, list[Block]]:
    """Read what :func:`save_state` wrote.

    Raises
    ------
    ValueError
        If the file is damaged, or of a version that counted something else.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            tally = {field.name: file[field.name] for field in fields(Tally)}
            batches = {name.split("/")[0] for name in file.files if "/" in name}
            blocks = [
                {field.name: file[f"{b}/{field.name}"] for field in fields(Block)}
                for b in sorted(batches, key=int)
            ]
    except OSError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise several kinds
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path} is damaged ({reason}); remove it to begin anew."
        ) from error
    waiting = [Block(int(block.pop("batch")), **block) for block in blocks]
    return Tally(int(tally.pop("num_batches")), **tally), waiting


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write ``values`` as indented JSON."""
    write_text(path, json.dumps(values, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read JSON; ValueError names a damaged file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON: {error}.") from error
