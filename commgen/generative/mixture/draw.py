"""Draws around the estimate of a mixture under y = h + n, compiled."""

from dataclasses import replace
from typing import Any

import numpy as np

from commgen._random import complex_normal
from commgen.generative._untyped import tf
from commgen.generative.mixture import infer as mixture_infer
from commgen.generative.mixture.infer import MixtureWeights

_CHUNK = 256
# Numbers of the eigenvectors that are gathered at a time.
_GATHERED = 2**22


class MixtureDeviation:
    r"""Deviations of exact posterior draws of a mixture from its posterior mean.

    The component is drawn from p(k | y), then h from CN(E[h | y, k], Cov[h | y, k]),
    and E[h | y] is taken off: what is left has mean zero and covariance Cov[h | y].

    Parameters
    ----------
    mixture
        :class:`~commgen.generative.GaussianMixture`, fitted.
    """

    def __init__(self, mixture: Any):
        size, rank = mixture.mixture.eigenvectors.shape[1:]
        self._chunk = max(1, min(_CHUNK, _GATHERED // (2 * size * rank)))
        part, number = (tf.TensorSpec(s, tf.float32) for s in ((None, size), (None,)))
        wide = tf.TensorSpec((None, rank), tf.float32)
        self._rank, self._mixture = rank, mixture
        weights = tf.TensorSpec((None, mixture.num_components), tf.float32)
        # The tensors are read anew at each call: the mixture may be fitted again.
        self._graph = tf.function(
            lambda log_weights, *inputs: _deviation(
                replace(mixture._tensors(), log_weights=log_weights), *inputs
            ),
            input_signature=[
                *(weights, part, part, number, number, wide, wide, part, part)
            ],
            autograph=False,
        )

    def __call__(self, y, no, rng: np.random.Generator, log_weights=None):
        """Draw one deviation for each observation.

        Parameters
        ----------
        y : [n, size], complex
            Observations.
        no : [n], float
            Noise variance.
        rng
            Generator of the draws.
        log_weights : [n, num_components], float, or None
            Of the components for each observation; None for those of the mixture.

        Returns
        -------
        deviation : [n, size], complex64
        variance : [n], float32
            Posterior variance, mean over the entries.
        """
        out, variance = np.empty(y.shape, np.complex64), np.empty(len(y), np.float32)
        if log_weights is None:
            log_weights = np.asarray(self._mixture._log_weights)
        shape = (len(y), self._mixture.num_components)
        log_weights = np.broadcast_to(log_weights, shape).astype(np.float32)
        for i in range(0, len(y), self._chunk):
            rows = slice(i, i + self._chunk)
            x, n = y[rows].astype(np.complex64), len(y[rows])
            w = complex_normal(rng, (n, self._rank))
            beyond = complex_normal(rng, x.shape)
            re, im, variance[rows] = self._graph(
                log_weights[rows],
                x.real,
                x.imag,
                no[rows].astype(np.float32),
                rng.random(n, dtype=np.float32),
                w.real,
                w.imag,
                beyond.real,
                beyond.imag,
            )
            out[rows] = np.asarray(re) + 1j * np.asarray(im)
        return out, variance


def _deviation(w: MixtureWeights, re, im, no, u, w_re, w_im, v_re, v_im):
    q = mixture_infer._infer(w, re, im, no)
    mean_re, mean_im, variance = mixture_infer.estimate(w, re, im, no)
    p = q.p[..., 0]
    k = tf.reduce_sum(tf.cast(u[:, None] > tf.cumsum(p, axis=1), tf.int32), axis=1)
    k = tf.minimum(k, p.shape[1] - 1)
    gain, z_re, z_im = (
        tf.gather(part, k, batch_dims=1) for part in (q.gain, q.extra_re, q.extra_im)
    )
    level = no[:, None]
    z_re, z_im = (
        z + tf.sqrt(gain * level) * noise for z, noise in ((z_re, w_re), (z_im, w_im))
    )
    shared = w.vectors.shape[0] == 1
    U = w.vectors if shared else tf.gather(w.vectors, k)
    if q.white is not None:
        white = tf.gather(q.white[..., 0], k, batch_dims=1)[:, None]
        # White noise of all directions, less what lies along the eigenvectors.
        v_re, v_im = (tf.sqrt(white * level) * v for v in (v_re, v_im))
        along = _coefficients(U, v_re, v_im, shared)
        z_re, z_im = z_re - along[0], z_im - along[1]
        mean_re = mean_re - white * re - v_re
        mean_im = mean_im - white * im - v_im
    h_re, h_im = _combine(U, z_re, z_im, shared)
    return h_re - mean_re, h_im - mean_im, variance


def _combine(U, z_re, z_im, shared):
    """Return the parts of U z, for one U [1, n, m, 2] or one for each z [b, m]."""
    a_re, a_im = (_times(U[..., 0], z, shared) for z in (z_re, z_im))
    b_re, b_im = (_times(U[..., 1], z, shared) for z in (z_re, z_im))
    return a_re - b_im, a_im + b_re


def _coefficients(U, re, im, shared):
    """Return the parts of U^H h."""
    V = tf.transpose(U[..., 0], (0, 2, 1)), tf.transpose(U[..., 1], (0, 2, 1))
    a_re, a_im = (_times(V[0], h, shared) for h in (re, im))
    b_re, b_im = (_times(V[1], h, shared) for h in (re, im))
    return a_re + b_im, a_im - b_re


def _times(U, z, shared):
    return z @ tf.transpose(U[0]) if shared else tf.linalg.matvec(U, z)
