"""A run as it goes on, on the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import numpy as np
from rich.live import Live
from rich.table import Table

from commgen._console import plain_console
from commgen.sdr.live.session import Session

_EVERY_S = 0.25


@contextmanager
def live_table(title: str) -> Iterator[Callable[[Session], None]]:
    """Yield a function that shows a session as it is.

    On standard error, and only where that is a terminal.

    Parameters
    ----------
    title
        What runs.
    """
    console = plain_console(stderr=True)
    if not console.is_terminal:
        yield lambda session: None
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        shown = 0.0

        def show(session: Session) -> None:
            nonlocal shown
            if monotonic() - shown >= _EVERY_S:
                shown = monotonic()
                live.update(table_of(session, title), refresh=True)

        yield show


def table_of(session: Session, title: str) -> Table:
    """Return what is known of a session, of the last second and in all."""
    table = Table(title=title, show_header=True)
    for name in ("", "last second", "so far"):
        table.add_column(name, justify="right" if name else "left")
    now, total = session.timeline.latest.row(), session.row()
    table.add_row("frames decoded", str(now["decoded"]), str(total["decoded"]))
    table.add_row("failed", str(now["failed"]), str(total["failed"]))
    table.add_row("lost", "", str(total["lost"]))
    for name, label, form in (
        ("bler", "BLER", ".4f"),
        ("ber", "BER", ".2e"),
        ("snr_db", "SNR [dB]", ".1f"),
        ("evm_db", "EVM [dB]", ".1f"),
        ("cfo_hz", "CFO [Hz]", ".0f"),
    ):
        table.add_row(label, _text(now[name], form), _text(total[name], form))
    table.add_row(
        "stream [s]", "", f"{session.num_samples / session.sample_rate_hz:.1f}"
    )
    cpu = session.cpu_s / session.wall_s if session.wall_s else np.nan
    table.add_row("CPU [cores]", "", _text(cpu, ".2f"))
    table.add_row("real-time factor", "", _text(session.real_time_factor, ".3f"))
    table.add_row("memory [MB]", "", _text(session.memory_mb, ".0f"))
    return table


def _text(value: float, form: str) -> str:
    return "-" if np.isnan(value) else f"{value:{form}}"
