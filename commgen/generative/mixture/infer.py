"""Posterior of a mixture under y = h + n, as TensorFlow computes it in a graph."""

from dataclasses import dataclass
from typing import Any

from commgen.generative._untyped import tf


@dataclass(frozen=True)
class MixtureWeights:
    """Tensors of a mixture; see :class:`~commgen.generative.mixture.em.Mixture`.

    Parameters
    ----------
    log_weights : [num_components] or [batch, num_components], tf.float32
    eigenvalues : [num_components, rank], tf.float32
    vectors : [num_components or 1, size, rank, 2], tf.float32
        Real and imaginary parts.
    remainder : [num_components], tf.float32, or None
    """

    log_weights: Any
    eigenvalues: Any
    vectors: Any
    remainder: Any = None


@dataclass(frozen=True)
class _Inferred:
    """Posterior of each component, in its eigenvectors' coordinates.

    ``gain`` and ``white`` are the Wiener gains along the eigenvectors and beyond them,
    ``re`` and ``im`` the coefficients of the mean along the eigenvectors, of which
    ``extra_re`` and ``extra_im`` are what the white gain alone does not give.
    """

    p: Any
    gain: Any
    white: Any
    re: Any
    im: Any
    extra_re: Any
    extra_im: Any
    rest: Any


def _infer(w: MixtureWeights, re, im, no) -> _Inferred:
    num, size, rank = w.vectors.shape[:3]
    columns = tf.reshape(tf.transpose(w.vectors, (1, 3, 0, 2)), (size, -1))
    # Complex products as real ones of matrices, which TensorFlow does far faster.
    a, b = (tf.reshape(part @ columns, (-1, 2, num, rank)) for part in (re, im))
    z_re, z_im = a[:, 0] + b[:, 1], b[:, 0] - a[:, 1]
    s, level = w.eigenvalues[None], no[:, None, None]
    power = z_re**2 + z_im**2
    log_joint = tf.reshape(w.log_weights, (-1, w.eigenvalues.shape[0])) - tf.reduce_sum(
        tf.math.log(s + level) + power / (s + level), axis=-1
    )
    gain = s / (s + level)
    if w.remainder is None:
        p = tf.nn.softmax(log_joint)[..., None]
        c = gain * z_re, gain * z_im
        return _Inferred(p, gain, None, *c, *c, None)
    total = tf.reduce_sum(re**2 + im**2, axis=-1, keepdims=True)
    rest = tf.maximum(total - tf.reduce_sum(power, axis=-1), 0.0)
    v, beyond = w.remainder[None], float(size - rank)
    log_joint -= beyond * tf.math.log(v + level[..., 0]) + rest / (v + level[..., 0])
    white = (v / (v + level[..., 0]))[..., None]
    return _Inferred(
        tf.nn.softmax(log_joint)[..., None],
        gain,
        white,
        gain * z_re,
        gain * z_im,
        (gain - white) * z_re,
        (gain - white) * z_im,
        rest[..., None],
    )


def denoise(w: MixtureWeights, re, im, no):
    """Return the parts of the posterior mean and the variance of each entry.

    Parameters
    ----------
    w
        The mixture.
    re, im : [batch, size], tf.float32
        Real and imaginary part of y, flattened.
    no : [batch], tf.float32
        Noise variance.

    Returns
    -------
    re, im, err_var : [batch, size], tf.float32
    """
    q, U, level = _infer(w, re, im, no), w.vectors, no[:, None, None]
    h_k = [
        _each(U[..., 0], q.extra_re) - _each(U[..., 1], q.extra_im),
        _each(U[..., 0], q.extra_im) + _each(U[..., 1], q.extra_re),
    ]
    spread = q.gain
    if q.white is not None:
        h_k = [h + q.white * y[:, None] for h, y in zip(h_k, (re, im), strict=True)]
        spread = q.gain - q.white
    h_hat = [tf.reduce_sum(q.p * part, axis=1) for part in h_k]
    # The variance of each component, and that of their means around the mean.
    within = q.p * spread * level
    err_var = _total(tf.reduce_sum(U**2, axis=-1), within)
    if q.white is not None:
        err_var += tf.reduce_sum(q.p * q.white * level, axis=1)
    for part, mean in zip(h_k, h_hat, strict=True):
        err_var += tf.reduce_sum(q.p * (part - mean[:, None]) ** 2, axis=1)
    return *h_hat, err_var


def estimate(w: MixtureWeights, re, im, no):
    """Do :func:`denoise` with the mean of the variance over entries only, [batch]."""
    q, U, level = _infer(w, re, im, no), w.vectors, no[:, None, None]
    size, rank = U.shape[1:3]
    h_re = _total(U[..., 0], q.p * q.extra_re) - _total(U[..., 1], q.p * q.extra_im)
    h_im = _total(U[..., 0], q.p * q.extra_im) + _total(U[..., 1], q.p * q.extra_re)
    # The eigenvectors are unitary: the mean over entries needs no combination.
    second = q.p * (q.gain * level + q.re**2 + q.im**2)
    within = tf.reduce_sum(q.p * q.gain, axis=1)
    err_var = tf.reduce_sum(second, axis=(1, 2)) / size
    floor = tf.reduce_sum(within, axis=1) / size
    if q.white is not None:
        white = tf.reduce_sum(q.p * q.white, axis=1)
        h_re, h_im = h_re + white * re, h_im + white * im
        beyond = q.p * (q.white * level * (size - rank) + q.white**2 * q.rest)
        err_var += tf.reduce_sum(beyond, axis=(1, 2)) / size
        floor += white[:, 0] * (size - rank) / size
    first = tf.reduce_mean(h_re**2 + h_im**2, axis=1)
    # The difference of two powers, which must not vanish by rounding.
    return h_re, h_im, tf.maximum(err_var - first, floor * no)


def _each(U, c):
    """Map real coefficients c [b, k, m] by a basis U [k or 1, n, m] to [b, k, n]."""
    if U.shape[0] == 1:
        return tf.einsum("nm,bkm->bkn", U[0], c)
    return tf.einsum("knm,bkm->bkn", U, c)


def _total(U, c):
    """Sum of :func:`_each` over k, [b, n], as one product of matrices."""
    if U.shape[0] == 1:
        c = tf.reduce_sum(c, axis=1, keepdims=True)
    rows = tf.reshape(tf.transpose(U, (0, 2, 1)), (-1, U.shape[1]))
    return tf.reshape(c, (-1, rows.shape[0])) @ rows
