"""The one progress bar that all rooms share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from commgen._console import plain_console


class Advance(Protocol):
    """Moves a bar on by ``steps``; ``note`` (such as a loss) replaces the last one."""

    def __call__(self, steps: float = 1, note: str | None = None) -> None:
        """Move the bar."""
        ...


class _Rate(ProgressColumn):
    """Steps a second, of the whole run once it has ended."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        super().__init__(table_column=Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if speed is None:
            return Text("")
        figures = ",.0f" if speed >= 10 else ".2f"
        return Text(f"{speed:{figures}} {self._unit}/s")


@contextmanager
def progress_bar(
    description: str,
    total: float | None,
    *,
    unit: str = "steps",
    enabled: bool = True,
) -> Iterator[Advance]:
    """Show description, bar, rate, time spent and time left on standard error.

    Where standard error is not a terminal only the final line is printed.

    Parameters
    ----------
    description
        What is going on, a few words.
    total
        Steps to go, None where nobody knows.
    unit
        What a step is, in the plural: "samples", "batches".
    enabled
        False yields the same function and prints nothing.

    Yields
    ------
    advance
        Call ``advance(steps)``, or ``advance(steps, note="loss 0.12")``.

    Examples
    --------
    >>> with progress_bar("fitting", 3, enabled=False) as advance:
    ...     for step in range(3):
    ...         advance(1, note=f"loss {1 / (step + 1):.2f}")
    """
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        _Rate(unit),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=plain_console(stderr=True),
        disable=not enabled,
    )
    with bar:
        task = bar.add_task(description, total=total, note="")

        def advance(steps: float = 1, note: str | None = None) -> None:
            if note is None:
                bar.update(task, advance=steps)
            else:
                bar.update(task, advance=steps, note=note)

        yield advance
