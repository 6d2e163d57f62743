"""A mapper whose points are learned, in the place of Sionna's."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy import Block

from commgen._checks import check_int
from commgen.frame.constellation import MAX_BITS, Constellation


class LearnedMapper(Block):
    r"""Bits to points that gradients move.

    .. math:: x_i = z_i \Big/ \sqrt{\tfrac{1}{M} \sum_j |z_j|^2}

    of free :math:`z`: equally likely, and of unit mean power whatever a step does.
    Called as :class:`sionna.phy.mapping.Mapper`.

    Parameters
    ----------
    num_bits_per_symbol
        Bits of a label, 1 to 12.
    start
        Points to begin with, equally likely ones; random ones where None.
    seed
        Of random ones.
    precision
        As in Sionna.

    Input
    -----
    bits : [..., n * num_bits_per_symbol], float or int
        Zeros and ones, the most significant bit of a label first.

    Output
    ------
    x : [..., n], complex

    Raises
    ------
    ValueError
        If ``start`` has another size, or points of different probability; when called,
        if the bits do not fill symbols.
    """

    def __init__(
        self,
        num_bits_per_symbol: int,
        *,
        start: Constellation | None = None,
        seed: int = 0,
        precision: Any = None,
    ):
        super().__init__(precision=precision)
        q = check_int("num_bits_per_symbol", num_bits_per_symbol, low=1, high=MAX_BITS)
        self.num_bits_per_symbol = q
        rng = np.random.default_rng(check_int("seed", seed, low=0))
        z: Any = rng.standard_normal((2, 2**q))
        if start is not None:
            z = _parts(start, q)
        self._z = tf.Variable(z, dtype=self.rdtype, name="points")
        self._weights = tf.constant(2 ** np.arange(q)[::-1], tf.int32)

    @property
    def trainable_variables(self) -> list[Any]:
        """What learns: real and imaginary parts of the points, of any scale."""
        return [self._z]

    def points(self):
        """Return the points in the order of their labels, [2**bits], complex."""
        z = self._z / tf.sqrt(2 * tf.reduce_mean(self._z**2))
        return tf.complex(z[0], z[1])

    def call(self, bits):
        """Map bits : [..., n * num_bits_per_symbol]."""
        length, q = bits.shape[-1], self.num_bits_per_symbol
        if length is None or length % q:
            raise ValueError(
                f"bits must end in a multiple of num_bits_per_symbol {q}, got "
                f"{tuple(bits.shape)}."
            )
        shape = tf.concat([tf.shape(bits)[:-1], [length // q, q]], 0)
        labels = tf.reshape(tf.cast(bits, tf.int32), shape) * self._weights
        return tf.gather(self.points(), tf.reduce_sum(labels, axis=-1))

    def constellation(self, card: Mapping[str, Any] | None = None) -> Constellation:
        """Return the points as they are now, as a file of a link holds them."""
        return Constellation.of(self.points().numpy(), card=card)


def _parts(start: Constellation, num_bits_per_symbol: int) -> np.ndarray:
    if start.num_bits_per_symbol != num_bits_per_symbol or start.is_shaped:
        raise ValueError(
            f"start must have {2**num_bits_per_symbol} equally likely points, got "
            f"{len(start.points)} of entropy {start.entropy:.4g} bits."
        )
    return np.stack([start.points.real, start.points.imag])
