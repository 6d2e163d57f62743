"""The circumstances of a channel, as a network sees them."""

import numpy as np
from scipy.stats import norm

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, tf
from commgen.generative.additive import mean

# Spreads under this share of a number are those of its rounding.
_LEAST_SPREAD = 1e-6
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

    def sums(self, condition) -> dict[str, np.ndarray]:
        """Return what :meth:`adapt_sums` takes of a set, [n, size], float.

        Returns
        -------
        dict
            In double precision, which they keep on their way: ``"count"``, of rows;
            ``"first"`` : [size] and ``"second"`` : [size, size], sums of c and of
            c c^T; ``"others"`` : [size], how many numbers are neither 0 nor 1.
        """
        c = np.asarray(condition, np.float64)
        return {
            "count": np.array(float(len(c))),
            "first": c.sum(axis=0),
            "second": c.T @ c,
            "others": np.sum((c != 0) & (c != 1), axis=0).astype(np.float64),
        }

    def adapt_sums(self, total) -> None:
        """Take mean and spread from :meth:`sums`, added, and draw rows by them.

        The rows are drawn as Gaussian ones of the same mean and covariance, and where
        a number was always 0 or 1, as 0 and 1. So all that is lost is in how a model
        draws conditions of its own: whatever else than Gaussian they are, such as
        distances that end somewhere, or places that go together.
        """
        center, covariance = _moments(total)
        spread = np.sqrt(np.diag(covariance))
        self._mean.assign(center)
        self._scale.assign(np.where(spread > 0, spread, 1.0))
        if self.size:
            self._rows.assign(_draw_rows(center, covariance, total["others"] == 0))

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


def _moments(total) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance by sums, without the spread of rounding."""
    first, second = (mean(total, name).astype(float) for name in ("first", "second"))
    covariance = second - np.outer(first, first)
    variance = np.diag(covariance)
    varies = variance > (_LEAST_SPREAD * first) ** 2
    return first, np.where(np.outer(varies, varies), covariance, 0.0)


def _draw_rows(center, covariance, binary) -> np.ndarray:
    """Draw rows [_MEMORY, size] of this mean and covariance; some of 0 and 1 alone.

    Where a number is 0 or 1 a Gaussian one is compared with a threshold. That takes
    from its correlations, by a factor which is put back in before (as in biserial
    correlation).
    """
    spread = np.sqrt(np.diag(covariance))
    varies = spread > 0
    binary = binary & varies
    threshold = norm.isf(np.where(binary, center, 0.5))
    kept = np.where(binary, norm.pdf(threshold) / np.where(varies, spread, 1), 1.0)
    safe = np.where(varies, spread, 1.0)
    R = covariance / np.outer(safe * kept, safe * kept)
    np.fill_diagonal(R, 1.0)
    s, U = np.linalg.eigh(np.clip(R, -1, 1))
    A = U * np.sqrt(np.maximum(s, 0))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    z = np.random.default_rng(0).normal(size=(_MEMORY, len(center))) @ A.T
    return np.where(binary, z > threshold, center + spread * z)
