"""Least squares: the observation itself, interpolated in one of three ways."""

from typing import Any, Literal

import numpy as np
import tensorflow as tf

from commgen._checks import check_positive
from commgen.frame.interpolation import dft_weights, spline_weights
from commgen.phy.estimation.base import PilotEstimator, expand_noise
from commgen.phy.estimation.interpolation import SeparableInterpolator

Interpolation = Literal["linear", "dft", "spline"]
_INTERPOLATIONS = ("linear", "dft", "spline")


class LSEstimator(PilotEstimator):
    r"""Least-squares estimate at the pilots, interpolated between them.

    .. math:: \hat{h} = y / p, \qquad \mathrm{err\_var} = N_0 / |p|^2

    With linear interpolation it equals, at and between the pilots, Sionna's
    ``LSChannelEstimator`` with ``interpolation_type="lin"``; outside them Sionna
    extrapolates the line, which amplifies the noise, and this class holds the value.
    Sionna interpolates the variance linearly, this class as that of a weighted sum of
    independent errors.

    ``"dft"`` fits taps at the receiver's sampling times up to a greatest delay, which
    also takes noise off the pilots (:func:`~.interpolation.dft_weights`). What the
    taps cannot explain is in ``err_var``: the mean power of the residual at the
    pilots above what noise leaves there, for each link of the batch.

    Parameters
    ----------
    resource_grid, time_interpolation, precision
        As in :class:`~commgen.phy.estimation.PilotEstimator`.
    interpolation
        Over subcarriers: ``"linear"``, ``"dft"`` or ``"spline"``, the natural cubic;
        the variation of the channel between the pilots is in ``err_var`` for
        ``"dft"`` only.
    max_delay_s
        For ``"dft"``: the greatest delay [s]; None for the cyclic prefix.

    Raises
    ------
    ValueError
        If an option is unknown, or ``max_delay_s`` is given for another interpolation,
        not above 0, beyond what the pilots can tell apart, or missing for a grid
        without cyclic prefix.
    """

    def __init__(
        self,
        resource_grid,
        *,
        interpolation: Interpolation = "linear",
        max_delay_s: float | None = None,
        time_interpolation: Literal["linear", "average"] = "linear",
        precision=None,
    ):
        super().__init__(
            resource_grid, time_interpolation=time_interpolation, precision=precision
        )
        if interpolation not in _INTERPOLATIONS:
            raise ValueError(
                f"interpolation must be one of {_INTERPOLATIONS}, got "
                f"{interpolation!r}."
            )
        if max_delay_s is not None and interpolation != "dft":
            raise ValueError(
                "max_delay_s must be None unless interpolation is 'dft', got "
                f"{max_delay_s} with {interpolation!r}."
            )
        self._at_pilots: Any = None
        if interpolation == "linear":
            return
        observed, targets = self._layout.observed_at, self._layout.frequencies
        if interpolation == "spline":
            weights = [spline_weights(f, targets) for f in observed]
        else:
            size = resource_grid.fft_size
            spread = _max_delay(resource_grid, max_delay_s, observed) * size
            weights = [dft_weights(f, targets, size, spread) for f in observed]
            at = [dft_weights(f, f, size, spread) for f in observed]
            self._at_pilots = np.stack(at)
        self._interpolator = SeparableInterpolator(
            np.stack(weights), self._interpolator.time_weights
        )

    def estimate_at_pilot_locations(self, y_pilots, no):
        """Return ``y_pilots`` and, broadcastable, ``no``."""
        return y_pilots, tf.cast(expand_noise(no, 6), self.rdtype)

    def call(self, y, no):
        """Return ``h_hat`` and ``err_var`` on the whole grid."""
        h_hat, err_var = super().call(y, no)
        if self._at_pilots is None:
            return h_hat, err_var
        return h_hat, err_var + self._unexplained(*self.observe(y, no))

    def _unexplained(self, y_pilots, no):
        """Return the power at the pilots that is neither taps nor noise, rank 7.

        The projection W leaves (I - W) y, of which noise is N0 tr(I - W) / n.
        """
        W = self._at_pilots
        explained = tf.einsum("brasqp,spf->brasqf", y_pilots, W.astype(np.complex64))
        left = tf.reduce_mean(tf.abs(y_pilots - explained) ** 2, axis=(2, 4, 5))
        share = 1 - np.trace(W, axis1=1, axis2=2).real / W.shape[1]
        noise = expand_noise(tf.cast(no, self.rdtype), 3) * share.astype(np.float32)
        power = tf.maximum(left - noise, 0.0)
        return power[:, :, None, None, :, None, None]


def _max_delay(resource_grid, max_delay_s, observed) -> float:
    """Return the greatest delay in units of the useful symbol, 1 / spacing."""
    spacing_hz = float(resource_grid.subcarrier_spacing)
    # Equally spaced pilots cannot tell apart delays that differ by this.
    gaps = np.diff(observed, axis=1)
    unambiguous = 1 / gaps.max() if gaps.size else 1.0
    if max_delay_s is not None:
        delay = check_positive("max_delay_s", max_delay_s) * spacing_hz
        if delay >= unambiguous:
            raise ValueError(
                f"max_delay_s must be below {unambiguous / spacing_hz:.3g}, what the "
                f"pilots can tell apart, got {max_delay_s:.3g}."
            )
        return delay
    prefix = int(resource_grid.cyclic_prefix_length)
    if prefix == 0:
        raise ValueError(
            "max_delay_s must be given for a grid without cyclic prefix, got None."
        )
    return min(prefix / resource_grid.fft_size, unambiguous)
