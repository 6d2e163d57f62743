"""What estimators share that filter by a covariance which a network tells."""

from abc import abstractmethod
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._random import complex_normal
from commgen.generative._untyped import keras, tf
from commgen.generative.denoising.model import DenoisingModel
from commgen.generative.denoising.solver import (
    MOST_STEPS,
    multistep_sample,
    noise_levels,
)
from commgen.generative.noisy_examples import SNR_RANGE_DB, noisy_batch

_CHUNK = 256


class FilteringDenoiser(DenoisingModel):
    """One-pass estimator whose network tells the covariance of an LMMSE filter.

    A family gives ``call`` and :meth:`_deviation_of`.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    network
        What tells the covariance, built already.
    num_steps
        Passes of the sampler, at least 2.
    name
        As in :class:`~commgen.generative.GenerativeModel`.
    """

    def __init__(self, event_shape, network, num_steps, *, name=None):
        super().__init__(event_shape, name=name)
        self.num_steps = check_int("num_steps", num_steps, low=2, high=MOST_STEPS)
        self.network = network

    def _check_bins(self, bins) -> None:
        """Raise unless the network was built for these bins, before more is made."""
        built = getattr(self.network, "bins", bins)
        if built != bins:
            raise ValueError(
                f"network must be built for {bins} bins, as event_shape "
                f"{self.event_shape} asks, got {built}."
            )

    @property
    @abstractmethod
    def _noise_shape(self) -> tuple[int, ...]:
        """Shape of the noise that :meth:`_deviation_of` colours, without batch."""

    @abstractmethod
    def _deviation_of(self, y, no, noise) -> Any:
        """Colour white noise [batch, *_noise_shape], complex, as ``denoise`` errs."""

    def _examples(self, rng, h, condition, *, validating=False):
        return noisy_batch(rng, h, **({"share": 1.0} if validating else {}))

    def _denoise(self, y, no):
        out = self.call({"y": parts(y), "no": no})
        h_hat = tf.complex(out["h_hat"][..., 0], out["h_hat"][..., 1])
        return h_hat, out["err_var"]

    def _step(self, x, no, rng, condition=None):
        """As :meth:`DenoisingModel._step`, with deviations as the filter's error is."""
        h_hat, err_var = self._run(x, no)
        no = np.broadcast_to(np.asarray(no, np.float32), len(x))
        deviation = np.empty_like(h_hat)
        # Chains carry the rounding of eigenvectors on: it must not depend on batches.
        signature = (
            tf.TensorSpec((None, *self.event_shape), tf.complex64),
            tf.TensorSpec((None,), tf.float32),
            tf.TensorSpec((None, *self._noise_shape), tf.complex64),
        )
        draw = self._graph("_deviation_of", signature)
        for i in range(0, len(x), _CHUNK):
            rows = slice(i, i + _CHUNK)
            y = x[rows].astype(np.complex64).reshape(-1, *self.event_shape)
            noise = complex_normal(rng, (len(y), *self._noise_shape))
            deviation[rows] = draw(y, no[rows], noise).numpy().reshape(len(y), -1)
        return h_hat + deviation, h_hat, err_var

    def _draw(self, rng, n, condition):
        high, low = (10 ** (-db / 20) for db in SNR_RANGE_DB)
        levels = noise_levels(low, high, self.num_steps)
        x = levels[0] * complex_normal(rng, (n, int(np.prod(self.event_shape))))
        h = multistep_sample(lambda x, no: self._run(x, no)[0], x, levels)
        return h.reshape(n, *self.event_shape)

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


def parts(y, axis=-1):
    """Return real and imaginary part of y, stacked along ``axis``."""
    return tf.stack([tf.math.real(y), tf.math.imag(y)], axis=axis)
