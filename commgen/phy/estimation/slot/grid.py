"""Whole slots from noisy pilots, and the estimator of the TDL grid."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_amplitudes, check_int, check_noise_variance
from commgen._random import complex_normal
from commgen.frame.slot_bank import mid_points
from commgen.frame.slot_mixture import GridMixture
from commgen.measures.decibel import noise_variance
from commgen.phy.estimation.slot.bank import tdl_bank
from commgen.phy.estimation.slot.filter import SlotFilter

_CHUNK = 128
_TOLERANCE = 1e-7  # 30 dB of SNR stay calibrated
_NUM_INSIDE = 3  # delay spreads in one component


class GridEstimator:
    """Posterior mean and variance of slots of which some entries were seen in noise.

    Parameters
    ----------
    mixture
        The prior.
    mask : [num_ofdm_symbols, num_effective_subcarriers], bool
        Which entries are seen; any pattern.

    Raises
    ------
    ValueError
        If the mask has another shape than the prior's event, or shows nothing.
    """

    def __init__(self, mixture: GridMixture, mask):
        mask = np.asarray(mask, bool)
        if mask.shape != mixture.event_shape:
            raise ValueError(
                f"mask must be {mixture.event_shape}, as the prior, got {mask.shape}."
            )
        if not mask.any():
            raise ValueError("mask must show at least one entry, got none.")
        self.mixture = mixture
        self.mask = mask
        self._filter = SlotFilter(mixture, np.flatnonzero(mask))
        self._log_weights = mixture.log_weights.astype(np.float32)
        self._graph = tf.function(self._call, autograph=False, reduce_retracing=True)
        self._joint = tf.function(
            self._log_joint, autograph=False, reduce_retracing=True
        )

    def estimate(self, y, no) -> tuple[np.ndarray, np.ndarray]:
        """Infer slots, each by itself.

        Parameters
        ----------
        y : [n, num_pilots], complex
            The seen entries in row-major order, plus noise.
        no : scalar or [n], float
            Noise variance, at least 0.

        Returns
        -------
        h_hat : [n, num_ofdm_symbols, num_effective_subcarriers], complex64
        err_var : the same shape, float32

        Raises
        ------
        ValueError
            If shapes disagree, an entry is not finite, or the noise is negative.
        """
        parts = [
            (h[: len(rows)].numpy(), v[: len(rows)].numpy())
            for rows, (h, v) in self._chunks(self._graph, y, no)
        ]
        return np.concatenate([h for h, _ in parts]), np.concatenate(
            [v for _, v in parts]
        )

    def responsibilities(self, y, no) -> np.ndarray:
        """Return p(k | y), [n, num_components]; arguments as :meth:`estimate`."""
        parts = [
            joint[: len(rows)].numpy()
            for rows, joint in self._chunks(self._joint, y, no)
        ]
        joint = np.concatenate(parts).astype(float)
        p = np.exp(joint - joint.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True)

    def _chunks(self, function, y, no):
        y, no = self._checked(y, no)
        for i in range(0, len(y), _CHUNK):
            rows = np.arange(i, min(i + _CHUNK, len(y)))
            full = np.resize(rows, min(_CHUNK, max(len(y), 1)))
            yield rows, function(y[full], no[full])

    def _checked(self, y, no):
        y = np.asarray(y)
        num = int(self.mask.sum())
        if y.ndim != 2 or y.shape[1] != num or len(y) == 0:
            raise ValueError(f"y must be [n, {num}], as mask, got {y.shape}.")
        check_amplitudes("y", y)
        no = check_noise_variance("no", no, zero=True).astype(np.float32)
        if no.shape not in ((), (len(y),)):
            raise ValueError(f"no must be a scalar or [{len(y)}], got {no.shape}.")
        return y.astype(np.complex64), np.broadcast_to(no, len(y))

    def _log_joint(self, y, no):
        z = self._filter.project(y[:, None, None])
        joint = self._log_weights + self._filter.log_likelihood(z, no[:, None])
        return joint[:, 0]

    def _call(self, y, no):
        z = self._filter.project(y[:, None, None])
        no = no[:, None]
        joint = self._log_weights + self._filter.log_likelihood(z, no)
        h_hat, err_var = self._filter.estimate(z, tf.nn.softmax(joint), no)
        return h_hat[:, 0, 0, 0], err_var[:, 0, 0, 0]


def learn_weights(
    mixture: GridMixture,
    h,
    mask,
    *,
    snr_db: float = 20.0,
    num_iterations: int = 20,
    least: float = 1e-5,
    seed: int,
) -> GridMixture:
    """Learn the weights of a mixture from slots, by expectation-maximisation.

    What is maximised is the likelihood of the pilots in noise, not that of the slots:
    slots without noise would be told apart by what no receiver sees.

    Parameters
    ----------
    mixture
        Where to start.
    h : [n, num_ofdm_symbols, num_effective_subcarriers], complex
        Slots of about unit power.
    mask
        As in :class:`GridEstimator`.
    snr_db
        SNR of the pilots [dB].
    num_iterations
        Steps, at least 1; a step costs nothing.
    least
        Components of less weight are left out.
    seed
        Seed of the noise.

    Returns
    -------
    GridMixture
    """
    check_int("num_iterations", num_iterations, low=1)
    h = np.asarray(h)
    if h.ndim != 3 or h.shape[1:] != mixture.event_shape or len(h) == 0:
        raise ValueError(
            f"h must be [n, {mixture.event_shape[0]}, {mixture.event_shape[1]}], "
            f"got {h.shape}."
        )
    mask = np.asarray(mask, bool)
    no = noise_variance(snr_db)
    seen = h[:, mask]
    y = seen + np.sqrt(no) * complex_normal(np.random.default_rng(seed), seen.shape)
    likelihood = GridEstimator(mixture, mask).responsibilities(y, no) / mixture.weights
    likelihood /= likelihood.max(axis=1, keepdims=True)
    weights = mixture.weights
    for _ in range(num_iterations):
        joint = likelihood * weights
        weights = np.mean(joint / joint.sum(axis=1, keepdims=True), axis=0)
    return mixture.reweighted(weights, least=least)


def staggered_mask(
    event_shape: tuple[int, int], symbols: tuple[int, ...] = (2, 11)
) -> np.ndarray:
    """Return pilots on every other subcarrier, shifted by one from symbol to symbol.

    Examples
    --------
    >>> staggered_mask((3, 4), (0, 2)).astype(int).tolist()
    [[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 1]]
    """
    mask = np.zeros(event_shape, bool)
    for i, symbol in enumerate(symbols):
        mask[symbol, i % 2 :: 2] = True
    return mask


def tdl_grid_estimator(
    train: Any = None,
    *,
    times_s,
    frequencies_hz,
    mask,
    delay_spread_range_s: tuple[float, float] = (30e-9, 300e-9),
    max_doppler_hz: float,
    num_delay_spreads: int = 24,
    num_dopplers: int = 6,
    seed: int,
) -> GridEstimator:
    """Return the estimator of TDL-A to -E of unknown delay spread and Doppler shift.

    A bank over both ranges (:func:`~commgen.phy.estimation.slot.bank.tdl_bank`), of
    which the weights are learned (:func:`learn_weights`).

    Parameters
    ----------
    train : [n, num_ofdm_symbols, num_effective_subcarriers], complex, or None
        Slots; None keeps the weights of a log-uniform delay spread and a uniform
        speed.
    times_s, frequencies_hz
        As in :func:`~commgen.phy.estimation.slot.bank.tdl_bank`.
    mask
        As in :class:`GridEstimator`.
    delay_spread_range_s
        Delay spreads [s].
    max_doppler_hz
        Greatest Doppler shift of the fastest terminal [Hz].
    num_delay_spreads, num_dopplers
        Components along each range, for each of the five profiles.
    seed
        Seed of the learning.
    """
    check_int("num_delay_spreads", num_delay_spreads, low=1)
    check_int("num_dopplers", num_dopplers, low=1)
    inside = num_delay_spreads * _NUM_INSIDE
    spreads = mid_points(*delay_spread_range_s, inside, log=True)
    bank = tdl_bank(
        times_s,
        frequencies_hz,
        delay_spreads_s=spreads.reshape(num_delay_spreads, _NUM_INSIDE),
        max_dopplers_hz=mid_points(0, max_doppler_hz, num_dopplers),
        tolerance=_TOLERANCE,
    )
    if train is not None:
        bank = learn_weights(bank, train, mask, seed=seed)
    return GridEstimator(bank, mask)
