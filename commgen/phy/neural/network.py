"""Network that corrects the LLRs of a plain receiver."""

from typing import Any

import keras as _keras

from commgen._checks import check_int

keras: Any = _keras
layers: Any = _keras.layers
ops: Any = _keras.ops

_DILATIONS = ((1, 1), (1, 3), (2, 6))  # symbols and subcarriers; wider each time


@keras.saving.register_keras_serializable("commgen")
class ReceiverNetwork(keras.Model):
    r"""Residual convolutions over the grid that correct LLRs.

    .. math:: \ell = e^{a(z)} \ell_0 + b(z)

    with the LLRs :math:`\ell_0` of a least-squares receiver and outputs :math:`a, b` of
    a small convolutional network (after Honkala, Korpi and Huttunen, "DeepRx", IEEE
    Trans. Wireless Commun. 20(6), 2021, which learns the whole of it). Both are zero
    before training, when it is the plain receiver.

    Parameters
    ----------
    num_bits_per_symbol
        LLRs of a resource element.
    width
        Channels of the hidden layers.
    name
        As in Keras.

    Input
    -----
    z : [batch, num_ofdm_symbols, num_subcarriers, num_features + num_bits_per_symbol], float
        Features, of which the first is 1 where data are sent and 0 elsewhere, and the
        plain LLRs.

    Output
    ------
    llr : [batch, num_ofdm_symbols, num_subcarriers, num_bits_per_symbol], float
    """  # noqa: E501

    def __init__(self, num_bits_per_symbol, width=32, *, name=None):
        super().__init__(name=name)
        self.num_bits_per_symbol = check_int(
            "num_bits_per_symbol", num_bits_per_symbol, low=1
        )
        self.width = check_int("width", width, low=1)
        self._stem = layers.Conv2D(width, 3, padding="same")
        self._pairs = [
            [
                layers.Conv2D(width, 3, padding="same", dilation_rate=dilation)
                for dilation in (rate, (1, 1))
            ]
            for rate in _DILATIONS
        ]
        self._head = layers.Conv2D(
            2 * num_bits_per_symbol, 1, kernel_initializer="zeros"
        )

    def build(self, input_shape):
        """Make the weights for so many features."""
        hidden = (*input_shape[:-1], self.width)
        self._stem.build(input_shape)
        for layer in (layer for pair in self._pairs for layer in pair):
            layer.build(hidden)
        self._head.build(hidden)
        super().build(input_shape)

    def call(self, z):
        """Return the corrected LLRs."""
        plain = z[..., -self.num_bits_per_symbol :]
        x = self._stem(z)
        for first, second in self._pairs:
            x = x + second(ops.relu(first(ops.relu(x))))
        scale, shift = ops.split(self._head(ops.relu(x)), 2, axis=-1)
        return ops.exp(ops.clip(scale, -5.0, 5.0)) * plain + shift

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight=None,
        training=True,
    ):
        """Return the cross-entropy of the bits that were sent, in nats a bit."""
        loss = ops.binary_crossentropy(y, y_pred, from_logits=True)
        data = x[..., :1]
        return ops.sum(loss * data) / (ops.sum(data) * self.num_bits_per_symbol)

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            "num_bits_per_symbol": self.num_bits_per_symbol,
            "width": self.width,
            "name": self.name,
        }
