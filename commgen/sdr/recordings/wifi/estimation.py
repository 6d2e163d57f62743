"""The channel from long training symbols: least squares, fewer taps, LMMSE."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np

from commgen.frame.interpolation import dft_weights
from commgen.sdr.recordings.wifi.grid import FFT_SIZE, Grid


class Estimator(Protocol):
    """Turns least-squares values into a channel and its error."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def num_refinements(self) -> int:
        """How often a packet with a wrong FCS is decoded again, data as training."""
        ...

    def __call__(
        self, h_ls, err_var: float, grid: Grid
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return channel [n], complex, and error variance [n].

        Parameters
        ----------
        h_ls : [n], complex
            Least squares on all subcarriers of the grid.
        err_var
            Its error variance.
        grid
            The subcarriers.
        """
        ...


@dataclass(frozen=True)
class LeastSquares:
    """Each subcarrier by itself."""

    name: str = "ls"
    num_refinements: int = 0

    def __call__(self, h_ls, err_var: float, grid: Grid):
        """As of :class:`Estimator`."""
        return h_ls, np.full(len(h_ls), err_var)


@dataclass(frozen=True)
class FittedTaps:
    """Least squares of a few taps (van de Beek et al., VTC 1995).

    Parameters
    ----------
    num_taps
        At the sampling times, from the first sample of the FFT window on.
    """

    num_taps: int = 10
    name: str = "taps"
    num_refinements: int = 0

    def __call__(self, h_ls, err_var: float, grid: Grid):
        """As of :class:`Estimator`."""
        W = _tap_weights(grid, self.num_taps)
        return W @ h_ls, err_var * np.sum(np.abs(W) ** 2, axis=1)


@dataclass(frozen=True)
class ExponentialLmmse:
    r"""LMMSE for a profile that decays on both sides of the strongest tap.

    .. math:: \hat h = R (R + \sigma^2 I)^{-1} \hat h_{LS}, \quad
        R_{kl} = p \sum_d e^{-|d - d_0| / \tau} e^{-j 2 \pi (k - l) d / 64}

    where p is the power that least squares sees, less its error. Filters of both ends
    spread a tap to both sides of the sample at which the window was put.

    Parameters
    ----------
    decay
        The tau, in samples.
    peak
        The d_0: how many samples behind the window's beginning.
    """

    decay: float = 1.0
    peak: int = 4
    name: str = "lmmse"
    num_refinements: int = 0

    def __call__(self, h_ls, err_var: float, grid: Grid):
        """As of :class:`Estimator`."""
        power = max(float(np.mean(np.abs(h_ls) ** 2)) - err_var, 1e-12 + 0.1 * err_var)
        R = power * _exponential(grid, self.decay, self.peak)
        W = np.linalg.solve(R + err_var * np.eye(len(R)), R).conj().T
        error = np.real(np.diag(R) - np.einsum("ij,ji->i", W, R))
        return W @ h_ls, np.maximum(error, 0)


@lru_cache
def _tap_weights(grid: Grid, num_taps: int) -> np.ndarray:
    k = grid.carriers
    return dft_weights(k, k, FFT_SIZE, num_taps - 1).T


@lru_cache
def _exponential(grid: Grid, decay: float, peak: int) -> np.ndarray:
    d = np.arange(-12, 24)
    profile = np.exp(-np.abs(d - peak) / decay)
    F = np.exp(-2j * np.pi / FFT_SIZE * np.outer(grid.carriers, d))
    return (F * (profile / profile.sum())) @ F.conj().T


#: The first pass as :class:`ExponentialLmmse`, then with all that was decoded.
BEST = ExponentialLmmse(name="data-aided", num_refinements=1)
ESTIMATORS: dict[str, Estimator] = {
    e.name: e for e in (LeastSquares(), FittedTaps(), ExponentialLmmse(), BEST)
}


def find_estimator(name: str) -> Estimator:
    """Return an estimator by its name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in ESTIMATORS:
        told = ", ".join(ESTIMATORS)
        raise ValueError(f"estimator must be one of {told}, got {name!r}.")
    return ESTIMATORS[name]
