"""Where the weights of a row of antennas send their power."""

from typing import Any

import numpy as np

from commgen._checks import check_finite, check_positive


def beam_pattern(w: Any, angle_deg: Any, *, spacing: float = 0.5) -> np.ndarray:
    r"""Gain of weights towards each angle, for a row of antennas.

    .. math:: g(\theta) = \Big|\sum_n w_n\, e^{j 2\pi d n \sin\theta}\Big|^2

    the power that a user far away at :math:`\theta` would receive over one path of unit
    gain. Of N weights of unit power it is at most N.

    Parameters
    ----------
    w : [..., num_tx_ant], complex
        Weights.
    angle_deg : [num_angles], float
        From broadside [degree].
    spacing
        Wavelengths d between two antennas.

    Returns
    -------
    [..., num_angles], float
        Linear.

    Raises
    ------
    ValueError
        If an entry is not finite, a shape is another, or the spacing is not above 0.

    Examples
    --------
    >>> beam_pattern([0.5, 0.5, 0.5, 0.5], [0, 30]).round(6).tolist()
    [4.0, 0.0]
    """
    w, angle = np.asarray(w), np.asarray(angle_deg, np.float64)
    check_positive("spacing", spacing)
    for name, value in (("w", w), ("angle_deg", angle)):
        check_finite(name, value)
    if w.ndim == 0 or w.shape[-1] == 0:
        raise ValueError(f"w must be [..., num_tx_ant], got {w.shape}.")
    if angle.ndim != 1:
        raise ValueError(f"angle_deg must be [num_angles], got {angle.shape}.")
    n = np.arange(w.shape[-1])[:, None]
    return np.abs(w @ np.exp(2j * np.pi * spacing * n * np.sin(np.deg2rad(angle)))) ** 2


def strongest_angle(h: Any, *, spacing: float = 0.5, num_angles: int = 721):
    """Return the angle that a channel comes from most, by a grid over the half circle.

    Parameters
    ----------
    h : [..., num_tx_ant], complex
        Channels.
    spacing
        As of :func:`beam_pattern`.
    num_angles
        In the grid, from -90 to 90 degrees.

    Returns
    -------
    [...], float
        Degrees from broadside.
    """
    angle = np.linspace(-90, 90, num_angles)
    return angle[beam_pattern(np.conj(h), angle, spacing=spacing).argmax(axis=-1)]
