"""Equaliser and demapper of one antenna: from a channel estimate to LLRs."""

import numpy as np

from commgen.coding.compiled import compiled
from commgen.frame import metric
from commgen.frame.constellation import Constellation
from commgen.frame.frame import Frame
from commgen.frame.qam import pam_labels

_TINY = np.float32(1e-20)  # least gain, as in lmmse_equalize
_MIN_NO = np.float32(1e-30)  # as in demap


def equalize(
    y: np.ndarray, h_hat: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Unbiased LMMSE symbols of one antenna.

    .. math:: a = |\hat{h}|^2 / s, \qquad \hat{x} = \hat{h}^* y / (s\,a), \qquad
              N = 1 / a

    the numbers of :func:`commgen.phy.signal.equalizer.lmmse_equalize` for one stream at
    one antenna.

    Parameters
    ----------
    y, h_hat : [batch, T, F], complex64
        Received grids and channel estimates.
    s : broadcastable to ``y``, float32
        Noise variance plus the error variance of ``h_hat``, above 0.

    Returns
    -------
    x_hat : [batch, T, F], complex64
        Where the channel is zero: zero.
    no_eff : [batch, T, F], float32
        Variance of what is wrong with them. Where the channel is zero: very large.
    """
    return _equalize(y, h_hat, np.broadcast_to(s, y.shape))


@compiled
def _equalize(y, h_hat, s):
    x_hat = np.empty(y.shape, np.complex64)
    no_eff = np.empty(y.shape, np.float32)
    for b in range(y.shape[0]):
        for t in range(y.shape[1]):
            for f in range(y.shape[2]):
                h, over = h_hat[b, t, f], np.float32(1) / s[b, t, f]
                gain = max((h.real * h.real + h.imag * h.imag) * over, _TINY)
                no_eff[b, t, f] = np.float32(1) / gain
                x_hat[b, t, f] = h.conjugate() * y[b, t, f] * (over / gain)
    return x_hat, no_eff


def demap(
    x_hat: np.ndarray,
    no_eff: np.ndarray,
    symbols: int | Constellation,
    *,
    phase_var: float = 0.0,
) -> np.ndarray:
    """Bit log-likelihood ratios, as :func:`commgen.phy.signal.demapper.demap`.

    Parameters
    ----------
    x_hat : [...], complex64
        Symbols, of a constellation with unit mean power.
    no_eff : as ``x_hat``, float32
        Variance of their complex noise. Values under 1e-30 count as 1e-30.
    symbols
        2, 4, 6 or 8 bits of QAM, or a constellation, whose probabilities are the prior.
    phase_var
        Variance of a phase of each symbol that is not known [rad^2], as
        :func:`~commgen.frame.metric.log_likelihood` counts it.

    Returns
    -------
    llr : [..., num_bits_per_symbol], float32
        ln p(1) / p(0), the bits in the order of the mapper.

    Raises
    ------
    ValueError
        If ``symbols`` is anything else, or ``phase_var`` below 0.
    """
    if not 0 <= phase_var < np.inf:
        raise ValueError(f"phase_var must be finite and at least 0, got {phase_var}.")
    if phase_var and not isinstance(symbols, Constellation):
        symbols = Constellation.qam(symbols)
    if isinstance(symbols, Constellation):
        return _demap_points(x_hat, no_eff, symbols, phase_var)
    amplitudes, labels = pam_labels(symbols)
    x = np.ascontiguousarray(x_hat).view(np.float32).reshape(*x_hat.shape, 2)
    inverse = (1 / np.maximum(no_eff, _MIN_NO))[..., None]
    if len(amplitudes) == 1:  # the sign is all there is, and linear in x
        return x * (-4 * np.float32(amplitudes[0]) * inverse)
    u = 2 * np.abs(x) * inverse
    a = amplitudes.astype(np.float32)
    plus, minus = (s * a * u[..., None] - a**2 * inverse[..., None] for s in (1, -1))
    either = np.logaddexp(plus, minus)
    bits = [np.sign(x) * (_log_sum(minus) - _log_sum(plus))]
    for label in labels.T:
        bits.append(
            _log_sum(either[..., label == 1]) - _log_sum(either[..., label == 0])
        )
    llr = np.stack(bits, axis=-2)  # [..., bit of the axis, axis]
    return llr.reshape(*x_hat.shape, symbols)


def _demap_points(x_hat, no_eff, constellation, phase_var):
    shape = np.shape(x_hat)
    no = np.maximum(np.broadcast_to(no_eff, shape), _MIN_NO).ravel()
    llr = np.empty((no.size, constellation.num_bits_per_symbol), np.float32)
    points, log_p = constellation.points, np.log(constellation.probabilities)
    x = np.asarray(x_hat, np.complex128).ravel()
    _sum_points(x, no.astype(np.float64), points, log_p, float(phase_var), llr)
    return llr.reshape(*shape, -1)


@compiled
def _sum_points(x, no, points, log_p, phase_var, llr):
    num_bits, size = llr.shape[1], len(points)
    score, e = np.empty(size), np.empty(size)
    for k in range(len(x)):
        largest, over = -np.inf, 1 / no[k]
        for c in range(size):
            if phase_var == 0.0:  # the metric's first case, without its division
                d = x[k] - points[c]
                found = -(d.real * d.real + d.imag * d.imag) * over
            else:
                found = metric.log_likelihood(x[k], points[c], no[k], phase_var)
            score[c] = log_p[c] + found
            largest = max(largest, score[c])
        for c in range(size):
            e[c] = np.exp(score[c] - largest)
        half = size
        for i in range(num_bits):
            # Labels whose bit i is 1 are the later half; then it is summed out.
            half //= 2
            zero = one = 0.0
            for c in range(half):
                zero += e[c]
                one += e[half + c]
                e[c] += e[half + c]
            if min(zero, one) > 1e-200:
                llr[k, i] = np.log(one / zero)
            else:  # one of them has underflown: its best point is all there is
                llr[k, i] = _best(score, half, 1) - _best(score, half, 0)


@compiled
def _best(score, place, bit):
    """Return the largest score of labels with this bit at this place value."""
    best = -np.inf
    for c in range(len(score)):
        if c // place % 2 == bit:
            best = max(best, score[c])
    return best


def slot_llr(
    frame: Frame, y: np.ndarray, h_hat: np.ndarray, s: np.ndarray
) -> np.ndarray:
    r"""LLRs of the data symbols: :func:`equalize` and :func:`demap` of them.

    With QPSK both are one product, :math:`-2 \sqrt{2}\,\hat{h}^* y / s`.

    Parameters
    ----------
    frame
        The grid.
    y, h_hat, s
        As of :func:`equalize`.

    Returns
    -------
    [batch, num_coded_bits], float32
        ln p(1) / p(0), in the order of the coded bits.
    """
    if frame.symbols == 2:
        s = np.broadcast_to(s, y.shape).reshape(len(y), -1)
        flat = (len(y), -1)
        return _qpsk(y.reshape(flat), h_hat.reshape(flat), s, frame.data_ind)
    x_hat, no_eff = equalize(y, h_hat, s)
    return data_llr(frame, demap(x_hat, no_eff, frame.symbols))


@compiled
def _qpsk(y, h_hat, s, data_ind):
    llr = np.empty((len(y), 2 * len(data_ind)), np.float32)
    for b in range(len(y)):
        for i in range(len(data_ind)):
            k = data_ind[i]
            z = h_hat[b, k].conjugate() * y[b, k]
            scale = np.float32(-2 * 2**0.5) / s[b, k]
            llr[b, 2 * i] = scale * z.real
            llr[b, 2 * i + 1] = scale * z.imag
    return llr


def data_llr(frame: Frame, llr: np.ndarray) -> np.ndarray:
    """Take the LLRs of the data symbols, in the order of the coded bits.

    Parameters
    ----------
    frame
        The grid.
    llr : [batch, T, F, num_bits_per_symbol], float
        Of all elements, as :func:`demap` or a network give them.

    Returns
    -------
    [batch, num_coded_bits], float
    """
    flat = llr.reshape(len(llr), -1, frame.num_bits_per_symbol)
    return np.take(flat, frame.data_ind, axis=1).reshape(len(llr), -1)


def _log_sum(terms: np.ndarray) -> np.ndarray:
    """Log of the sum of exponentials over the last axis."""
    return np.logaddexp.reduce(terms, axis=-1)
