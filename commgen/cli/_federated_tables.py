"""Tables of federated runs, one of which grows while a run goes on."""

from typing import Any

from rich import box
from rich.live import Live
from rich.table import Table

from commgen._console import plain_console

Row = dict[str, Any]
_SHOWN = 16
_HEADS = ("step", "loss", "valid.", "own dB", "all dB", "MB up", "down", "s")
_NODE_HEADS = ("n", "nats", "global", "adapted", "epochs", "answers")


class LiveRounds:
    """Shows the questions of a run, the last of them, while they are answered.

    Parameters
    ----------
    total
        Rounds of training, where there are any.
    """

    def __init__(self, total: int | None):
        self._total = total
        self._rows: list[Row] = []
        console = plain_console(stderr=True)
        self._live = Live(console=console, auto_refresh=False, transient=False)

    def __enter__(self) -> "LiveRounds":
        """Take a part of the screen."""
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        """Leave the table there."""
        self._live.__exit__(*error)
        if self._rows and not self._live.console.is_terminal:
            self._live.console.line()

    def add(self, row: Row) -> None:
        """Show one more row."""
        self._rows.append(row)
        if self._live.is_started:
            self._live.update(self.table(), refresh=self._live.console.is_terminal)

    def table(self) -> Table:
        """Lay the last rows out."""
        table = _table("Questions to the nodes", ("asked", *_HEADS, "bad", "late"))
        for row in self._rows[-_SHOWN:]:
            step = str(row["step"])
            if row["what"] == "train" and self._total:
                step += f"/{self._total}"
            table.add_row(
                row["what"],
                step,
                *(_number(row[k], ".4g") for k in ("loss", "val_loss")),
                *(_number(row[k], ".2f") for k in ("nmse_own_db", "nmse_all_db")),
                *(f"{row[k] / 1e6:.2f}" for k in ("bytes_up", "bytes_down")),
                f"{row['seconds']:.1f}",
                *(str(row[k] or "") for k in ("refused", "late")),
            )
        return table


def node_table(rows: list[Row]) -> Table:
    """Lay out what became of each node."""
    local = any("local" in row for row in rows)
    heads = (*_NODE_HEADS, *(("local",) if local else ()), "refused", "late")
    table = _table(
        "NMSE of test channels, mean over -10 to 20 dB [dB]", ("node", *heads)
    )
    for row in rows:
        table.add_row(
            row["node"] + (" (absent)" if row["absent"] else ""),
            str(row["num_channels"]),
            _number(row["divergence"], ".2f"),
            *(_number(row.get(key), ".2f") for key in ("global", "adapted")),
            _number(row.get("adapted_epochs"), ".0f"),
            str(row["answers"]),
            *((_number(row.get("local"), ".2f"),) if local else ()),
            *(str(row[key] or "") for key in ("refused", "late")),
        )
    return table


def comparison_table(rows: list[Row]) -> Table:
    """Lay out how well runs serve each node."""
    heads = ("node", "global dB", "adapted", "gain global", "adapted", "MB up")
    table = _table("Mean NMSE over -10 to 20 dB, and gain over the first run", heads)
    for i, row in enumerate(rows):
        if i and rows[i - 1]["run"] != row["run"]:
            table.add_section()
        if not i or rows[i - 1]["run"] != row["run"]:
            table.add_row(row["run"])
        table.add_row(
            row["node"],
            *(_number(row[key], ".2f") for key in ("global", "adapted")),
            *(_number(row[f"gain_{key}"], "+.2f") for key in ("global", "adapted")),
            f"{row['mb_up']:.3g}",
        )
    return table


def plan_tables(plan: Any) -> list[Table]:
    """Lay out what a run will cost."""
    table = _table("Expected cost", ("", "rounds", "MB up", "MB down", "CPU h"))
    for part in plan:
        table.add_row(
            part.name,
            str(part.rounds),
            f"{part.bytes_up / 1e6:.3g}",
            f"{part.bytes_down / 1e6:.3g}",
            f"{part.cpu_hours:.2g}",
        )
    return [table]


def _number(value: Any, form: str) -> str:
    missing = value is None or value == "" or value != value
    return "" if missing else f"{value:{form}}"


def _table(title: str, heads: Any) -> Table:
    table = Table(
        title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i else "left", no_wrap=i > 0)
    return table
