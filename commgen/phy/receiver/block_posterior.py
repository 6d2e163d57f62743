"""Estimate of the channel in blocks of a slot whose symbols are known with doubt."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen.frame.interpolation import linear_weights
from commgen.generative.model import check_prior

_MAX_NO = 1e3  # of a block of which nothing is known; more would tell a prior nothing


class BlockPosterior:
    r"""Channel of each block of resource elements, under an array's prior or none.

    With the model of :class:`~commgen.phy.receiver.SlotPosterior` and a channel that
    holds over a block,

    .. math:: A = \sum_i \bar{x}_i^* \bar{x}_i^T / s_i, \qquad
              A^{-1} \sum_i \bar{x}_i^* y_i / s_i = h + n, \qquad
              n \sim \mathcal{CN}(0, A^{-1})

    over the elements i of the block, where :math:`s_i` is the mean over the antennas of
    noise and doubt. A ``prior`` over the antennas denoises that, stream by stream.
    Without one the prior is white with the power of the last estimate, which only
    guards blocks of which little is known. Blocks are joined by straight lines between
    their middles, held constant outside.

    ``err_var`` is that of the blocks; how the channel changes within one is not in it,
    so they should be smaller than its coherence.

    Parameters
    ----------
    prior
        Model with ``event_shape`` [num_rx_ant] and ``denoise(y, no)``, or None.
    block
        OFDM symbols and subcarriers of a block, at most; blocks are made even.

    Input, Output
    -------------
    As in :class:`~commgen.phy.receiver.SlotPosterior`.

    Raises
    ------
    TypeError
        If ``prior`` cannot estimate.
    ValueError
        If a side of ``block`` is less than 1, or the prior is not over one axis.
    """

    def __init__(self, prior: Any = None, *, block: tuple[int, int]):
        if min(block) < 1:
            raise ValueError(f"block must be at least 1 x 1, got {block}.")
        if prior is not None and len(check_prior("prior", prior).event_shape) != 1:
            raise ValueError(
                "prior must have an event_shape of [num_rx_ant], got "
                f"{tuple(prior.event_shape)}."
            )
        self._block = block
        self._denoise = None
        if prior is not None:
            self._denoise = tf.function(
                prior.denoise, autograph=False, reduce_retracing=True
            )

    def __call__(self, y, no, x_mean, x_var, h_power):
        """Return ``h_hat`` and ``err_var``."""
        starts = [_starts(n, m) for n, m in zip(y.shape[2:], self._block, strict=True)]
        weight = 1 / (no + np.sum(x_var * h_power.mean(axis=1), axis=1))  # [b, T, F]
        x = np.conj(x_mean) * weight[:, None]
        gram = _sum(x[:, :, None] * x_mean[:, None], starts)  # [b, s, s, t, f]
        seen = _sum(x[:, None] * y[:, :, None], starts)  # [b, rx, s, t, f]
        power = np.maximum(h_power.mean(axis=(1, 3, 4)), np.finfo(np.float32).tiny)
        ridge = 1 / power if self._denoise is None else np.full_like(power, 1 / _MAX_NO)
        gram = np.moveaxis(gram, (1, 2), (-2, -1)).astype(complex)
        eye = np.eye(x.shape[1])
        inverse = np.linalg.inv(gram + (ridge[:, None] * eye)[:, None, None])
        h = np.einsum("btfsu,brutf->brstf", inverse, seen)
        err_var = np.real(np.einsum("btfss->bstf", inverse))[:, None]
        if self._denoise is not None:
            h, err_var = self._denoised(h, err_var)
        err_var = np.broadcast_to(err_var, h.shape).astype(np.float32)
        return _spread(h.astype(np.complex64), starts, y), _spread(err_var, starts, y)

    def _denoised(self, h, no):
        """Denoise [b, rx, s, t, f], all antennas of a stream and block together."""
        events = np.moveaxis(h, 1, -1).astype(np.complex64)
        rows = events.reshape(-1, events.shape[-1])
        no = no[:, 0].reshape(-1).astype(np.float32)
        found = self._denoise(rows, no)  # type: ignore[misc]
        return (
            np.moveaxis(np.broadcast_to(v, rows.shape).reshape(events.shape), -1, 1)
            for v in (found[0].numpy(), found[1].numpy())
        )


def _starts(length: int, size: int) -> np.ndarray:
    """Where even blocks of at most ``size`` begin."""
    num = -(-length // size)
    return np.arange(num) * length // num


def _sum(x, starts):
    """Sum the last two axes over blocks."""
    return np.add.reduceat(np.add.reduceat(x, starts[0], axis=-2), starts[1], axis=-1)


def _spread(values, starts, y):
    """Draw lines between the middles of blocks."""
    for axis, first, length in zip((-2, -1), starts, y.shape[2:], strict=True):
        ends = np.append(first[1:], length)
        weights = linear_weights((first + ends - 1) / 2, np.arange(length))
        if axis == -1:
            values = values @ weights
        else:
            values = np.swapaxes(np.swapaxes(values, -2, -1) @ weights, -2, -1)
    return values
