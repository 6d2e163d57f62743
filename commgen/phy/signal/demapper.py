"""Exact log-likelihood ratios: of QAM one axis at a time, and of any other points."""

import numpy as np
import tensorflow as tf

from commgen.frame.constellation import Constellation
from commgen.frame.qam import pam_labels

_MIN_NO = 1e-30  # keeps the exponents finite in single precision


def demap(x_hat, no_eff, symbols: int | Constellation):
    r"""Bit log-likelihood ratios of QAM, or of any constellation, under Gaussian noise.

    .. math:: \ell_i = \ln \frac
        {\sum_{c:\,b_i(c) = 1} p(c)\,e^{-|\hat{x} - c|^2 / N}}
        {\sum_{c:\,b_i(c) = 0} p(c)\,e^{-|\hat{x} - c|^2 / N}}

    The labels of QAM (3GPP TS 38.211 5.1.3 to 5.1.6) split into one half for each
    axis, so the other axis drops out of the ratio: :math:`2 \sqrt{M}` exponentials in
    place of :math:`M`. What is left is that of the amplitudes :math:`\pm a_k`, with
    :math:`u = 2 |x| / N`:

    .. math:: e_k^\pm = \pm a_k u - a_k^2 / N, \qquad
              e_k = e_k^+ + \ln(1 + e^{-2 a_k u})

    The sign bit is the ratio of all :math:`e_k^-` to all :math:`e_k^+`, the others are
    ratios of sums of :math:`e_k`. It gives the numbers of Sionna's
    ``Demapper("app", "qam", num_bits_per_symbol)``.

    XLA makes it faster on a CPU up to 64-QAM and for ``x_hat`` of one axis, and several
    times slower otherwise.

    Parameters
    ----------
    x_hat : [..., n], complex
        Received symbols, of a constellation with unit mean power.
    no_eff : broadcastable to ``x_hat``, float
        Variance of their complex noise. Values under 1e-30 count as 1e-30.
    symbols
        2, 4, 6 or 8 bits of QAM, or a constellation, whose probabilities are the prior
        p(c). With M points that takes M exponentials a bit.

    Returns
    -------
    llr : [..., n * num_bits_per_symbol], float
        ln p(1) / p(0), the bits in the order of the mapper. Zero where ``no_eff`` is
        infinite.

    Raises
    ------
    ValueError
        If ``symbols`` is anything else. A Sionna ``Constellation`` of one's
        own is refused with it: Sionna 1.2.2 maps its normalised points and demaps the
        raw ones (NVlabs/sionna#1188).
    """
    if isinstance(symbols, Constellation):
        return _demap_points(x_hat, no_eff, symbols)
    amplitudes, labels = pam_labels(symbols)
    x_hat = tf.convert_to_tensor(x_hat)
    x = tf.stack([tf.math.real(x_hat), tf.math.imag(x_hat)], axis=-1)
    no_eff = tf.broadcast_to(tf.cast(no_eff, x.dtype), tf.shape(x_hat))
    inverse = 1 / tf.maximum(no_eff, _MIN_NO)[..., None]
    u = 2 * tf.abs(x) * inverse
    energy = [float(a * a) * inverse for a in amplitudes]
    plus = [float(a) * u - e for a, e in zip(amplitudes, energy, strict=True)]
    minus = [float(-a) * u - e for a, e in zip(amplitudes, energy, strict=True)]
    bits = [-tf.sign(x) * (_log_sum_exp(plus) - _log_sum_exp(minus))]
    if len(amplitudes) > 1:
        both = [_log_sum_exp(pair) for pair in zip(plus, minus, strict=True)]
        for label in labels.T:
            one, zero = ([both[k] for k in np.flatnonzero(label == b)] for b in (1, 0))
            bits.append(_log_sum_exp(one) - _log_sum_exp(zero))
    llr = tf.stack(bits, axis=-2)  # [..., n, bit of the axis, axis]
    shape = tf.shape(x)[:-1] * ([1] * (x.shape.rank - 2) + [symbols])
    return tf.reshape(llr, shape)


def point_llr(x_hat, no_eff, points, log_p):
    """Bit log-likelihood ratios of points that may be tensors, so that they learn.

    Parameters
    ----------
    x_hat, no_eff
        As of :func:`demap`.
    points : [2**num_bits_per_symbol], complex
        In the order of their labels.
    log_p : broadcastable to [..., n, 2**num_bits_per_symbol], float
        Logarithms of their probabilities, but for what is common to all.

    Returns
    -------
    llr : [..., n, num_bits_per_symbol], float
    """
    no_eff = tf.broadcast_to(tf.cast(no_eff, x_hat.dtype.real_dtype), tf.shape(x_hat))
    inverse = 1 / tf.maximum(no_eff, _MIN_NO)[..., None]
    d = tf.expand_dims(x_hat, -1) - points
    score = log_p - (tf.math.real(d) ** 2 + tf.math.imag(d) ** 2) * inverse
    size, bits = points.shape[0], []
    for i in reversed(range(size.bit_length() - 1)):
        one, zero = (
            tf.gather(score, np.flatnonzero(np.arange(size) >> i & 1 == b), axis=-1)
            for b in (1, 0)
        )
        bits.append(tf.reduce_logsumexp(one, -1) - tf.reduce_logsumexp(zero, -1))
    return tf.stack(bits, axis=-1)


def _demap_points(x_hat, no_eff, constellation):
    """Sum over all points of each value of each bit."""
    x_hat = tf.convert_to_tensor(x_hat)
    points = tf.constant(constellation.points, x_hat.dtype)
    log_p = tf.constant(np.log(constellation.probabilities), x_hat.dtype.real_dtype)
    llr = point_llr(x_hat, no_eff, points, log_p)
    num_bits = constellation.num_bits_per_symbol
    shape = tf.shape(x_hat) * ([1] * (x_hat.shape.rank - 1) + [num_bits])
    return tf.reshape(llr, shape)


def _log_sum_exp(terms):
    """Log of the sum of exponentials of a few tensors of one shape."""
    if len(terms) == 1:
        return terms[0]
    if len(terms) == 2:
        largest = tf.maximum(*terms)
        return largest + tf.math.log1p(tf.exp(-tf.abs(terms[0] - terms[1])))
    largest = tf.reduce_max(tf.stack(terms), axis=0)
    return largest + tf.math.log(tf.add_n([tf.exp(t - largest) for t in terms]))
