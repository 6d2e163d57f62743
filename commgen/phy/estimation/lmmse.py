"""LMMSE interpolation from the pilots to the whole grid."""

from typing import Any, Literal

import numpy as np
import tensorflow as tf

from commgen.phy.estimation.covariance import GridCovariance
from commgen.phy.estimation.lmmse_axis import FilterAxis, unexplained
from commgen.phy.estimation.observer import PilotObserver, expand_noise

Order = Literal["2d", "f-t", "t-f"]


class LMMSEInterpolationEstimator(PilotObserver):
    r"""Channel estimate under a known covariance over time and frequency.

    ``order="2d"`` is the LMMSE estimate from all pilots of a stream at once,

    .. math:: \hat{h} = R_{h y} (R_{y y} + N_0 / |p|^2 I)^{-1} y, \qquad
              R = R_t \otimes R_f

    and ``err_var`` its posterior variance. Where streams share resource elements (a CDM
    group of the DMRS) their channels are estimated together, so that what despreading
    would leave of the other stream is not there.

    ``"f-t"`` and ``"t-f"`` are two LMMSE filters one after the other, with the numbers
    of Sionna's ``LSChannelEstimator`` and ``LMMSEInterpolator`` of that order: the
    first pass is scaled to be unbiased, and the second takes its error for white noise.
    That is worse than ``"2d"``, and costs as much.

    All filters are diagonal in a basis that is computed once
    (:class:`~commgen.phy.estimation.lmmse_axis.FilterAxis`), so that another noise
    variance costs nothing.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter; see
        :meth:`~commgen.phy.estimation.layout.PilotLayout.of`.
    covariance
        Of the channel of each stream at each antenna, all alike and independent.
    order
        See above.

    Input, Output
    -------------
    As in :class:`~commgen.phy.estimation.observer.PilotObserver`; single precision.
    Without noise the pilots are met exactly; with noise without end ``h_hat`` is zero
    and ``err_var`` the prior variance.

    Raises
    ------
    ValueError
        If the grid or ``order`` is refused, the covariance has another size than the
        grid, or streams share elements and ``order`` is not ``"2d"``, or their pilots
        change from OFDM symbol to OFDM symbol in another way than each other's.
    """

    def __init__(
        self, resource_grid, covariance: GridCovariance, *, order: Order = "2d"
    ):
        super().__init__(resource_grid, precision="single")
        if order not in ("2d", "f-t", "t-f"):
            raise ValueError(f"order must be '2d', 'f-t' or 't-f', got {order!r}.")
        if not isinstance(covariance, GridCovariance):
            raise TypeError(
                f"covariance must be a GridCovariance, got {type(covariance)}."
            )
        layout = self._layout
        found = (len(covariance.time), len(covariance.frequency))
        wanted = (resource_grid.num_ofdm_symbols, len(layout.frequencies))
        if found != wanted:
            raise ValueError(
                "covariance must be over the grid's OFDM symbols and effective "
                f"subcarriers, {wanted[0]} and {wanted[1]}, got {found[0]} and "
                f"{found[1]}."
            )
        if order != "2d" and layout.num_averaged > 1:
            raise ValueError(
                "order must be '2d' where streams share pilots, for they are told "
                f"apart by their covariance, got {order!r}."
            )
        self._order = order
        self._filters = [_axes(layout, group, covariance) for group in layout.groups]

    def estimate_at_pilot_locations(self, y_pilots, no):
        """Return the estimate of :meth:`call` at the pilots of each stream."""
        h_hat, err_var = self._on_grid(y_pilots, no)
        err_var = tf.broadcast_to(err_var, tf.shape(h_hat))
        return self._at_pilots(h_hat), self._at_pilots(err_var)

    def call(self, y, no):
        """Return ``h_hat`` and ``err_var`` on the whole grid."""
        h_hat, err_var = self._on_grid(*self.matched_pilots(y, no))
        return h_hat[:, :, :, None], err_var[:, :, :, None]

    def _at_pilots(self, x):
        flat = tf.reshape(x, tf.concat([tf.shape(x)[:4], [-1]], 0))
        streams = enumerate(self._own_ind)
        own = [tf.gather(flat[:, :, :, s], index, axis=-1) for s, index in streams]
        return tf.stack(own, axis=3)

    def _on_grid(self, y_pilots, no):
        estimate = _two_dimensional if self._order == "2d" else _two_passes
        no = expand_noise(no, 5)
        h_hat: list[Any] = [None] * len(self._layout.symbols)
        err_var = list(h_hat)
        for group, axes in zip(self._layout.groups, self._filters, strict=True):
            y = y_pilots[:, :, :, group[0]]
            streams = estimate(y, no, *axes, self._order, len(group))
            for stream, (h, v) in zip(group, streams, strict=True):
                h_hat[stream], err_var[stream] = h, v
        return tf.stack(h_hat, axis=3), tf.stack(err_var, axis=3)


