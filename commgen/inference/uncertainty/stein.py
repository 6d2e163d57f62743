"""Stein's unbiased estimate of the error of an estimate, from the observation alone."""

from typing import Any, NamedTuple

import numpy as np

from commgen.generative._untyped import tf
from commgen.generative.mixture.model import MixtureModel

# Of the probe, in standard deviations of the noise: short enough that the estimator is
# straight over it, long enough that single precision sees a difference.
_STEP = 0.02
# Relative spread of the true error around a promise that one has no reason to doubt.
_TRUST = 0.35
_LEAST = 1e-3


class Mix(NamedTuple):
    """Mix of an estimate with least squares, and what it is worth.

    ``h_hat`` and ``err_var`` are [batch, size]. The others are [num_blocks]: ``share``
    of the estimate in the mix; ``ratio`` of the removed power to what the noise
    explains, about 1 where the estimator does as it should; Stein's ``risk`` of the
    mix, the sum of squared errors over the block.
    """

    h_hat: Any
    err_var: Any
    share: Any
    ratio: Any
    risk: Any


class Blocks(NamedTuple):
    """Which channels are judged together: ``index`` [batch], and how many blocks."""

    index: Any
    num: Any

    def total(self, x) -> Any:
        """Sum rows x : [batch] over each block, [num]."""
        return tf.math.unsorted_segment_sum(x, self.index, self.num)

    def spread(self, x) -> Any:
        """Give each channel the value of its block, [batch, 1]."""
        return tf.gather(x, self.index)[:, None]


def divergence(prior: Any, y, no, h_hat, err_var, seed: int) -> Any:
    r"""Trace of the Jacobian of a denoiser, real part, [batch].

    For an exact posterior mean it is the posterior variance over the noise's, whatever
    the channel was (Tweedie's formula); so for mixtures. For others it is
    :math:`b^\mathsf{H}(f(y + \epsilon b) - f(y))/\epsilon` with entries of b on the
    unit circle, whose mean is the trace (Hutchinson, Commun. Stat. Simul. Comput. 19,
    1990; Ramani, Blu and Unser, IEEE Trans. Image Process. 17, 2008, eq. 14): one more
    pass, and exact where the estimator treats entries apart.

    Parameters
    ----------
    prior
        Has ``denoise`` and ``event_shape``.
    y, h_hat : [batch, size], tf.complex64
        Observation and its estimate, flattened.
    no : [batch], tf.float32
        Noise variance.
    err_var : [batch, size], tf.float32
        Promised error variance.
    seed
        Of the probe, which is the same for each call.
    """
    if isinstance(prior, MixtureModel):
        return tf.reduce_sum(err_var, axis=1) / no
    angle = tf.random.stateless_uniform(tf.shape(y), (seed, 0), 0.0, 2 * np.pi)
    b = tf.complex(tf.cos(angle), tf.sin(angle))
    step = _STEP * tf.sqrt(no)[:, None]
    moved = tf.reshape(y + tf.cast(step, tf.complex64) * b, (-1, *prior.event_shape))
    f, _ = prior.denoise(moved, no)
    change = tf.reshape(f, tf.shape(y)) - h_hat
    return tf.reduce_sum(tf.math.real(tf.math.conj(b) * change) / step, axis=1)


def mix_with_ls(y, no, h_hat, err_var, div, blocks: Blocks, valid) -> Mix:
    r"""Mix an estimate f(y) with least squares so that it is no worse than that.

    Of :math:`y - c\,(y - f(y))` with N entries, Stein's estimate of the squared error
    is

    .. math:: c^2 R - 2 c N_0 m + N N_0, \quad R = \|y - f(y)\|^2, \quad
        m = N - \mathrm{Re\,div} f(y)

    (Stein, Ann. Statist. 9, 1981, theorem 1, for circular complex noise), that of
    least squares being :math:`N N_0`. The best share is the reciprocal of
    :math:`R / (N_0 m)`, and any up to twice that is no worse than least squares. The
    estimate is left as it is, c = 1, where that ratio is within three standard
    deviations of 1, and at most at 1.5. With that share, which follows the observation,
    Stein's estimate for an f linear in y and of eigenvalues in [0, 1] is at most
    :math:`N N_0 + c\,(2 - m/2)\,N_0`: it still dominates least squares from m = 4 on,
    as the James-Stein estimator does (Baranchik's condition,
    :math:`c R/N_0 \le 2(m-1)`), and loses less than two noise variances in all below.
    Where m changes with y, as where components of a mixture meet, the share changes
    with it. No bound is known then; 1.3 noise variances is the most that was lost to
    channels and mixtures that were searched for it.

    The error variance is the promised one, corrected towards Stein's estimate as far
    as the latter is the surer of the two; fully, where c is below 1.

    Parameters
    ----------
    y, h_hat : [batch, size], tf.complex64
        Observation, and its estimate.
    no, div : [batch], tf.float32
        Noise variance and the divergence of the estimate.
    err_var : [batch, size], tf.float32
        Promised error variance.
    blocks
        Channels that are judged together.
    valid : [batch], tf.bool
        Which channels to judge by; the estimates of others must be finite.
    """
    size = float(y.shape[1])
    weight = tf.cast(valid, tf.float32)
    removed = y - h_hat
    m = weight * (size - div)
    err_var = tf.maximum(err_var, 1e-6 * no[:, None])
    R = blocks.total(weight * tf.reduce_sum(tf.abs(removed) ** 2, axis=1))
    tiny = np.float32(np.finfo(np.float32).tiny)
    # Where components of a mixture meet, a single channel's m may be below zero.
    M = tf.maximum(blocks.total(m), _LEAST)
    whole = blocks.total(weight * no * size)
    noise = blocks.total(no * m)
    noise = tf.maximum(tf.clip_by_value(noise, _LEAST / size * whole, whole), tiny)
    promised = tf.maximum(blocks.total(weight * tf.reduce_sum(err_var, axis=1)), tiny)
    ratio = R / noise
    limit = 1.0 + tf.minimum(0.5, 3.0 * tf.math.rsqrt(M))
    c = tf.minimum(1.0, limit / tf.maximum(ratio, tiny))
    risk = c**2 * R - 2.0 * c * noise + whole
    expected = promised + (1.0 - c) ** 2 * (whole - promised)
    # How far the promise may be off, in units of the ratio, against the ratio's noise;
    # what lies beyond three standard deviations of that is no noise.
    doubt = (_TRUST * promised / noise) ** 2
    doubt = tf.maximum(doubt, (ratio - 1.0) ** 2 - 9.0 / M)
    trust = tf.where(c < 1.0, 1.0, doubt / (doubt + 1.0 / M))
    error = expected + trust * (risk - expected)
    error = tf.minimum(tf.maximum(error, 0.25 * expected), tf.maximum(whole, tiny))
    share = tf.cast(blocks.spread(c), tf.complex64)
    return Mix(
        y - share * removed, err_var * blocks.spread(error / promised), c, ratio, risk
    )
