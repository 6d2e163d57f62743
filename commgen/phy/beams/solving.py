"""Systems of equations that stay solvable where nothing tells the users apart."""

from typing import Any

import numpy as np
import tensorflow as tf

# Load over the mean of the diagonal, in units of the last place.
_PLACES = 4


def solve(A: Any, B: Any) -> tf.Tensor:
    """Solve A X = B, with a diagonal load at the limit of the numbers' precision.

    Twin users at a noise that single precision does not see leave A singular; so does
    a channel of zeros, where the answer is zero.

    Parameters
    ----------
    A : [..., n, n], complex
        Hermitian, without negative eigenvalues.
    B : [..., n, m], complex
    """
    mean = tf.linalg.trace(A) / A.shape[-1]
    tiny = mean * places(A)
    load: Any = tf.where(mean == 0, tf.ones_like(mean), tiny)
    diagonal = tf.eye(A.shape[-1], dtype=A.dtype)
    return tf.linalg.solve(A + load[..., None, None] * diagonal, B)


def places(x: Any) -> float:
    """Return what a number around one can be off by, at the precision of ``x``."""
    return _PLACES * float(np.finfo(x.dtype.as_numpy_dtype).eps)
