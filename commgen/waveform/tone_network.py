"""Corrections of tones by a small network, from what their samples look like."""

from typing import Any

import numpy as np

from commgen._checks import check_finite, check_positive
from commgen.waveform.ofdm import CpOfdm


class ToneNetwork:
    r"""Adds to tones in use what lets them peak less; nothing beside the band.

    Layer by layer, with x the samples of the tones X and F what takes them back,

    .. math:: X_k \leftarrow X_k + w_l(k)\,F_k\{\gamma_l(|x|)\,x\}

    where :math:`\gamma_l` is piecewise linear over the amplitude and :math:`w_l` a sum
    of cosines over the distance from the middle of the band. Clipping and filtering is
    such a network: :math:`\gamma = \min(0, A / |x| - 1)`, :math:`w = 1`.

    Parameters
    ----------
    gains : [num_layers, num_knots], float
        :math:`\gamma_l` at amplitudes from 0 to ``largest``, beyond which the last one
        holds.
    weights : [num_layers, num_cosines], float
        Of the cosines of :func:`cosines`.
    largest
        Amplitude of the last knot, in the units of the samples.

    Raises
    ------
    ValueError
        If the arrays are no such ones.
    """

    def __init__(self, gains: Any, weights: Any, largest: float):
        self.gains = _table("gains", gains, 2)
        self.weights = _table("weights", weights, 1)
        self.largest = check_positive("largest", largest)
        if len(self.gains) != len(self.weights):
            raise ValueError(
                "gains and weights must have as many layers, got "
                f"{len(self.gains)} and {len(self.weights)}."
            )

    def __call__(self, ofdm: CpOfdm, tones: np.ndarray) -> np.ndarray:
        """Return the corrected tones.

        Parameters
        ----------
        ofdm
            Whose tones they are.
        tones : [..., num_subcarriers], complex
            By ascending frequency.
        """
        basis = cosines(tones.shape[-1], self.weights.shape[1])
        knots = np.linspace(0, self.largest, self.gains.shape[1])
        for gain, weight in zip(self.gains, self.weights, strict=True):
            x = ofdm.useful(tones)
            bent = np.interp(np.abs(x), knots, gain) * x
            tones = tones + (basis @ weight) * ofdm.tones(bent)
        return tones


def cosines(num_tones: int, num: int) -> np.ndarray:
    """Return cos(pi m d), d from 0 in the middle of a band to 1 at its ends.

    Returns
    -------
    [num_tones, num], float64
        m from 0 to ``num`` - 1.
    """
    distance = np.abs(np.arange(num_tones) - (num_tones - 1) / 2) / (num_tones / 2)
    return np.cos(np.pi * distance[:, None] * np.arange(num))


def _table(name, values, least) -> np.ndarray:
    values = np.asarray(values)
    if values.dtype.kind not in "biuf" or values.ndim != 2 or values.shape[1] < least:
        raise ValueError(
            f"{name} must be [num_layers, n] real numbers, n at least {least}, got "
            f"{values.shape} of dtype {values.dtype}."
        )
    check_finite(name, values)
    return values.astype(np.float64)