def _axes(layout, group, covariance) -> tuple[FilterAxis, FilterAxis]:
    """Return the axes of time and frequency of streams on the same elements."""
    first = group[0]
    G_t, G_f = covariance.time, covariance.frequency
    G_pilots = G_f[layout.subcarriers[first]]
    observed, targets = [], []
    for i, stream in enumerate(group):
        ratio = layout.pilots[stream] / layout.pilots[first]
        if np.ptp(ratio, axis=0).max() > 1e-3:
            raise ValueError(
                f"The pilots of streams {first} and {stream}, which share resource "
                "elements, must differ by the same factors in all OFDM symbols."
            )
        observed.append(ratio[0][:, None] * G_pilots)
        targets.append(np.kron(np.eye(len(group))[i], G_f))
    time = FilterAxis(G_t[layout.symbols[first]], [G_t])
    return time, FilterAxis(np.hstack(observed), targets)


def _two_dimensional(y, no, time, frequency, order, num_streams):
    """LMMSE from all pilots: y [b, rx, ant, T_p, F_p], no [.., 1, 1]."""
    s = time.seen[:, None] * frequency.seen
    gain = tf.math.divide_no_nan(s + 0 * no, s**2 + no)
    z = time.project(frequency.project(y, -1), -2)
    z = z * tf.cast(gain, z.dtype)
    s2 = np.outer(time.singular**2, frequency.singular**2)
    left = unexplained(s2, no)
    for i in range(num_streams):
        h_hat = time.spread(frequency.spread(z, -1, i), -2)
        err_var = tf.matmul(time.powers[0], left)
        yield h_hat, tf.matmul(err_var, frequency.powers[i], transpose_b=True)


def _two_passes(y, no, time, frequency, order, num_streams):
    """LMMSE over one axis, made unbiased, then over the other; for one stream."""
    passes = [(frequency, -1), (time, -2)]
    (first, axis), (second, other) = passes if order == "f-t" else passes[::-1]
    no = tf.squeeze(no, -1)
    z = first.project(y, axis) * _along(first.gain(no), axis, y.dtype)
    explained, left = first.explained(no)
    prior = explained + left
    scale = tf.math.divide_no_nan(prior, explained)
    x = first.spread(z, axis) * _along(scale, axis, y.dtype)
    # What is wrong with x after the first pass, [..., targets, 1].
    no = tf.expand_dims(tf.where(explained > 0, left * scale, prior), -1)
    gain, (_, left) = second.gain(no), second.explained(no)
    if other == -2:
        gain, left = tf.linalg.matrix_transpose(gain), tf.linalg.matrix_transpose(left)
    z = second.project(x, other) * tf.cast(gain, y.dtype)
    return [(second.spread(z, other), left)]


def _along(x, axis, dtype):
    """Turn [..., n] into a row (axis -1) or column (-2) of the last two axes."""
    return tf.cast(tf.expand_dims(x, -2 if axis == -1 else -1), dtype)
