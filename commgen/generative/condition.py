"""The circumstances of a channel, as a network sees them."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, tf

# Rows that are remembered, so that a conditional model can draw its own conditions.
_MEMORY = 1024


@keras.saving.register_keras_serializable("commgen")
class Conditioning(layers.Layer):
    """Standardises conditions, and remembers some of those seen in training.

    Parameters
    ----------
    size
        Numbers in a condition; 0 makes a layer that does nothing.

    Input
    -----
    condition : [batch, size], float
        In their own units.

    Output
    ------
    [batch, size], float
        Of zero mean and unit variance over the training set. A number that never
        changed there stays at zero distance from it.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = check_int("size", size, low=0)
        fixed = {"trainable": False}
        self._mean = self.add_weight(
            shape=(size,), initializer="zeros", name="mean", **fixed
        )
        self._scale = self.add_weight(
            shape=(size,), initializer="ones", name="scale", **fixed
        )
        self._rows = self.add_weight(
            shape=(_MEMORY if size else 0, size),
            initializer="zeros",
            name="rows",
            **fixed,
        )
        self.built = True

    def adapt(self, condition) -> None:
        """Take mean, spread and some rows of a training set, [n, size], float."""
        c = np.asarray(condition, np.float64)
        spread = c.std(axis=0)
        self._mean.assign(c.mean(axis=0))
        self._scale.assign(np.where(spread > 0, spread, 1.0))
        # Evenly spaced rows, repeated where there are too few of them.
        index = np.linspace(0, len(c), _MEMORY, endpoint=False).astype(int)
        self._rows.assign(c[index])

    def call(self, condition):
        """Standardise."""
        mean, scale = (tf.convert_to_tensor(w) for w in (self._mean, self._scale))
        return (tf.cast(condition, tf.float32) - mean) / scale

    def draw(self, n, rng) -> np.ndarray:
        """Draw ``n`` of the remembered rows, [n, size], with a NumPy generator."""
        rows = np.asarray(self._rows)
        if not self.size:
            return np.zeros((n, 0), np.float32)
        return rows[rng.integers(len(rows), size=n)]

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "size": self.size}
