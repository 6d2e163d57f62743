"""Mixtures over a slot from delay profiles, for channels not yet met."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from commgen.frame.covariance import jakes_covariance
from commgen.frame.slot_mixture import TOLERANCE, GridMixture, principal

_LOS_ANGLE = np.pi / 4  # TR 38.901 7.7.2: a line of sight turns by 0.7 of the most


class DelayPowers(NamedTuple):
    """Power over delay of one channel.

    Parameters
    ----------
    delays_s, powers : [num_paths], float
        Of the paths that fade.
    los_power
        Of a line of sight at delay 0.
    """

    delays_s: np.ndarray
    powers: np.ndarray
    los_power: float


def profile_bank(
    times_s,
    frequencies_hz,
    profiles: Sequence[Sequence[DelayPowers]],
    max_dopplers_hz,
    *,
    tolerance: float = TOLERANCE,
) -> GridMixture:
    r"""Mixture of channels of all these profiles and Doppler shifts, of equal weight.

    The scattered part of a component has the covariance

    .. math:: \mathrm{E}[h_{t f} h^*_{t' f'}] = J_0(2 \pi f_d (t - t'))
              \sum_l p_l e^{-j 2 \pi (f - f') \tau_l}

    or the mean of several of these, and its specular path the known amplitude and
    Doppler shift :math:`f_d \cos(\pi / 4)`.

    Parameters
    ----------
    times_s : [num_ofdm_symbols], float
        Instants of the OFDM symbols [s].
    frequencies_hz : [num_effective_subcarriers], float
        Of the subcarriers [Hz]; only differences count.
    profiles
        For each component those that it stands for; the specular power of the last of
        them counts.
    max_dopplers_hz : [num], float
        Greatest Doppler shifts [Hz].
    tolerance
        Share of the power that the common bases may leave out; the floor.
    """
    times_s, frequencies_hz = np.asarray(times_s, float), np.asarray(frequencies_hz)
    dopplers = np.asarray(max_dopplers_hz, float)
    jakes = [jakes_covariance(times_s, f) for f in dopplers]
    turns = np.exp(
        2j * np.pi * np.cos(_LOS_ANGLE) * dopplers[:, None] * (times_s - times_s.mean())
    )
    centred = frequencies_hz - frequencies_hz.mean()
    found = [_mean_profile(centred, inside) for inside in profiles]
    total = np.sum([R + los for R, los in found], axis=0)
    frequency = principal(total, tolerance)
    lines = turns.T @ turns.conj()
    time = principal(np.sum(jakes, axis=0) + lines, tolerance)
    flat = frequency.conj().T @ np.ones(len(centred))
    covariances, specular = [], []
    for R, los in found:
        scattered = frequency.conj().T @ R @ frequency
        for J, d in zip(jakes, turns, strict=True):
            covariances.append(np.kron(time.conj().T @ J @ time, scattered))
            specular.append(np.sqrt(los) * np.kron(time.conj().T @ d, flat))
    weights = np.ones(len(covariances))
    return GridMixture.of(
        time, frequency, weights, covariances, np.stack(specular), floor=tolerance
    )


def _mean_profile(frequencies_hz, profiles) -> tuple[np.ndarray, float]:
    """Return the mean covariance of what is scattered, and the specular power."""
    matrices, los = [], 0.0
    for delays_s, powers, los in profiles:  # noqa: B007 - the last one counts
        steering = np.exp(-2j * np.pi * frequencies_hz[:, None] * delays_s)
        G = steering * np.sqrt(powers)
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
