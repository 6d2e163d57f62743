"""Channels as unit-power Fourier coefficients: beams, delays, Doppler shifts."""

import numpy as np

from commgen.generative._untyped import keras, layers, tf
from commgen.generative.additive import mean
from commgen.generative.networks.subnets import real_matrix

# Coefficients under this share of the strongest one's power are not scaled up to it.
_RELATIVE_FLOOR = 1e-6


def to_fourier(h) -> np.ndarray:
    """Take the unitary DFT over all axes of events, [n, *event_shape], complex."""
    h = np.asarray(h)
    x = np.fft.fftn(h, axes=tuple(range(1, h.ndim)), norm="ortho")
    return x.astype(np.complex64)


def from_fourier(x) -> np.ndarray:
    """Undo :func:`to_fourier`."""
    x = np.asarray(x)
    h = np.fft.ifftn(x, axes=tuple(range(1, x.ndim)), norm="ortho")
    return h.astype(np.complex64)


def fourier_pairs(x, *, inverse=False):
    """Do :func:`to_fourier`, or undo it, on a tensor [batch, *event_shape, 2].

    As products of real matrices, real and imaginary part last: what is exported knows
    neither complex numbers nor Fourier transforms.
    """
    event = list(x.shape[1:-1])
    for axis, size in enumerate(event, start=1):
        W = np.fft.fft(np.eye(size), norm="ortho")
        R = real_matrix(W.conj() if inverse else W)
        order = [i for i in range(len(event) + 1) if i != axis]
        order += [axis, len(event) + 1]
        back = sorted(range(len(order)), key=order.__getitem__)
        lead = [n for i, n in enumerate(event, start=1) if i != axis]
        rows = tf.reshape(tf.transpose(x, order), [-1, 2 * size]) @ R
        x = tf.transpose(tf.reshape(rows, [-1, *lead, size, 2]), back)
    return x


@keras.saving.register_keras_serializable("commgen")
class FourierScale(layers.Layer):
    """Turns channels into real arrays of unit power in the Fourier domain, and back.

    The unitary DFT over all axes makes a channel sparse and keeps white noise white;
    each coefficient is then divided by its root mean square over the training set.
    It works on NumPy arrays, outside of graphs; a layer so that its scale is saved.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    """

    def __init__(self, event_shape, **kwargs):
        super().__init__(**kwargs)
        self.event_shape = tuple(event_shape)
        self._scale = self.add_weight(
            shape=self.event_shape, initializer="ones", name="scale", trainable=False
        )
        self.built = True

    @property
    def scale(self) -> np.ndarray:
        """Root mean square of each coefficient, [*event_shape], float."""
        return np.asarray(self._scale)

    def adapt(self, h, no=0.0) -> None:
        """Take the scale from channels [n, *event_shape], of noise variance ``no``.

        Parameters
        ----------
        h : [n, *event_shape], complex
            Training channels.
        no : float or [n]
            Variance of white noise that they contain, whose power is taken off.
        """
        self.adapt_sums(self.sums(h, no))

    def sums(self, h, no=0.0) -> dict[str, np.ndarray]:
        """Return what :meth:`adapt_sums` takes, for arguments of :meth:`adapt`.

        Returns
        -------
        dict
            ``"count"``, of channels; ``"power"`` : [*event_shape], summed over them;
            ``"noise"``, the sum of ``no``.
        """
        h = np.asarray(h)
        return {
            "count": np.array(float(len(h))),
            "power": np.sum(np.abs(to_fourier(h)) ** 2, axis=0),
            "noise": np.array(float(np.mean(no)) * len(h)),
        }

    def adapt_sums(self, total) -> None:
        """Take the scale from :meth:`sums`, added over any sets of channels."""
        power = mean(total, "power")
        floor = max(_RELATIVE_FLOOR * power.max(), 1e-12)
        noise = mean(total, "noise")
        self._scale.assign(np.sqrt(np.maximum(power - noise, floor)))

    def encode(self, h) -> np.ndarray:
        """Return [n, *event_shape, 2], float32, real and imaginary part last."""
        x = to_fourier(h) / self.scale
        return np.stack([x.real, x.imag], axis=-1).astype(np.float32)

    def decode(self, x) -> np.ndarray:
        """Undo :meth:`encode`, [n, *event_shape], complex64."""
        x = np.asarray(x)
        return from_fourier((x[..., 0] + 1j * x[..., 1]) * self.scale)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "event_shape": list(self.event_shape)}
