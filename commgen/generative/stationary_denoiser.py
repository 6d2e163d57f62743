"""Channels of a line of antennas, whose covariance a network tells."""

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.generative._untyped import keras, ops, tf
from commgen.generative.denoising import DenoisingModel
from commgen.generative.guided import noise_levels
from commgen.generative.line_filter import LineFilter
from commgen.generative.line_network import LineNetwork
from commgen.generative.noising import SNR_RANGE_DB, noisy_batch
from commgen.generative.preconditioner import real_matrix
from commgen.generative.solver import multistep_sample
from commgen.generative.toeplitz_filter import real_coordinates
from commgen.generative.training import TrainingConfig

_POINTS = 2  # of a spectrum, for each antenna
_VARIANCE_WEIGHT = 0.1
_EARLY_WEIGHT = 0.3
_LOG_RANGE = (-16.0, 16.0)
_CHUNK = 256


@keras.saving.register_keras_serializable("commgen")
class StationaryDenoiser(DenoisingModel):
    r"""One-pass estimator for a linear array: a learned spectrum, filtered exactly.

    A network reads a spectral density s from the noisy channel. It makes a Toeplitz
    covariance, that of an LMMSE filter through which the network is trained to the
    least error,

    .. math:: \hat h = R\,(R + N_0 I)^{-1} y, \qquad
              R = \sum_k s_k(y)\, a(u_k)\, a(u_k)^\mathsf{H} / G.

    That is the structure of Neumann, Wiese and Utschick, *Learning the MMSE Channel
    Estimator*, IEEE Trans. Signal Process. 66 (2018), with the filter itself in place
    of its circulant approximation, and a second look at what the first filter found.
    The channel's phase does not change the spectrum, and mirroring the array mirrors
    it only. For arrays at both ends see
    :class:`~commgen.generative.SeparableDenoiser`.

    Parameters
    ----------
    event_shape
        One axis: the antennas.
    network
        :class:`~commgen.generative.line_network.LineNetwork`, the default, or a layer
        that is called as it is.
    num_steps
        Passes of the sampler, at least 2.
    name
        As in :class:`~commgen.generative.GenerativeModel`.

    Raises
    ------
    ValueError
        If ``event_shape`` has more than one axis.
    """

    default_training = TrainingConfig(num_epochs=50, batch_size=256, learning_rate=3e-3)

    def __init__(self, event_shape, network=None, num_steps=16, *, name=None):
        super().__init__(event_shape, name=name)
        if len(self.event_shape) != 1:
            raise ValueError(f"event_shape must have one axis, got {self.event_shape}.")
        self.num_steps = check_int("num_steps", num_steps, low=2)
        (size,) = self.event_shape
        self.network = LineNetwork() if network is None else network
        if not self.network.built:
            self.network.build((None, _POINTS * size))
        self._filter = LineFilter(size, _POINTS * size)
        self._basis = ops.convert_to_tensor(
            real_matrix(real_coordinates(size).conj()), "float32"
        )
        self.built = True

    def call(self, inputs):
        """Map {"y": [b, n, 2], "no": [b]} to {"h_hat", "err_var", "early"}.

        "early" holds the estimates of the stages before the last, [b, n, 2] each.
        """
        y, no = inputs["y"], inputs["no"]
        x, scale, spectra, log_var = self._spectra(y, no)
        *early, h_hat = (
            self._leave(self._filter.estimate(x, s)) * scale for s in spectra
        )
        variance = self._filter.variance(ops.stop_gradient(spectra[-1]))
        return {
            "h_hat": h_hat,
            "err_var": variance * (no * ops.exp(log_var))[:, None],
            "early": early,
        }

    def _spectra(self, y, no):
        """Return y in real coordinates and units of the noise, and what explains it."""
        scale = ops.reshape(ops.sqrt(no), (-1, 1, 1))
        x = self._enter(y / scale)

        def estimate(log_spectrum):
            h_hat = self._filter.estimate(x, _exp(log_spectrum))
            parts = (h_hat, x - h_hat)
            return tuple(self._filter.periodogram(part) for part in parts)

        log_spectra, log_var = self.network(
            self._filter.periodogram(x), ops.log(no), estimate=estimate
        )
        return x, scale, [_exp(s) for s in log_spectra], log_var

    def _enter(self, y):
        shape = ops.shape(y)
        return ops.reshape(ops.reshape(y, (shape[0], -1)) @ self._basis, shape)

    def _leave(self, x):
        shape, inverse = ops.shape(x), ops.transpose(self._basis)
        return ops.reshape(ops.reshape(x, (shape[0], -1)) @ inverse, shape)

    def _examples(self, rng, h, condition, *, validating=False):
        return noisy_batch(rng, h, **({"share": 1.0} if validating else {}))

    def _loss(self, x, y, y_pred):
        """Squared error over that of a white prior, plus the variance's likelihood."""
        white = x["no"] / (1 + x["no"])
        error = ops.sum((y_pred["h_hat"] - y) ** 2, axis=-1)
        loss = ops.mean(ops.mean(error, axis=1) / white)
        for h_hat in y_pred["early"]:
            early = ops.mean(ops.sum((h_hat - y) ** 2, axis=-1), axis=1)
            loss = loss + _EARLY_WEIGHT * ops.mean(early / white)
        v = y_pred["err_var"]
        likelihood = ops.mean(ops.stop_gradient(error) / v + ops.log(v), axis=1)
        return loss + _VARIANCE_WEIGHT * ops.mean(likelihood - ops.log(white))

    def _denoise(self, y, no):
        out = self.call({"y": _parts(y), "no": no})
        h_hat = tf.complex(out["h_hat"][..., 0], out["h_hat"][..., 1])
        return h_hat, out["err_var"]

    def _deviation_of(self, y, no, noise):
        """Colour noise [b, 3 n, 2] as the error of :meth:`denoise`, [b, n]."""
        _, scale, spectra, log_var = self._spectra(_parts(y), no)
        spread = ops.exp((log_var + self.calibration(no)) / 2)[:, None, None]
        x = self._leave(self._filter.deviation(noise, spectra[-1])) * scale * spread
        return tf.complex(x[..., 0], x[..., 1])

    def _step(self, x, no, rng):
        """As :meth:`DenoisingModel._step`, with deviations as the filter's error is."""
        h_hat, err_var = self._flat.denoise(x, no)
        no = np.broadcast_to(np.asarray(no, np.float32), len(x))
        deviation, draw = np.empty_like(h_hat), self._graph("_deviation_of")
        points = (1 + _POINTS) * self.event_shape[0]
        for i in range(0, len(x), _CHUNK):
            rows = slice(i, i + _CHUNK)
            noise = complex_normal(rng, (len(x[rows]), points))
            noise = np.stack([noise.real, noise.imag], axis=-1)
            deviation[rows] = draw(x[rows].astype(np.complex64), no[rows], noise)
        return h_hat + deviation, h_hat, err_var

    def _draw(self, rng, n, condition):
        high, low = (10 ** (-db / 20) for db in SNR_RANGE_DB)
        levels = noise_levels(low, high, self.num_steps)
        x = levels[0] * complex_normal(rng, (n, *self.event_shape))
        return multistep_sample(lambda x, no: self._flat.denoise(x, no)[0], x, levels)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "num_steps": self.num_steps,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Build the model from :meth:`get_config`."""
        network = keras.saving.deserialize_keras_object(config["network"])
        return cls(**{**config, "network": network})


def _exp(log_spectrum):
    return ops.exp(ops.clip(log_spectrum, *_LOG_RANGE))


def _parts(y):
    return tf.stack([tf.math.real(y), tf.math.imag(y)], axis=-1)
