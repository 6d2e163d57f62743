"""Estimators at the pilots, interpolated linearly: observation, estimate, spread."""

from abc import abstractmethod
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from commgen.frame.interpolation import linear_weights
from commgen.phy.estimation.interpolation import SeparableInterpolator
from commgen.phy.estimation.observer import PilotObserver, expand_noise

__all__ = ["PilotEstimator", "expand_noise"]


class PilotEstimator(PilotObserver):
    r"""Sionna channel estimator that works on each stream's own pilots.

    The received pilots divided by what was sent are the observation
    :math:`y = h + n` with :math:`n \sim \mathcal{CN}(0, N_0 / |p|^2)`. Where streams
    share resource elements (a CDM group of the DMRS), the mean over neighbouring pilots
    takes the place of each, in their middle and with a part of the noise; the change
    of the other streams' channels between these pilots is left in it. With
    ``time_interpolation="average"`` (a channel that holds over the slot) the pilot
    symbols of a stream are averaged first, so the noise falls by their number. A
    subclass turns observations into estimates; linear interpolation, held constant
    outside the pilots, spreads these and their error variances over the grid.

    Parameters
    ----------
    resource_grid, precision
        As in :class:`~commgen.phy.estimation.observer.PilotObserver`, and so are input,
        output and errors.
    time_interpolation
        ``"linear"`` between pilot symbols, or ``"average"`` over them.
    """

    def __init__(
        self,
        resource_grid,
        *,
        time_interpolation: Literal["linear", "average"] = "linear",
        precision=None,
    ):
        super().__init__(resource_grid, precision=precision)
        if time_interpolation not in ("linear", "average"):
            raise ValueError(
                "time_interpolation must be 'linear' or 'average', "
                f"got {time_interpolation!r}."
            )
        self._average = time_interpolation == "average"
        self._interpolator = _interpolator(
            self._layout, self._grid_shape[0], self._average
        )

    @abstractmethod
    def estimate_at_pilot_locations(self, y_pilots, no) -> tuple[Any, Any]:
        """Estimate the channel where it was observed.

        Parameters
        ----------
        y_pilots : [batch, num_rx, num_rx_ant, num_streams, num_symbols, num_observed], complex
            Observation ``h + n``.
        no : scalar, [batch] or [batch, num_rx], float
            Variance of ``n``.

        Returns
        -------
        h_hat : as ``y_pilots``
        err_var : broadcastable to it, float
        """  # noqa: E501

    def observe(self, y, no):
        """Return the observation at the pilots and its noise variance, see above."""
        y_pilots, no = self.matched_pilots(y, no)
        if self._average:
            y_pilots = tf.reduce_mean(y_pilots, axis=4, keepdims=True)
            no = no / self._layout.symbols.shape[1]
        num_averaged = self._layout.num_averaged
        if num_averaged > 1:
            groups = tf.concat([tf.shape(y_pilots)[:5], [-1, num_averaged]], 0)
            y_pilots = tf.reduce_mean(tf.reshape(y_pilots, groups), axis=-1)
            no = no / num_averaged
        return y_pilots, no

    def call(self, y, no):
        """Return ``h_hat`` and ``err_var`` on the whole grid."""
        y_pilots, no_pilots = self.observe(y, no)
        h_hat, err_var = self.estimate_at_pilot_locations(y_pilots, no_pilots)
        shape = tf.concat([tf.shape(err_var)[:3], tf.shape(h_hat)[3:]], 0)
        err_var = tf.broadcast_to(err_var, shape)
        share = _noise_share(err_var, no_pilots)
        h_hat, err_var = self._interpolator(h_hat, err_var, share)
        return h_hat[:, :, :, None], err_var[:, :, :, None]


def _noise_share(err_var, no):
    r"""Share of the error that is noise, err_var / no, for the interpolation.

    For a linear filter W it is at least that, with equality where W is a multiple of
    the identity, as in least squares; the rest is taken as common to neighbouring
    pilots, so that what is promised between them is rather too much than too little.
    """
    no = tf.maximum(expand_noise(no, 6), np.finfo(np.float32).tiny)
    return tf.clip_by_value(err_var / no, 0.0, 1.0)


def _interpolator(layout, num_ofdm_symbols, average):
    frequency = [linear_weights(f, layout.frequencies) for f in layout.observed_at]
    if average:
        time = [np.ones((1, num_ofdm_symbols), np.float32) for _ in layout.symbols]
    else:
        slot = np.arange(num_ofdm_symbols)
        time = [linear_weights(t, slot) for t in layout.symbols]
    return SeparableInterpolator(np.stack(frequency), np.stack(time))
