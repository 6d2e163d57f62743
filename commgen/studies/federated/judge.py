"""Errors of models cell by cell, and by how much one is worse than another."""

from typing import Any, NamedTuple

import numpy as np

from commgen._random import complex_normal
from commgen.generative.chunks import ChunkedDenoiser
from commgen.measures.decibel import noise_variance
from commgen.studies.federated.cells import Cell
from commgen.studies.nmse import SNR_DB

_RESAMPLES = 1000


class Gap(NamedTuple):
    """A difference of NMSE, mean over all SNRs [dB], and its 95 % interval."""

    db: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """As tables print it."""
        return f"{self.db:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


class Judge:
    """Measures a model on the channels of cells, always in the same noise.

    Parameters
    ----------
    model
        :class:`~commgen.generative.Prior`, whose weights may change between calls, or
        its :class:`~commgen.generative.chunks.ChunkedDenoiser`.
    cells
        Cells.
    part
        Channels that it is judged by: "test", or "validation" where one chooses.
    seed
        Of the noise.
    """

    def __init__(self, model: Any, cells: list[Cell], part: str, *, seed: int):
        made = isinstance(model, ChunkedDenoiser)
        self._denoise = model if made else ChunkedDenoiser(model)
        self._channels = [getattr(cell, part) for cell in cells]
        self._seed = seed

    def errors(self, index: int) -> np.ndarray:
        """Return |h_hat - h|^2 of a cell's channels over their power, [num_snr, n]."""
        h = self._channels[index]
        noise = complex_normal(np.random.default_rng([self._seed, index]), h.shape)
        rows = []
        for snr_db in SNR_DB:
            no = noise_variance(float(snr_db))
            h_hat, _ = self._denoise(h + np.float32(no**0.5) * noise, no)
            rows.append(_power(h_hat - h))
        return np.array(rows) / _power(h).sum()

    def all_errors(self) -> list[np.ndarray]:
        """Return :meth:`errors` of each cell."""
        return [self.errors(i) for i in range(len(self._channels))]

    def nmse_db(self, index: int) -> float:
        """Return a cell's NMSE, mean over all SNRs [dB]."""
        return mean_db(self.errors(index))


def mean_db(errors: np.ndarray) -> float:
    """Return the NMSE of errors [num_snr, n], mean over SNRs [dB]."""
    return float(np.mean(10 * np.log10(errors.sum(axis=1))))


def gap(
    errors: np.ndarray,
    other: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    seed: int = 0,
) -> Gap:
    """Return by how much the first errors are worse, with a paired interval.

    The interval is a percentile bootstrap over channels, or over groups of channels
    that are near-copies.

    Parameters
    ----------
    errors, other : [num_snr, n], float
        Of the same channels in the same noise.
    groups : [n], int, or None
        Group of each channel.
    seed
        Of the bootstrap.
    """
    labels = np.arange(errors.shape[1]) if groups is None else groups
    index = np.unique(labels, return_inverse=True)[1]
    own, others = (_grouped(part, index) for part in (errors, other))
    n = own.shape[1]
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES).astype(float)
    spread = _mean_ratio_db(own @ drawn.T, others @ drawn.T)
    low, high = np.quantile(spread, (0.025, 0.975))
    value = _mean_ratio_db(own.sum(axis=1), others.sum(axis=1))
    return Gap(float(value), float(low), float(high))


def pooled_gap(errors: list[np.ndarray], other: list[np.ndarray]) -> Gap:
    """Return :func:`gap` over the channels of all cells, each cell with equal power."""
    return gap(np.concatenate(errors, axis=1), np.concatenate(other, axis=1))


def worst_gap(errors: list[np.ndarray], other: list[np.ndarray]) -> tuple[int, Gap]:
    """Return the cell in which the first errors are worst, and the gap there."""
    gaps = [gap(own, others) for own, others in zip(errors, other, strict=True)]
    worst = int(np.argmax([g.db for g in gaps]))
    return worst, gaps[worst]


def _grouped(errors: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.array([np.bincount(index, row) for row in errors])


def _mean_ratio_db(own: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.asarray(np.mean(10 * np.log10(own / others), axis=0))


def _power(x: np.ndarray) -> np.ndarray:
    power = np.abs(x.reshape(len(x), -1)) ** 2
    return power.sum(axis=1, dtype=np.float64)
