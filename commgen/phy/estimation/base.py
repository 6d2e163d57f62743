"""What all pilot-based estimators share: observation, estimate, interpolation."""

from abc import abstractmethod
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from sionna.phy.ofdm import BaseChannelEstimator

from commgen.phy.estimation.interpolation import SeparableInterpolator, linear_weights
from commgen.phy.estimation.layout import PilotLayout


class PilotEstimator(BaseChannelEstimator):
    r"""Sionna channel estimator that works on each stream's own pilots.

    The received pilots divided by what was sent are the observation
    :math:`y = h + n` with :math:`n \sim \mathcal{CN}(0, N_0 / |p|^2)`. With
    ``time_interpolation="average"`` (a channel that holds over the slot) the pilot
    symbols of a stream are averaged first, so the noise falls by their number. A
    subclass turns observations into estimates; linear interpolation, held constant
    outside the pilots, spreads these and their error variances over the grid.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter; see
        :meth:`~commgen.phy.estimation.layout.PilotLayout.of` for what its pilots obey.
    time_interpolation
        ``"linear"`` between pilot symbols, or ``"average"`` over them.
    precision
        As in Sionna's ``BaseChannelEstimator``.

    Input
    -----
    y : [batch, num_rx, num_rx_ant, num_ofdm_symbols, fft_size], complex
        Received grid.
    no : scalar, [batch] or [batch, num_rx], float
        Noise variance.

    Output
    ------
    h_hat : [batch, num_rx, num_rx_ant, 1, num_streams, num_ofdm_symbols, num_effective_subcarriers], complex
        Channel estimate.
    err_var : broadcastable to ``h_hat``, float
        Its error variance.

    Raises
    ------
    ValueError
        If the grid is refused, or ``y`` or ``no`` do not have these shapes.
    """  # noqa: E501

    def __init__(
        self,
        resource_grid,
        *,
        time_interpolation: Literal["linear", "average"] = "linear",
        precision=None,
    ):
        layout = PilotLayout.of(resource_grid)
        if time_interpolation not in ("linear", "average"):
            raise ValueError(
                "time_interpolation must be 'linear' or 'average', "
                f"got {time_interpolation!r}."
            )
        no_interpolator: Any = None  # Sionna's would be built at a high cost
        super().__init__(resource_grid, no_interpolator, precision=precision)
        self._layout = layout
        self._average = time_interpolation == "average"
        self._grid_shape = (resource_grid.num_ofdm_symbols, resource_grid.fft_size)
        self._interpolator = _interpolator(layout, self._grid_shape[0], self._average)
        num_subcarriers = len(layout.frequencies)
        self._own_ind = (
            layout.symbols[:, :, None] * num_subcarriers
            + layout.subcarriers[:, None, :]
        )
        self._matched = np.conj(layout.pilots) / np.abs(layout.pilots) ** 2

    @abstractmethod
    def estimate_at_pilot_locations(self, y_pilots, no) -> tuple[Any, Any]:
        """Estimate the channel where it was observed.

        Parameters
        ----------
        y_pilots : [batch, num_rx, num_rx_ant, num_streams, num_symbols, num_pilot_subcarriers], complex
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
        self._check(y, no)
        y_flat = self._remove_nulled_scs(y)
        y_flat = tf.reshape(y_flat, tf.concat([tf.shape(y_flat)[:3], [-1]], 0))
        y_pilots = tf.gather(y_flat, self._own_ind, axis=-1)
        y_pilots = y_pilots * tf.constant(self._matched, y_pilots.dtype)
        no = tf.cast(no, self.rdtype) / self._layout.power
        if self._average:
            y_pilots = tf.reduce_mean(y_pilots, axis=4, keepdims=True)
            no = no / self._layout.symbols.shape[1]
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

    def _check(self, y, no):
        if len(y.shape) != 5 or tuple(y.shape[3:]) != self._grid_shape:
            raise ValueError(
                "y must be [batch, num_rx, num_rx_ant, num_ofdm_symbols, fft_size] "
                f"and end in {self._grid_shape}, as the grid, got {tuple(y.shape)}."
            )
        rank = len(np.shape(no))
        if rank > 2:
            raise ValueError(
                f"no must be a scalar, [batch] or [batch, num_rx], got rank {rank}."
            )


def expand_noise(no, rank: int):
    """Append axes of length one to ``no`` (rank 0 to 2) up to ``rank``."""
    no = tf.convert_to_tensor(no)
    ones = tf.ones(rank - no.shape.rank, tf.int32)
    return tf.reshape(no, tf.concat([tf.shape(no), ones], 0))


def _noise_share(err_var, no):
    r"""Share of the error that is noise, err_var / no, for the interpolation.

    For a linear filter W it is at least that, with equality where W is a multiple of
    the identity, as in least squares; the rest is taken as common to neighbouring
    pilots, so that what is promised between them is rather too much than too little.
    """
    no = tf.maximum(expand_noise(no, 6), np.finfo(np.float32).tiny)
    return tf.clip_by_value(err_var / no, 0.0, 1.0)


def _interpolator(layout, num_ofdm_symbols, average):
    places = layout.frequencies
    frequency = [linear_weights(places[f], places) for f in layout.subcarriers]
    if average:
        time = [np.ones((1, num_ofdm_symbols), np.float32) for _ in layout.symbols]
    else:
        slot = np.arange(num_ofdm_symbols)
        time = [linear_weights(t, slot) for t in layout.symbols]
    return SeparableInterpolator(np.stack(frequency), np.stack(time))
