"""Tables as CSV files, written in one step."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from commgen._files.whole import write_text


def write_csv(
    path: Path,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
) -> None:
    """Write rows; numbers keep six digits, minus infinity is ``-inf``.

    Parameters
    ----------
    path
        The file.
    rows
        Column to value; a column that a row lacks stays empty.
    columns
        Those to write, which every row must have; without it all, in the order in which
        they first come.

    Raises
    ------
    KeyError
        If a row lacks one of ``columns``.
    """
    if columns is not None:
        rows = [{name: row[name] for name in columns} for row in rows]
    else:
        columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _text(name, value) for name, value in row.items()})
    write_text(path, text.getvalue())


def _text(column: str, value: Any) -> Any:
    if not isinstance(value, float):
        return value
    # What is measured with a few digits is not written with more.
    return f"{value:.3f}" if column == "cpu_seconds" else f"{value:.6g}"


ESTIMATION_COLUMNS = (
    "estimator",
    "snr_db",
    "nmse_db",
    "nmse_low_db",
    "nmse_high_db",
    "err_var_db",
    "num_channels",
)
