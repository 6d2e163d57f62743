"""Tables of rows on the screen."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from commgen._console import plain_console

Rows = list[dict[str, Any]]
_WIDTH_OF_FILES = 120


def table_console() -> Console:
    """Return a console for wide tables: what is no screen has room."""
    console = plain_console()
    return console if console.is_terminal else plain_console(width=_WIDTH_OF_FILES)


def plain_table(title: str, rows: Rows) -> Table:
    """Lay rows out as they are: a column for each key."""
    table = _empty(title)
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    return table


def interval_table(title: str, rows: Rows) -> Table:
    """Lay rows out with the ends of an interval behind its value; "-" for none."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    shown = [n for n in names if not {"low", "high"} & set(n.split("_"))]
    table = _empty(title)
    for name in shown:
        table.add_column(name.replace("_", " "), no_wrap=True)
    for row in rows:
        table.add_row(*(_with_ends(row, name) for name in shown))
    return table


def estimator_table(title: str, rows: Rows, *, promised: bool = False) -> Table:
    """Lay the NMSE of each estimator out over SNR, with what its regions cover.

    ``promised`` adds by how much ``err_var_db`` is off at worst.
    """
    snrs = list(dict.fromkeys(row["snr_db"] for row in rows))
    covered = any("coverage_90" in row for row in rows) or not promised
    table = _empty(
        f"{title}: NMSE in dB{' (covered by 90 % regions, %)' if covered else ''}"
    )
    table.add_column("estimator", no_wrap=True)
    for snr in snrs:
        table.add_column(f"{snr:g} dB", justify="right")
    for name in ("promise off", "ms") if promised else ("ms",):
        table.add_column(name, justify="right")
    for name in dict.fromkeys(row["estimator"] for row in rows):
        own = [row for row in rows if row["estimator"] == name]
        by_snr = {row["snr_db"]: row for row in own}
        cells = [_nmse(by_snr[snr]) if snr in by_snr else "-" for snr in snrs]
        if promised:
            cells.append(_off(own))
        cost = own[0].get("cpu_ms")
        table.add_row(name, *cells, "-" if cost is None else f"{cost:.3f}")
    return table


def _empty(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _nmse(row: dict[str, Any]) -> str:
    covered = row.get("coverage_90")
    more = "" if covered is None else f" ({100 * covered:.0f})"
    return f"{row['nmse_db']:.2f}{more}"


def _off(rows: Rows) -> str:
    off = [row["err_var_db"] - row["nmse_db"] for row in rows if "err_var_db" in row]
    off = [value for value in off if value == value]  # NaN where nothing is promised
    return f"{max(off, key=abs):+.2f}" if off else "-"


def _with_ends(row: dict[str, Any], name: str) -> str:
    if row.get(name) is None or row[name] != row[name]:
        return "-"
    stem, _, unit = name.rpartition("_")
    for low in (f"{name}_low", f"{stem}_low_{unit}", f"{stem}_low"):
        if row.get(low) is not None:
            high = low.replace("_low", "_high")
            return f"{_text(row[name])} ({_text(row[low])} to {_text(row[high])})"
    return _text(row[name])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
