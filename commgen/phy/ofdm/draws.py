"""What a link draws itself: bits and noise, each a function of seed and batch."""

from typing import Any

import numpy as np
import tensorflow as tf


def stream(seed: int, batch: int, purpose: int) -> tf.Tensor:
    """Two 32-bit words for the generators below, another pair for each purpose."""
    words = np.random.SeedSequence([seed, batch, purpose]).generate_state(2)
    return tf.constant(words.view(np.int32))


def random_bits(shape, words) -> np.ndarray:
    """Draw zeros and ones, uint8."""
    bits = tf.random.stateless_uniform(
        shape, words, maxval=2, dtype=tf.int32, alg="philox"
    )
    return bits.numpy().astype(np.uint8)


def unit_noise(shape, words) -> tf.Tensor:
    """Draw circular complex Gaussian noise of unit variance."""
    parts = tf.random.stateless_normal(
        (2, *shape), words, stddev=np.sqrt(0.5), alg="philox"
    )
    return tf.complex(parts[0], parts[1])


def check_seeded(source: Any) -> None:
    """Raise TypeError unless batches of a channel source can be asked for by number."""
    if not hasattr(source, "set_seed"):
        raise TypeError(
            "source must have set_seed(seed, counter), as the channels of "
            f"commgen.channels have, got {type(source)}."
        )
