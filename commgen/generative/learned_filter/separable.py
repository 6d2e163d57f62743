"""Channels whose covariance is a product of two Toeplitz ones, told by a network."""

import numpy as np

from commgen.generative._untyped import keras, ops, tf
from commgen.generative.family import NetworkFamily
from commgen.generative.learned_filter.base import FilteringDenoiser, parts
from commgen.generative.learned_filter.spectrum_network import (
    MADE,
    SEEN,
    SpectrumNetwork,
)
from commgen.generative.learned_filter.toeplitz_filter import (
    outer_products,
    real_coordinates,
    separable_deviation,
    separable_filter,
)
from commgen.generative.networks.subnets import real_matrix
from commgen.generative.training import TrainingConfig

_VARIANCE_WEIGHT = 0.1
_CHUNK = 256
# Of which y is its own estimate to the last digit of float32, or nearly.
_LEAST_NO = 1e-8


@keras.saving.register_keras_serializable("commgen")
class SeparableDenoiser(FilteringDenoiser):
    r"""One-pass estimator for arrays at both ends: learned spectra, an exact filter.

    A network reads two spectral densities from the noisy channel. They make covariances
    that are Toeplitz, as those of linear arrays are, and their Kronecker product is the
    prior of an LMMSE filter,

    .. math:: \hat h = C\,(C + N_0 I)^{-1} y, \qquad C = C_a(y) \otimes C_b(y),

    through which the network is trained to the least error. That is the structure of
    Neumann, Wiese and Utschick, *Learning the MMSE Channel Estimator*, IEEE Trans.
    Signal Process. 66 (2018), with the filter itself in place of its circulant
    approximation, which loses up to 3 dB where paths are narrow. Turning the phase of
    a channel turns its estimate; so do mirroring along all axes and conjugation.

    Parameters
    ----------
    event_shape
        One or two axes: the antennas of linear arrays.
    network
        :class:`~commgen.generative.learned_filter.spectrum_network.SpectrumNetwork`,
        the default, or a layer that maps as it does.
    num_steps
        Passes of the sampler, at least 2.
    name
        As in :class:`~commgen.generative.GenerativeModel`.

    Raises
    ------
    ValueError
        If ``event_shape`` has more than two axes.
    """

    default_training = TrainingConfig(num_epochs=8, learning_rate=3e-3)

    def __init__(self, event_shape, network=None, num_steps=16, *, name=None):
        network = SpectrumNetwork() if network is None else network
        super().__init__(event_shape, network, num_steps, name=name)
        if len(self.event_shape) > 2:
            raise ValueError(
                f"event_shape must have one or two axes, got {self.event_shape}."
            )
        self._n_a, self._n_b = (*self.event_shape, 1)[:2]
        if not self.network.built:
            self.network.build(((None, 2, self._n_b, self._n_a), (None,)))
        self._check_bins((SEEN * self._n_a, SEEN * self._n_b))
        self._to_a = _constant(real_matrix(real_coordinates(self._n_a).conj()))
        self._to_b = _constant(real_matrix(real_coordinates(self._n_b).conj()))
        self._make_a = _constant(outer_products(self._n_a, MADE * self._n_a))
        self._make_b = _constant(outer_products(self._n_b, MADE * self._n_b))
        self.built = True

    def call(self, inputs):
        """Map {"y": [b, *event, 2], "no": [b]} to {"h_hat", "err_var"}."""
        y, no = inputs["y"], inputs["no"]
        x, scale, R_a, R_b, log_var = self._covariances(y, no)
        h_hat, variance = separable_filter(x, R_a, R_b)
        variance = ops.swapaxes(ops.stop_gradient(variance), 1, 2)
        level = ops.maximum(no, _LEAST_NO) * ops.exp(log_var)
        err_var = variance * ops.reshape(level, (-1, 1, 1))
        return {
            "h_hat": ops.reshape(self._leave(h_hat) * scale, ops.shape(y)),
            "err_var": ops.reshape(err_var, ops.shape(y)[:-1]),
        }

    def _covariances(self, y, no):
        """Return y in real coordinates and units of the noise, and what explains it."""
        no = ops.maximum(no, _LEAST_NO)
        scale = ops.reshape(ops.sqrt(no), (-1, 1, 1, 1))
        x = self._enter(ops.reshape(y, (-1, self._n_a, self._n_b, 2)) / scale)
        s_a, s_b, log_var = self.network((x, ops.log(no)))
        R_a = ops.reshape(s_a @ self._make_a, (-1, self._n_a, self._n_a))
        R_b = ops.reshape(s_b @ self._make_b, (-1, self._n_b, self._n_b))
        return x, scale, R_a, R_b, log_var

    def _enter(self, y):
        """Channels [b, n_a, n_b, 2] to real coordinates [b, 2, n_b, n_a]."""
        y = ops.reshape(y, (-1, 2 * self._n_b)) @ self._to_b
        y = ops.reshape(y, (-1, self._n_a, self._n_b, 2))
        y = ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (-1, 2 * self._n_a))
        y = ops.reshape(y @ self._to_a, (-1, self._n_b, self._n_a, 2))
        return ops.transpose(y, (0, 3, 1, 2))

    def _leave(self, x):
        """Undo :meth:`_enter`, of which both factors are orthogonal."""
        x = ops.reshape(ops.transpose(x, (0, 2, 3, 1)), (-1, 2 * self._n_a))
        x = x @ ops.transpose(self._to_a)
        x = ops.reshape(x, (-1, self._n_b, self._n_a, 2))
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, 2 * self._n_b))
        x = x @ ops.transpose(self._to_b)
        return ops.reshape(x, (-1, self._n_a, self._n_b, 2))

    def _loss(self, x, y, y_pred):
        """Squared error over that of a white prior, plus the variance's likelihood."""
        no, axes = x["no"], tuple(range(1, 1 + len(self.event_shape)))
        error = ops.sum((y_pred["h_hat"] - y) ** 2, axis=-1)
        white = no / (1 + no)
        mean_loss = ops.mean(ops.mean(error, axis=axes) / white)
        v = y_pred["err_var"]
        likelihood = ops.mean(ops.stop_gradient(error) / v + ops.log(v), axis=axes)
        return mean_loss + _VARIANCE_WEIGHT * ops.mean(likelihood - ops.log(white))

    @property
    def _noise_shape(self):
        return self._n_b, self._n_a

    def _deviation_of(self, y, no, noise):
        """Colour noise [b, 2, n_b, n_a] as the error of an estimate, [b, *event]."""
        _, scale, R_a, R_b, log_var = self._covariances(parts(y), no)
        spread = ops.exp((log_var + self.calibration(no)) / 2)
        x = self._leave(separable_deviation(parts(noise, axis=1), R_a, R_b)) * scale
        x = x * ops.reshape(spread, (-1, 1, 1, 1))
        return tf.reshape(tf.complex(x[..., 0], x[..., 1]), tf.shape(y))


def _constant(matrix: np.ndarray):
    return ops.convert_to_tensor(matrix, "float32")


FAMILIES = {"separable": NetworkFamily(SeparableDenoiser, takes_conditions=False)}
