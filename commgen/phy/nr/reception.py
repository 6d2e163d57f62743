"""What one estimator makes of the transmissions of a batch of HARQ processes."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen.phy.receiver.batch_sizes import fill_up
from commgen.phy.receiver.refinement import Refinement


class Reception:
    """LLRs of each transmission, with the channel estimated once or again.

    Parameters
    ----------
    slots : HarqSlots
        What arrives.
    estimator : EstimatorReceiver
        Estimator, and whether it estimates again.
    no
        Noise variance.
    receiver : PuschReceiver
        From estimates to LLRs.
    resource_grid : ResourceGrid
        Grid of the PUSCH.

    Attributes
    ----------
    powers
        Error, channel and promised error power of the first transmission, [batch] each.
    """

    def __init__(
        self,
        slots: Any,
        estimator: Any,
        no: float,
        *,
        receiver: Any,
        resource_grid: Any,
    ):
        self._slots, self._estimator, self._no = slots, estimator, no
        self._receiver = receiver
        self._variance = tf.constant(no, tf.float32)
        self._refinement = None
        if estimator.iterations:
            self._refinement = Refinement(
                resource_grid, receiver.num_bits_per_symbol, estimator.refine
            )
        self._h_hat = self._err_var = np.empty(0)
        self.powers: list[np.ndarray] = []

    def receive(self, n: int, index: np.ndarray) -> np.ndarray:
        """Return LLRs [len(index), num_coded_bits] of transmission ``n``."""
        rows = fill_up(index, self._slots.batch_size)
        sent, y = self._observe(n, rows)
        observed = tf.constant(sent.h) if self._estimator.is_genie else y
        h_hat, err_var = self._estimator(observed, self._variance)
        if n == 0:
            sums = _powers(sent.h, h_hat, err_var)
            self.powers = [p.numpy().astype(np.float64) for p in sums]
        if self._refinement is not None:
            self._remember(h_hat, err_var, index)
        return self._llr(y, h_hat, err_var, len(index))

    def refine(self, n: int, index: np.ndarray, llr: np.ndarray) -> np.ndarray:
        """Return LLRs as :meth:`receive`; of the coded bits ``llr`` is known by now."""
        if self._refinement is None:
            raise ValueError("estimator must have iterations, got 0.")
        rows = fill_up(index, self._slots.batch_size)
        sent, y = self._observe(n, rows)
        h_hat, err_var = self._refinement(
            y.numpy()[: len(index)],
            self._no,
            self._receiver.layer_llr(llr),
            self._h_hat[index],
            self._err_var[index],
        )
        self._h_hat[index], self._err_var[index] = h_hat, err_var
        if n == 0:
            h = sent.h[: len(index)]
            for power, new in zip(self.powers, _powers(h, h_hat, err_var), strict=True):
                power[index] = new.numpy()
        h_hat, err_var = self._h_hat[rows], self._err_var[rows]
        return self._llr(y, h_hat, tf.constant(err_var), len(index))

    def _observe(self, n, rows):
        sent = self._slots.transmission(n).take(rows)
        noisy = sent.y_clean + np.float32(self._no**0.5) * sent.noise
        return sent, tf.constant(noisy)

    def _llr(self, y, h_hat, err_var, num):
        told = self._estimator.told(err_var)
        return self._receiver(y, h_hat, told, self._variance)[:num]

    def _remember(self, h_hat, err_var, index):
        h_hat = h_hat.numpy()
        if len(self._h_hat) == 0:
            shape = (self._slots.batch_size, *h_hat.shape[1:])
            self._h_hat = np.empty(shape, h_hat.dtype)
            self._err_var = np.empty(shape, np.float32)
        err_var = np.broadcast_to(err_var.numpy(), h_hat.shape)
        self._h_hat[index] = h_hat[: len(index)]
        self._err_var[index] = err_var[: len(index)]


@tf.function(autograph=False, reduce_retracing=True)
def _powers(h, h_hat, err_var):
    """Error, channel and promised error power of each slot, [batch] each."""
    # Not those of ofdm/reception.py: another order of summation, so other last digits.
    axes = list(range(1, 7))
    return (
        tf.reduce_sum(tf.abs(h_hat - h) ** 2, axes),
        tf.reduce_sum(tf.abs(h) ** 2, axes),
        tf.reduce_sum(tf.broadcast_to(err_var, tf.shape(h)), axes),
    )
