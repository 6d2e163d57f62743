"""Estimator with a generative prior."""

from typing import Any, Literal

import tensorflow as tf

from commgen.generative.model import check_prior
from commgen.phy.estimation.base import PilotEstimator

Event = Literal["array", "grid"]


class PriorEstimator(PilotEstimator):
    r"""MMSE estimate of the channel at the pilots under a learned prior.

    .. math:: \hat{h} = \mathrm{E}[h \mid y], \quad y = h + n,
              \quad \mathrm{err\_var} = \mathrm{Var}[h \mid y]

    With a Gaussian mixture of one component this is the LMMSE filter of a sample
    covariance.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter.
    prior
        Model of :mod:`commgen.generative`: anything with ``event_shape`` and
        ``denoise(y, no) -> h_hat, err_var`` for ``y`` [batch, *event_shape].
    event
        ``"array"``: the prior is over the [num_rx_ant] antennas at one resource element
        and is applied at every pilot by itself. ``"grid"``: it is over
        [num_rx_ant, num_streams, num_effective_subcarriers], which needs pilots on all
        subcarriers and ``time_interpolation="average"``.
    time_interpolation, precision
        As in :class:`~commgen.phy.estimation.PilotEstimator`.

    Raises
    ------
    TypeError
        If ``prior`` cannot estimate.
    ValueError
        If the grid cannot serve ``event``, or the prior's event has another shape.
    """

    def __init__(
        self,
        resource_grid,
        prior: Any,
        event: Event = "array",
        *,
        time_interpolation: Literal["linear", "average"] = "linear",
        precision=None,
    ):
        super().__init__(
            resource_grid, time_interpolation=time_interpolation, precision=precision
        )
        if event not in ("array", "grid"):
            raise ValueError(f"event must be 'array' or 'grid', got {event!r}.")
        self._prior = check_prior("prior", prior)
        self._event = event
        self._event_shape = tuple(int(n) for n in prior.event_shape)
        rank = {"array": 1, "grid": 3}[event]
        if len(self._event_shape) != rank:
            raise ValueError(
                f"A prior for event {event!r} must have an event_shape of {rank} axes, "
                f"got {self._event_shape}."
            )
        if event == "grid":
            self._check_grid()

    def _check_grid(self):
        layout = self._layout
        num_streams, num_pilots = layout.observed_at.shape
        if not self._average or num_pilots != len(layout.frequencies):
            raise ValueError(
                "event 'grid' needs pilots on all subcarriers and "
                "time_interpolation='average'."
            )
        if self._event_shape[1:] != (num_streams, num_pilots):
            raise ValueError(
                "The prior's event_shape must be [num_rx_ant, num_streams, "
                f"num_effective_subcarriers] and end in {(num_streams, num_pilots)}, "
                f"got {self._event_shape}."
            )

    def estimate_at_pilot_locations(self, y_pilots, no):
        """Denoise the events of ``y_pilots``."""
        if y_pilots.shape[2] != self._event_shape[0]:
            raise ValueError(
                f"y must have the {self._event_shape[0]} receive antennas of the "
                f"prior on axis 2, got {y_pilots.shape[2]}."
            )
        if self._event == "grid":
            y = tf.squeeze(y_pilots, axis=4)
            h_hat, err_var = self._denoise(y, no)
            return h_hat[:, :, :, :, None], err_var[:, :, :, :, None]
        y = tf.transpose(y_pilots, [0, 1, 3, 4, 5, 2])
        h_hat, err_var = self._denoise(y, no)
        back = [0, 1, 5, 2, 3, 4]
        return tf.transpose(h_hat, back), tf.transpose(err_var, back)

    def _denoise(self, y, no):
        """Denoise ``y`` [batch, num_rx, ..., *event_shape], the event axes last."""
        shape = tf.shape(y)
        lead = y.shape.rank - len(self._event_shape)
        if no.shape.rank > 0:
            ones = tf.ones(lead - no.shape.rank, tf.int32)
            no = tf.reshape(no, tf.concat([tf.shape(no), ones], 0))
            no = tf.reshape(tf.broadcast_to(no, shape[:lead]), [-1])
        h_hat, err_var = self._prior.denoise(
            tf.reshape(y, [-1, *self._event_shape]), no
        )
        return tf.reshape(h_hat, shape), tf.reshape(err_var, shape)
