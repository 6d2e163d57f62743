"""Mixtures over a slot from the profiles of TR 38.901, for channels not yet met."""

from collections.abc import Sequence

import numpy as np

from commgen.frame.slot_bank import DelayPowers, profile_bank
from commgen.frame.slot_mixture import TOLERANCE, GridMixture
from commgen.phy.estimation.covariance import tdl_taps


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
    spreads; see :func:`~commgen.frame.slot_bank.profile_bank`.

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
    dopplers = np.asarray(max_dopplers_hz, float)
    spreads = np.asarray(delay_spreads_s, float)
    _check(models, spreads, dopplers)
    rows = spreads if spreads.ndim == 2 else spreads[:, None]
    profiles = [[_taps(m, spread) for spread in row] for m in models for row in rows]
    return profile_bank(
        times_s, frequencies_hz, profiles, dopplers, tolerance=tolerance
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


def _taps(model, spread_s) -> DelayPowers:
    """Return the profile; the specular path comes first, at any delay spread."""
    delays_s, powers, los = tdl_taps(model, float(spread_s))
    powers = powers.copy()
    powers[0] -= los
    return DelayPowers(delays_s, powers, los)
