"""The channel that training symbols show, and soft bits of what comes behind them."""

from dataclasses import dataclass

import numpy as np

from commgen.measures import to_db
from commgen.sdr.recordings.wifi.estimation import Estimator
from commgen.sdr.recordings.wifi.grid import HT, LEGACY, Grid, symbols
from commgen.sdr.recordings.wifi.tracking import follow

# Between the middle of the training and the next symbol's, in symbols.
_LEGACY_AHEAD, _HT_AHEAD = 1.4, 1.0


@dataclass(frozen=True)
class Training:
    """A channel estimate.

    Parameters
    ----------
    grid
        The subcarriers.
    h_sum : [n], complex
        Received training symbols times their values, summed.
    num
        How many.
    h_hat, err_var : [n]
        Estimate and error variance.
    no
        Noise variance of a subcarrier.
    ahead
        Symbols from the training to the first that is received with it.
    """

    grid: Grid
    h_sum: np.ndarray
    num: int
    h_hat: np.ndarray
    err_var: np.ndarray
    no: float
    ahead: float

    @property
    def snr_db(self) -> float:
        """Mean power of the channel over the noise, without the noise's own power."""
        power = np.mean(np.abs(self.h_sum / self.num) ** 2) - self.no / self.num
        return to_db(max(float(power), 1e-12) / self.no)


def legacy_training(x, estimator: Estimator) -> Training:
    """Return the channel of the two long symbols at the beginning of ``x``."""
    y = symbols(x, 0, 2, LEGACY, prefix=0)
    # Half of the difference's power is the noise of one.
    no = max(float(np.mean(np.abs(y[0] - y[1]) ** 2)) / 2, 1e-15)
    return _trained(LEGACY, y, no, _LEGACY_AHEAD, estimator)


def ht_training(x, start: int, no: float, estimator: Estimator) -> Training:
    """Return the channel of an HT training symbol whose prefix is at ``start``."""
    return _trained(HT, symbols(x, start, 1, HT), no, _HT_AHEAD, estimator)


def _trained(grid: Grid, y, no: float, ahead: float, estimator) -> Training:
    h_sum = np.sum(y * grid.training, axis=0)
    h_hat, err_var = estimator(h_sum / len(y), no / len(y), grid)
    return Training(grid, h_sum, len(y), h_hat, err_var, no, ahead)


def equalise(y, training: Training, pilot_values, first: int):
    """Return equalised data subcarriers and the inverse of their noise variance.

    Parameters
    ----------
    y : [num_symbols, n], complex
        Consecutive symbols.
    training
        The channel.
    pilot_values : [num_symbols, 4]
        What the pilots were.
    first
        Number of the first symbol behind the training.

    Returns
    -------
    x_hat : [num_symbols, num_data], complex
    weight : [num_data], float
    """
    t, data = training, ~training.grid.is_pilot
    phase = follow(y, t.h_hat, pilot_values, t.no, t.grid, first + t.ahead)
    power = np.maximum(np.abs(t.h_hat[data]) ** 2, 1e-30)
    turned = y[:, data] * np.exp(-1j * phase[:, data])
    x_hat = turned * np.conj(t.h_hat[data]) / power
    return x_hat, power / (t.no + t.err_var[data])
