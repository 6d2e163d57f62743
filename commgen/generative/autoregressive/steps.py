"""Channels as sequences of complex numbers, in the order that a model draws them."""

import numpy as np

from commgen.generative._untyped import keras, layers
from commgen.generative.additive import mean

# Coefficients under this share of the strongest one's power are not scaled up to it.
_RELATIVE_FLOOR = 1e-6


@keras.saving.register_keras_serializable("commgen")
class StepSequence(layers.Layer):
    """Turns channels into sequences of unit power, step by step along one axis.

    The unitary DFT over the axes makes a channel sparse. Where the steps are moments
    of time their axis is left alone, and one scale holds for all of them, so that a
    sequence can go on for ever; else each coefficient has its own. The entries of one
    step follow each other in C order of the other axes.

    It works on NumPy arrays, outside of graphs; a layer so that its scale is saved.

    Parameters
    ----------
    event_shape
        Shape of one channel.
    axis
        Axis of the event, not negative, along which steps run.
    over_time
        Whether that axis is time.
    """

    def __init__(self, event_shape, axis, over_time, **kwargs):
        super().__init__(**kwargs)
        self.event_shape = tuple(event_shape)
        self.axis, self.over_time = axis, over_time
        self.num_steps = self.event_shape[axis]
        self.step_size = int(np.prod(self.event_shape)) // self.num_steps
        rows = 1 if over_time else self.num_steps
        self._scale = self.add_weight(
            shape=(rows, self.step_size),
            initializer="ones",
            name="scale",
            trainable=False,
        )
        self._start = self.add_weight(
            shape=(), initializer="zeros", name="start", trainable=False
        )
        self.built = True

    @property
    def scale(self) -> np.ndarray:
        """Root mean square of each coefficient, [num_steps or 1, step_size]."""
        return np.asarray(self._scale)

    def adapt(self, h) -> None:
        """Take scale and first step from training channels [n, *event_shape]."""
        self.adapt_sums(self.sums(h))

    def sums(self, h) -> dict[str, np.ndarray]:
        """Return ``"count"`` and ``"power"`` : [num_steps, step_size], of channels."""
        x = self._coefficients(np.asarray(h))
        return {
            "count": np.array(float(len(x))),
            "power": np.sum(np.abs(x) ** 2, axis=0),
        }

    def adapt_sums(self, total) -> None:
        """Take scale and first step from :meth:`sums`, added over sets of channels."""
        power, start = mean(total, "power"), 0
        if self.over_time:
            power = power.mean(axis=0, keepdims=True)
        else:
            start = _gap(power.sum(axis=1))
            power = np.roll(power, -start, axis=0)
        self._start.assign(float(start))
        floor = max(_RELATIVE_FLOOR * power.max(), 1e-12)
        self._scale.assign(np.sqrt(np.maximum(power, floor)))

    def encode(self, h) -> np.ndarray:
        """Return [n, num_steps * step_size, 2], float32, real and imaginary part."""
        x = self._transform(h) / self.scale
        x = x.reshape(len(x), -1)
        return np.stack([x.real, x.imag], axis=-1).astype(np.float32)

    def decode(self, x) -> np.ndarray:
        """Undo :meth:`encode`; over time, for any number of steps."""
        x = np.asarray(x)
        x = (x[..., 0] + 1j * x[..., 1]).reshape(len(x), -1, self.step_size)
        x = np.roll(x * self.scale, int(np.asarray(self._start)), axis=1)
        others = np.delete(self.event_shape, self.axis)
        h = np.moveaxis(x.reshape(len(x), -1, *others), 1, 1 + self.axis)
        return np.fft.ifftn(h, axes=self._axes, norm="ortho").astype(np.complex64)

    def _transform(self, h):
        x = self._coefficients(np.asarray(h))
        return np.roll(x, -int(np.asarray(self._start)), axis=1)

    def _coefficients(self, h):
        """Return [n, num_steps, step_size], where no step has been chosen as first."""
        x = np.fft.fftn(h, axes=self._axes, norm="ortho")
        x = np.moveaxis(x, 1 + self.axis, 1)
        return x.reshape(len(x), self.num_steps, self.step_size)

    @property
    def _axes(self):
        """Axes of the transform."""
        left_out = [self.axis] if self.over_time else []
        axes = [i for i in range(len(self.event_shape)) if i not in left_out]
        return tuple(1 + i for i in axes)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "event_shape": list(self.event_shape),
            "axis": self.axis,
            "over_time": self.over_time,
        }


def _gap(power) -> int:
    """Return where the weakest stretch of a circle has its middle.

    A sequence that starts there does not cut through a group of strong coefficients.
    """
    size = len(power)
    width = max(size // 8, 1)
    circle = np.concatenate([power, power[:width]])
    stretch = np.convolve(circle, np.ones(width), "valid")[:size]
    return int((np.argmin(stretch) + width // 2) % size)
