"""Estimator with a prior over the whole slot."""

from typing import Any

import tensorflow as tf

from commgen.frame.slot_mixture import GridMixture
from commgen.phy.estimation.observer import PilotObserver, expand_noise
from commgen.phy.estimation.slot.filter import SlotFilter


class SlotPriorEstimator(PilotObserver):
    r"""MMSE estimate of the whole slot from its pilots, under a mixture.

    .. math:: \hat{h} = \mathrm{E}[h \mid y], \qquad
              \mathrm{err\_var} = \mathrm{Var}[h \mid y]

    on all resource elements, without interpolation. Each antenna and each stream has
    its own channel, and all of them between one receiver and the transmitter have one
    component, for delay profile and Doppler shift are common:

    .. math:: p(k \mid y) \propto w_k \prod_{a, s} p(y_{a s} \mid k)

    Where streams share resource elements (a CDM group of the DMRS) their channels are
    estimated together, as in
    :class:`~commgen.phy.estimation.LMMSEInterpolationEstimator`, and what is specular
    is taken as Gaussian there. With one component it is that estimator.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter; see
        :meth:`~commgen.phy.estimation.layout.PilotLayout.of` for what its pilots obey.
    prior : GridMixture or GaussianMixture
        Over [num_ofdm_symbols, num_effective_subcarriers]; see
        :meth:`~commgen.frame.slot_mixture.GridMixture.from_mixture` for what
        becomes of the second.
    share
        Whether the antennas and streams have one component. Otherwise each has its own,
        which loses what they tell of each other.

    Input, Output
    -------------
    As in :class:`~commgen.phy.estimation.observer.PilotObserver`; single precision.
    With noise without end ``h_hat`` is zero and ``err_var`` the prior variance.

    Raises
    ------
    TypeError
        If ``prior`` is no mixture.
    ValueError
        If the grid is refused, or the prior's event has another shape.
    """

    def __init__(self, resource_grid: Any, prior: Any, *, share: bool = True):
        super().__init__(resource_grid, precision="single")
        if not isinstance(prior, GridMixture):
            prior = GridMixture.from_mixture(prior)
        layout = self._layout
        wanted = (resource_grid.num_ofdm_symbols, len(layout.frequencies))
        if prior.event_shape != wanted:
            raise ValueError(
                "prior must have the event_shape [num_ofdm_symbols, "
                f"num_effective_subcarriers] = {wanted}, got {prior.event_shape}."
            )
        self._share = share
        self._log_weights = tf.constant(prior.log_weights, tf.float32)
        self._filters = []
        for group in layout.groups:
            first = layout.pilots[group[0]].reshape(-1)
            factors = [layout.pilots[s].reshape(-1) / first for s in group]
            positions = self._own_ind[group[0]].reshape(-1)
            self._filters.append(SlotFilter(prior, positions, factors))

    def estimate_at_pilot_locations(self, y_pilots, no):
        """Return the estimate of :meth:`call` at the pilots of each stream."""
        return tuple(self._at_pilots(x) for x in self._on_grid(y_pilots, no)[:2])

    def call(self, y, no):
        """Return ``h_hat`` and ``err_var`` on the whole grid."""
        h_hat, err_var, _ = self._on_grid(*self.matched_pilots(y, no))
        return h_hat[:, :, :, None], err_var[:, :, :, None]

    def responsibilities(self, y, no):
        """Return p(k | y), [batch, num_rx, num_components]; needs ``share``."""
        if not self._share:
            raise ValueError("share must be True for one component a link, got False.")
        return self._on_grid(*self.matched_pilots(y, no))[2]

    def _at_pilots(self, x):
        flat = tf.reshape(x, tf.concat([tf.shape(x)[:4], [-1]], 0))
        streams = enumerate(self._own_ind)
        own = [tf.gather(flat[:, :, :, s], index, axis=-1) for s, index in streams]
        return tf.stack(own, axis=3)

    def _on_grid(self, y_pilots, no):
        shape = tf.shape(y_pilots)
        no = expand_noise(no, 2)
        if not self._share:  # each antenna as a receiver of its own
            no = tf.repeat(tf.broadcast_to(no, shape[:2]), shape[2], axis=1)
            apart = tf.concat([shape[:1], [-1, 1], shape[3:]], 0)
            y_pilots = tf.reshape(y_pilots, apart)
        groups = zip(self._layout.groups, self._filters, strict=True)
        seen = [
            (group, one, one.project(_flat(y_pilots[:, :, :, group[0]])))
            for group, one in groups
        ]
        logs = [one.log_likelihood(z, no) for _, one, z in seen]
        if self._share:
            logs = [tf.add_n(logs)] * len(logs)
        h_hat: list[Any] = [None] * len(self._layout.symbols)
        err_var = list(h_hat)
        p = None
        for (group, one, z), log_p in zip(seen, logs, strict=True):
            p = tf.nn.softmax(self._log_weights + log_p)
            h, v = one.estimate(z, p, no)
            for i, stream in enumerate(group):
                h_hat[stream], err_var[stream] = h[:, :, :, i], v[:, :, :, i]
        out = [tf.stack(x, axis=3) for x in (h_hat, err_var)]
        if not self._share:
            together = tf.concat([shape[:3], tf.shape(out[0])[3:]], 0)
            out = [tf.reshape(x, together) for x in out]
        return *out, p


def _flat(y):
    """Merge the last two axes."""
    return tf.reshape(y, tf.concat([tf.shape(y)[:-2], [-1]], 0))
