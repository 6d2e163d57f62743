"""What a sweep counts, where, and what is read off it."""

import re
from typing import Annotated

from pydantic import Field

from commgen._settings import Float, Settings

TRIALS, ERRORS = "trials", "errors"
BLOCKS = "blocks"


class Axis(Settings):
    """What changes from point to point.

    Parameters
    ----------
    name
        Of its columns, such as ``snr``.
    label
        In pictures and tables.
    unit
        Also the end of a column's name: ``snr_db``. Empty for a plain number.
    """

    name: str = "snr"
    label: str = "SNR"
    unit: str = "dB"

    def column(self, what: str = "", *, name: str | None = None) -> str:
        """Return the name of a column: ``snr_db``, ``snr_at_db``, ``gain_db``."""
        unit = re.sub(r"\W+", "_", self.unit).lower()
        return "_".join(part for part in (name or self.name, what, unit) if part)

    @property
    def title(self) -> str:
        """Label with unit."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label


class Rate(Settings):
    """One event over another, of which a target may be asked.

    Parameters
    ----------
    name
        Of its column.
    label
        In pictures.
    top, bottom
        Names of events; ``bottom`` may also be ``"blocks"``, the blocks of all trials.
    falls
        Whether it falls along the axis, as an error rate does: it is then drawn and
        interpolated on a logarithmic scale.
    is_share
        Whether it cannot be above one, nor can the ends of its interval.
    """

    name: str = "bler"
    label: str = "block error rate"
    top: str = ERRORS
    bottom: str = BLOCKS
    falls: bool = True
    is_share: bool = True


class Level(Settings):
    """Ratio of two powers, summed over trials, in decibels.

    Parameters
    ----------
    name
        Of its columns, and of its :class:`~commgen.measures.intervals.RatioSums` in
        ``Tally.sums``.
    label
        In pictures.
    promised
        Name of the column of what was promised for it, if anything was.
    promised_sum
        Name of the sum of the promised numerators in ``Tally.sums``.
    """

    name: str
    label: str
    promised: str = ""
    promised_sum: str = ""


BLER = Rate()


class Layout(Settings):
    """Curves over points, and the events that are counted at each.

    It stands in the card of a run, so that a folder can be drawn and compared by who
    knows nothing of what was run.

    Parameters
    ----------
    curves
        Their names; the first one is the reference of gains.
    points
        Values of the axis, ascending.
    events
        What is counted in each trial; the first two are the trials themselves and the
        wrong blocks.
    rates
        What is read off the curves; the first one decides when a point rests.
    levels
        Further results, in decibels.
    curve
        What a curve is: the name of the column of curves.
    axis
        What a point is.
    """

    curves: Annotated[tuple[str, ...], Field(min_length=1)]
    points: Annotated[tuple[Float, ...], Field(min_length=1)]
    events: tuple[str, ...] = (TRIALS, ERRORS)
    rates: tuple[Rate, ...] = (BLER,)
    levels: tuple[Level, ...] = ()
    curve: str = "curve"
    axis: Axis = Axis()

    def event(self, name: str) -> int:
        """Return the number of an event; blocks are those of the trials."""
        return self.events.index(TRIALS if name == BLOCKS else name)

    def rate(self, name: str) -> Rate:
        """Return a rate by name; ValueError says which there are."""
        for rate in self.rates:
            if rate.name == name:
                return rate
        known = " or ".join(rate.name for rate in self.rates)
        raise ValueError(f"measure must be {known}, got {name!r}.")

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of :func:`~commgen.montecarlo.rows.result_rows`."""
        rates = [(r.name, f"{r.name}_low", f"{r.name}_high") for r in self.rates]
        levels = [(f"{v.name}_db", *_interval(v), *_promise(v)) for v in self.levels]
        names = [name for group in rates + levels for name in group]
        return (
            self.curve,
            self.axis.column(),
            *names,
            "num_blocks",
            "num_trials",
            "cpu_seconds",
        )

    @property
    def reading_columns(self) -> tuple[str, ...]:
        """Columns of :func:`~commgen.montecarlo.readings.readings`."""
        axis = self.axis
        return (
            "measure",
            "target",
            self.curve,
            *(axis.column(what) for what in ("at", "low", "high")),
            *(axis.column(what, name="gain") for what in ("", "low", "high")),
        )


def _interval(level: Level) -> tuple[str, str]:
    return f"{level.name}_low_db", f"{level.name}_high_db"


def _promise(level: Level) -> tuple[str, ...]:
    return (f"{level.promised}_db",) if level.promised else ()
