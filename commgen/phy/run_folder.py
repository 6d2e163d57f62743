"""What a run folder holds, and how its files are written and read back."""

import csv
import io
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files import atomic_path, write_text
from commgen.phy.monte_carlo import Tally

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


def save_tally(path: Path, tally: Tally) -> None:
    """Write ``tally`` in one step."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **asdict(tally))


def load_tally(path: Path) -> Tally:
    """Read what :func:`save_tally` wrote.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    names = [field.name for field in fields(Tally)]
    try:
        with np.load(path, allow_pickle=False) as file:
            values = {name: file[name] for name in names}
    except OSError:
        raise
    except Exception as error:  # zipfile, zlib and numpy raise several kinds
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{path} is damaged ({reason}); remove it to begin anew."
        ) from error
    return Tally(int(values.pop("num_batches")), **values)


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write ``values`` as indented JSON."""
    write_text(path, json.dumps(values, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read JSON; ValueError names a damaged file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON: {error}.") from error
