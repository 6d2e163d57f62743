"""Bursts of interference: a few carriers for a few symbols, louder than the signal."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.measures.decibel import from_db


@dataclass(frozen=True)
class Bursts:
    """One rectangle of Gaussian interference in a frame, or none.

    Parameters
    ----------
    num_carriers, num_symbols
        Least and greatest size in subcarriers and OFDM symbols; all sizes and all
        places where they fit are equally likely.
    power_db
        Least and greatest mean power over a signal of unit power [dB], uniform in dB.
    over
        What it is over: the signal on one ``"element"``, or the whole ``"signal"``, all
        subcarriers together: a burst on 5 of 72 then is 11.6 dB stronger on each.
    probability
        Share of the frames that have a burst.

    Raises
    ------
    ValueError
        If a range runs backwards, or the probability is outside 0..1.
    """

    num_carriers: tuple[int, int] = (3, 8)
    num_symbols: tuple[int, int] = (3, 15)
    power_db: tuple[float, float] = (0.0, 10.0)
    probability: float = 1.0
    over: Literal["element", "signal"] = "element"

    def __post_init__(self):
        for name in ("num_carriers", "num_symbols", "power_db"):
            low, high = getattr(self, name)
            if not low <= high:
                raise ValueError(f"{name} must be ascending, got {[low, high]}.")
        for name in ("num_carriers", "num_symbols"):
            check_int(name, getattr(self, name)[0], low=1)
            check_int(name, getattr(self, name)[1], low=1)
        if self.over not in ("element", "signal"):
            raise ValueError(f"over must be element or signal, got {self.over!r}.")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be 0..1, got {self.probability}.")

    def draw(self, n: int, shape: tuple[int, int], *, seed) -> np.ndarray:
        """Draw the interference of ``n`` frames, to be added to their grids.

        Parameters
        ----------
        n
            Frames.
        shape
            OFDM symbols and effective subcarriers. A preamble counts as a symbol: draw
            15 rows for a frame of 14 with one in front, and leave the first row out
            where only the slot is looked at.
        seed
            Whatever ``numpy.random.default_rng`` takes, a generator too.

        Returns
        -------
        [n, *shape], complex64
            Zero outside the bursts.

        Raises
        ------
        ValueError
            If the largest burst does not fit.
        """
        num_rows, num_columns = shape
        if self.num_symbols[1] > num_rows or self.num_carriers[1] > num_columns:
            raise ValueError(
                f"shape must hold bursts of {self.num_symbols[1]} symbols and "
                f"{self.num_carriers[1]} carriers, got {list(shape)}."
            )
        rng = np.random.default_rng(seed)
        symbols = _span(rng, n, self.num_symbols, num_rows)[:, :, None]
        carriers = _span(rng, n, self.num_carriers, num_columns)[:, None]
        inside = symbols & carriers & (rng.random((n, 1, 1)) < self.probability)
        power = from_db(rng.uniform(*self.power_db, (n, 1, 1)))
        if self.over == "signal":
            power = power * num_columns / carriers.sum(2, keepdims=True)
        scale = np.where(inside, np.sqrt(power), 0).astype(np.float32)
        return scale * complex_normal(rng, (n, *shape))


def _span(rng, n, sizes, total) -> np.ndarray:
    """Draw a run of places for each of ``n``, [n, total], bool."""
    size = rng.integers(sizes[0], sizes[1] + 1, n)
    first = rng.integers(0, total - size + 1)
    place = np.arange(total)
    return (place >= first[:, None]) & (place < (first + size)[:, None])
