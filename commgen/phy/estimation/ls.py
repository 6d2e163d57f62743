"""Least squares: the observation itself."""

import tensorflow as tf

from commgen.phy.estimation.base import PilotEstimator, expand_noise


class LSEstimator(PilotEstimator):
    r"""Least-squares estimate at the pilots, linear interpolation between them.

    .. math:: \hat{h} = y / p, \qquad \mathrm{err\_var} = N_0 / |p|^2

    At and between the pilots it equals Sionna's ``LSChannelEstimator`` with
    ``interpolation_type="lin"``; outside them Sionna extrapolates the line, which
    amplifies the noise, and this class holds the value. Sionna interpolates the
    variance linearly, this class as that of a weighted sum of independent errors.

    Parameters
    ----------
    resource_grid, time_interpolation, precision
        As in :class:`~commgen.phy.estimation.PilotEstimator`.
    """

    def estimate_at_pilot_locations(self, y_pilots, no):
        """Return ``y_pilots`` and, broadcastable, ``no``."""
        return y_pilots, tf.cast(expand_noise(no, 6), self.rdtype)
