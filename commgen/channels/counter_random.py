"""Random numbers that are a function of a seed and a counter, on every backend."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy import config as sionna_config

# Rotations and parity of Threefry-2x32 (Salmon et al., "Parallel random numbers: as
# easy as 1, 2, 3", SC 2011, table 2; the parity is that of Skein 1.3).
_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA

Words = tuple[tf.Tensor, tf.Tensor]


def threefry_2x32(key: Words, counter: Words) -> Words:
    """Threefry-2x32 with 20 rounds: two random words for each key and counter.

    TensorFlow's own generators give other numbers under XLA than without it for the
    same seed; this one is written in integer operations and so cannot.

    Parameters
    ----------
    key, counter
        Two words each, of shapes that broadcast, uint32.

    Returns
    -------
    tuple
        Two words, uint32, of the broadcast shape.
    """
    keys = (*key, _xor(_xor(*key), tf.constant(_PARITY, tf.uint32)))
    x_0, x_1 = counter[0] + keys[0], counter[1] + keys[1]
    for block in range(5):
        for bits in _ROTATIONS[block % 2]:
            x_0 = x_0 + x_1
            x_1 = _xor(_rotate_left(x_1, bits), x_0)
        x_0 = x_0 + keys[(block + 1) % 3]
        x_1 = x_1 + keys[(block + 2) % 3] + tf.constant(block + 1, tf.uint32)
    return x_0, x_1


def _xor(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(x, y)


def _rotate_left(x: tf.Tensor, bits: int) -> tf.Tensor:
    left = tf.bitwise.left_shift(x, tf.constant(bits, tf.uint32))
    right = tf.bitwise.right_shift(x, tf.constant(32 - bits, tf.uint32))
    return tf.bitwise.bitwise_or(left, right)


# Traced once: a channel model draws some thirty times, and 120 operations each time are
# a third of the time it takes to trace.
_threefry_of_many = tf.function(
    lambda k_0, k_1, c_0, c_1: threefry_2x32((k_0, k_1), (c_0, c_1)),
    autograph=False,
    input_signature=[tf.TensorSpec([], tf.uint32)] * 2
    + [tf.TensorSpec([None], tf.uint32)] * 2,
)


def seed_words(seed: int) -> np.ndarray:
    """Spread a non-negative integer seed over two 32-bit words, [2], int64."""
    return np.random.SeedSequence(seed).generate_state(2).astype(np.int64)


class CounterGenerator:
    """The two draws of ``tf.random.Generator`` that Sionna's channels use.

    The ``i``-th draw of a generator is a function of ``key`` and ``i`` alone. It gives
    the same numbers eagerly, in a ``tf.function`` and under XLA (normal numbers up to
    the rounding of the logarithm).

    Parameters
    ----------
    key
        Two words, uint32 scalars.
    """

    def __init__(self, key: Words):
        self._key = key
        self._num_draws = 0

    @classmethod
    def from_seed(cls, seed, counter: Any = 0) -> "CounterGenerator":
        """Make the generator of one ``counter`` under ``seed``.

        Parameters
        ----------
        seed
            Non-negative integer, or what :func:`seed_words` made of it.
        counter
            Non-negative integer or integer scalar tensor.
        """
        words = seed_words(seed) if isinstance(seed, int) else seed
        counter = tf.cast(counter, tf.int64)
        low = tf.cast(counter & 0xFFFFFFFF, tf.uint32)
        high = tf.cast(
            tf.bitwise.right_shift(counter, tf.constant(32, tf.int64)), tf.uint32
        )
        key = (tf.cast(words[0], tf.uint32), tf.cast(words[1], tf.uint32))
        return cls(threefry_2x32(key, (low, high)))

    def words(self, num: int | tf.Tensor) -> Words:
        """Draw ``num`` pairs of random words, uint32."""
        position = tf.cast(tf.range(num), tf.uint32)
        stream = tf.fill([num], tf.constant(self._num_draws, tf.uint32))
        self._num_draws += 1
        x_0, x_1 = _threefry_of_many(*self._key, position, stream)
        return (
            tf.ensure_shape(x_0, position.shape),
            tf.ensure_shape(x_1, position.shape),
        )

    def uniform(self, shape, minval=0.0, maxval=1.0, dtype=tf.float32) -> tf.Tensor:
        """Draw from [minval, maxval), with a resolution of 24 bits.

        An integer ``dtype`` gives whole numbers, as ``tf.random.Generator`` does.
        """
        dtype = tf.as_dtype(dtype)
        shape, size = _shape_and_size(shape)
        u = _to_unit(tf.concat(self.words((size + 1) // 2), 0)[:size])
        u = tf.reshape(u, shape)
        if dtype.is_integer:
            low, high = tf.cast(minval, tf.float32), tf.cast(maxval, tf.float32)
            steps = tf.minimum(tf.floor((high - low) * u), high - low - 1)
            return tf.cast(low + steps, dtype)
        low, high = tf.cast(minval, dtype), tf.cast(maxval, dtype)
        return low + (high - low) * tf.cast(u, dtype)

    def normal(self, shape, mean=0.0, stddev=1.0, dtype=tf.float32) -> tf.Tensor:
        """Draw normal numbers by the method of Box and Muller."""
        shape, size = _shape_and_size(shape)
        word_0, word_1 = self.words((size + 1) // 2)
        # 1 - u is never zero, since u is below one.
        radius = tf.sqrt(-2.0 * tf.math.log(1.0 - _to_unit(word_0)))
        angle = 2 * np.pi * _to_unit(word_1)
        z = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], 0)[:size]
        z = tf.cast(tf.reshape(z, shape), dtype)
        return tf.cast(mean, dtype) + tf.cast(stddev, dtype) * z

    def permuted_index(self, position, size: int) -> tf.Tensor:
        """Send positions 0, 1, 2, ... through a new permutation for every epoch.

        A four-round Feistel network over the smallest even power of two that holds
        ``size``, walked until it lands below ``size`` (Black and Rogaway, "Ciphers
        with arbitrary finite domains", CT-RSA 2002): no table, any position at once.

        Parameters
        ----------
        position : [num], int64
            Count from the start; position ``p`` is in epoch ``p // size``.
        size
            Length of an epoch.

        Returns
        -------
        index : [num], int64
            Every epoch holds each of 0 ... size - 1 once.
        """
        half_bits = max(1, -(-int(size - 1).bit_length() // 2))
        epoch = tf.cast(position // size, tf.uint32)

        def step(x):
            return self._feistel(x, epoch, half_bits)

        def walk(x):
            return (tf.where(x >= size, step(x), x),)

        start = step(position % size)
        (index,) = tf.while_loop(lambda x: tf.reduce_any(x >= size), walk, (start,))
        return index

    def _feistel(self, x, epoch, half_bits):
        mask = tf.constant((1 << half_bits) - 1, tf.uint32)
        shift = tf.constant(half_bits, tf.int64)
        left = tf.cast(tf.bitwise.right_shift(x, shift), tf.uint32)
        right = tf.cast(x, tf.uint32) & mask
        for round_number in range(4):
            salted = right * tf.constant(4, tf.uint32) + tf.constant(
                round_number, tf.uint32
            )
            mixed, _ = threefry_2x32(self._key, (salted, epoch))
            left, right = right, _xor(left, mixed & mask)
        high = tf.bitwise.left_shift(tf.cast(left, tf.int64), shift)
        return high + tf.cast(right, tf.int64)


@contextmanager
def sionna_draws_from(generator: CounterGenerator) -> Iterator[None]:
    """Let Sionna draw from ``generator``; its own generator is left as it was.

    Sionna 1.2.2 reads ``config.tf_rng`` at every draw, so that swapping the object
    behind it reaches all 3GPP models. Not safe over threads.
    """
    before = sionna_config.tf_rng
    sionna_config._tf_rng = generator  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        sionna_config._tf_rng = before


def _shape_and_size(shape):
    shape = tf.cast(tf.convert_to_tensor(shape), tf.int32)
    static = tf.get_static_value(shape)
    if static is not None:
        return static, int(np.prod(static))
    return shape, tf.reduce_prod(shape)


def _to_unit(words: tf.Tensor) -> tf.Tensor:
    """Map words to [0, 1), float32."""
    high = tf.bitwise.right_shift(words, tf.constant(8, tf.uint32))
    return tf.cast(tf.cast(high, tf.int32), tf.float32) * 2.0**-24
