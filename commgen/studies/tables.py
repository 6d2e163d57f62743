"""What the tables of all benchmarks share: goals beside results, and CSV files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commgen._files.tables import write_csv

Rows = list[dict[str, Any]]


class Asked:
    """What was asked of a method, beside what was measured, and whether it is met."""

    def __init__(self) -> None:
        self.rows: Rows = []

    def __call__(self, what: str, asked: str, measured: str, met: bool) -> None:
        """Add a row of ``what``, ``asked``, ``measured`` and ``met``."""
        self.rows.append(
            {"what": what, "asked": asked, "measured": measured, "met": met}
        )


def save_tables(folder: Path, tables: Mapping[str, Rows]) -> None:
    """Write each table that has rows as ``NAME.csv``."""
    for name, rows in tables.items():
        if rows:
            write_csv(folder / f"{name}.csv", rows)
