"""Denoisers that work without complex numbers, as exported models must."""

from abc import abstractmethod
from typing import Any

from commgen.generative._untyped import tf
from commgen.generative.denoising.model import DenoisingModel


class PairsDenoisingModel(DenoisingModel):
    """Denoising family whose one pass is written in real and imaginary parts.

    A family gives :meth:`_denoise_pairs`, which holds for complex numbers too.

    Parameters
    ----------
    event_shape, num_conditions, name
        As in :class:`~commgen.generative.GenerativeModel`.
    """

    @abstractmethod
    def _denoise_pairs(self, y, no) -> Any:
        """Estimate as :meth:`denoise_pairs` does, before calibration."""

    def denoise_pairs(self, y, no):
        """Do :meth:`denoise` on real and imaginary parts.

        Parameters
        ----------
        y : [batch, *event_shape, 2], tf.float32
            Received channels.
        no : [batch], tf.float32
            Noise variance, linear.

        Returns
        -------
        h_hat : [batch, *event_shape, 2], tf.float32
        err_var : [batch, *event_shape], tf.float32
        """
        h_hat, err_var = self._denoise_pairs(y, no)
        return h_hat, err_var * self._scale(no)

    def _denoise(self, y, no):
        h_hat, err_var = self._denoise_pairs(to_pairs(y), no)
        return from_pairs(h_hat), err_var


def to_pairs(x):
    """Return real and imaginary parts of complex x : [...] as [..., 2]."""
    return tf.stack([tf.math.real(x), tf.math.imag(x)], axis=-1)


def from_pairs(x):
    """Undo :func:`to_pairs`."""
    return tf.complex(x[..., 0], x[..., 1])
