"""Estimator of a slot without pilots, from the mean of what is sent."""

from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy import Block

from commgen._checks import check_noise_variance
from commgen.frame.constellation import Constellation
from commgen.frame.slot_mixture import GridMixture
from commgen.phy.estimation.observer import expand_noise
from commgen.phy.estimation.slot.filter import SlotFilter
from commgen.phy.signal.grid import EffectiveSubcarriers

_LEAST_MEAN = 1e-6


class SuperimposedEstimator(Block):
    r"""MMSE estimate of a slot whose symbols have a mean, under a mixture.

    .. math:: y_i / \bar{x} = h_i + w_i, \qquad
              \mathrm{E}|w_i|^2 = (N_0 + v) / |\bar{x}|^2

    on all resource elements, with mean :math:`\bar{x}` and variance :math:`v` of the
    points: the mean is a pilot that lies under the data (Hoeher and Tufvesson, "Channel
    estimation with superimposed pilot sequence", IEEE GLOBECOM 1999), and the data are
    white noise to it. Rough at first; iterations between decoder and
    estimator take the data away.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid of one stream without pilots.
    prior : GridMixture
        Over [num_ofdm_symbols, num_effective_subcarriers], unit mean power.
    constellation
        What is sent.

    Input, Output
    -------------
    As in :class:`~commgen.phy.estimation.observer.PilotObserver`.

    Raises
    ------
    ValueError
        If the grid has pilots or several streams, the prior another shape, or the
        points no mean.
    """

    def __init__(
        self, resource_grid: Any, prior: GridMixture, constellation: Constellation
    ):
        super().__init__(precision="single")
        pattern = resource_grid.pilot_pattern
        if int(pattern.num_pilot_symbols) or pattern.num_streams_per_tx != 1:
            raise ValueError(
                "resource_grid must have one stream and no pilots, got "
                f"{pattern.num_streams_per_tx} and {int(pattern.num_pilot_symbols)}."
            )
        effective = np.asarray(resource_grid.effective_subcarrier_ind)
        wanted = (resource_grid.num_ofdm_symbols, len(effective))
        if prior.event_shape != wanted:
            raise ValueError(
                "prior must have the event_shape [num_ofdm_symbols, "
                f"num_effective_subcarriers] = {wanted}, got {prior.event_shape}."
            )
        self._mean = complex(constellation.probabilities @ constellation.points)
        if abs(self._mean) ** 2 < _LEAST_MEAN:
            raise ValueError(
                "constellation must have a mean, which is all that tells the channel's "
                f"phase, got one of power {abs(self._mean) ** 2:.3g}."
            )
        self._used = EffectiveSubcarriers(resource_grid)
        self._filter = SlotFilter(prior, np.arange(np.prod(wanted)))
        self._log_weights = tf.constant(prior.log_weights, tf.float32)

    def call(self, y, no):
        """Return ``h_hat`` and ``err_var`` on the whole grid."""
        known = tf.get_static_value(tf.convert_to_tensor(no))
        if known is not None:
            check_noise_variance("no", known, zero=True)
        y = self._used(y) / self._mean
        power = abs(self._mean) ** 2
        no = (expand_noise(no, 2) + (1 - power)) / power
        z = self._filter.project(
            tf.reshape(y, tf.concat([tf.shape(y)[:-2], [-1]], axis=0))
        )
        log_p = self._log_weights + self._filter.log_likelihood(z, no)
        h_hat, err_var = self._filter.estimate(z, tf.nn.softmax(log_p), no)
        return h_hat[:, :, :, None], err_var[:, :, :, None]
