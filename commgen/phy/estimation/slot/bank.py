"""Mixtures over a slot from the profiles of TR 38.901, for channels not yet met."""

from collections.abc import Sequence

import numpy as np
from scipy.special import j0

from commgen.frame.slot_mixture import TOLERANCE, GridMixture, principal
from commgen.phy.estimation.covariance import tdl_taps

_LOS_ANGLE = np.pi / 4  # Sionna's default angle of arrival of the specular path


def tdl_bank(
    times_s,
    frequencies_hz,
    *,
    models: Sequence[str] = tuple("ABCDE"),
    delay_spreads_s,
    max_dopplers_hz,
    tolerance: float = TOLERANCE,
) -> GridMixture:
    r"""Mixture of TDL channels of all these models, delay spreads and Doppler shifts.

    Each component is a channel of TR 38.901 7.7.2, or the mean of several of near delay
    spreads, all with equal weight. Its scattered part has the covariance

    .. math:: \mathrm{E}[h_{t f} h^*_{t' f'}] = J_0(2 \pi f_d (t - t'))
              \sum_l p_l e^{-j 2 \pi (f - f') \tau_l}

    and its specular path, of TDL-D and -E, the known amplitude and Doppler shift
    :math:`f_d \cos(\pi / 4)`.

    Parameters
    ----------
    times_s : [num_ofdm_symbols], float
        Instants of the OFDM symbols [s].
    frequencies_hz : [num_effective_subcarriers], float
        Of the subcarriers [Hz]; only differences count.
    models
        As :func:`~commgen.phy.estimation.covariance.tdl_taps`.
    delay_spreads_s : [num] or [num, num_inside], float
        RMS delay spreads [s]. A row of several is one component with the mean of their
        covariances, which stands for all spreads between them.
    max_dopplers_hz
        Greatest Doppler shifts [Hz].
    tolerance
        Share of the power that the common bases may leave out; the floor.

    Raises
    ------
    ValueError
        If a model is unknown, a list is empty, or a Doppler shift is negative.
    """
    times_s, frequencies_hz = np.asarray(times_s, float), np.asarray(frequencies_hz)
    dopplers = np.asarray(max_dopplers_hz, float)
    spreads = np.asarray(delay_spreads_s, float)
    _check(models, spreads, dopplers)
    lags = times_s[:, None] - times_s
    jakes = [j0(2 * np.pi * f * lags) for f in dopplers]
    turns = np.exp(
        2j * np.pi * np.cos(_LOS_ANGLE) * dopplers[:, None] * (times_s - times_s.mean())
    )
    rows = spreads if spreads.ndim == 2 else spreads[:, None]
    centred = frequencies_hz - frequencies_hz.mean()
    profiles = [_profile(centred, model, row) for model in models for row in rows]
    total = np.sum([R + los for R, los in profiles], axis=0)
    frequency = principal(total, tolerance)
    lines = turns.T @ turns.conj()
    time = principal(np.sum(jakes, axis=0) + lines, tolerance)
    flat = frequency.conj().T @ np.ones(len(centred))
    covariances, specular = [], []
    for R, los in profiles:
        scattered = frequency.conj().T @ R @ frequency
        for J, d in zip(jakes, turns, strict=True):
            covariances.append(np.kron(time.conj().T @ J @ time, scattered))
            specular.append(np.sqrt(los) * np.kron(time.conj().T @ d, flat))
    weights = np.ones(len(covariances))
    return GridMixture.of(
        time, frequency, weights, covariances, np.stack(specular), floor=tolerance
    )


def _check(models, spreads, dopplers):
    if dopplers.ndim != 1 or not np.all(np.isfinite(dopplers) & (dopplers >= 0)):
        raise ValueError(
            f"max_dopplers_hz must be [num], finite and at least 0, got {dopplers}."
        )
    if spreads.ndim not in (1, 2):
        raise ValueError(
            f"delay_spreads_s must be [num] or [num, num_inside], got {spreads.shape}."
        )
    if not len(models) or not spreads.size or not len(dopplers):
        raise ValueError(
            "models, delay_spreads_s and max_dopplers_hz must not be empty, got "
            f"{len(models)}, {spreads.size} and {len(dopplers)} entries."
        )


def _profile(frequencies_hz, model, spreads_s):
    """Return the mean covariance of what is scattered, and the specular power.

    The specular path comes first, without delay, at any delay spread.
    """
    matrices, los = [], 0.0
    for spread in spreads_s:
        tau, p, los = tdl_taps(model, float(spread))
        p = p.copy()
        p[0] -= los
        G = np.exp(-2j * np.pi * frequencies_hz[:, None] * tau) * np.sqrt(p)
        matrices.append(G @ G.conj().T)
    return np.mean(matrices, axis=0), los


def mid_points(low: float, high: float, num: int, *, log: bool = False) -> np.ndarray:
    """Return points that stand for a (log-)uniform law: the middles of equal parts.

    Examples
    --------
    >>> mid_points(0, 1, 2).tolist()
    [0.25, 0.75]
    """
    share = (np.arange(num) + 0.5) / num
    if log:
        return np.exp(np.log(low) + share * (np.log(high) - np.log(low)))
    return low + share * (high - low)
