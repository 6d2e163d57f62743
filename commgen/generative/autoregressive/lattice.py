"""Linear prediction of a stationary sequence from its reflection coefficients."""

import numpy as np

from commgen.generative._untyped import ops

_TINY = 1e-6
_LOG_2 = float(np.log(2))


def predictors(raw):
    r"""Return the linear predictions of all orders, and the errors that they leave.

    The Levinson-Durbin recursion (Kay, *Modern Spectral Estimation*, 1988, sec. 6.3)

    .. math:: a^{(i)}_j = a^{(i-1)}_j - k_i\,(a^{(i-1)}_{i-j})^*, \quad
        a^{(i)}_i = k_i, \quad v_i = v_{i-1}\,(1 - |k_i|^2)

    with reflection coefficients :math:`|k_i| < 1`: the prediction
    :math:`\sum_j a_j x_{t-j}` is stable, and a sequence that starts from nothing, with
    one order more at each step, has unit power from its first number on.

    Parameters
    ----------
    raw : [n, num_lags, 2], float
        Any complex numbers z, for :math:`k = \tanh(|z|)\,z / |z|`.

    Returns
    -------
    a : [n, num_lags + 1, num_lags, 2], float
        Multipliers of each order, from 0 on; the last number's first.
    log_vars : [n, num_lags + 1], float
        Logarithms of v.
    """
    num_lags = raw.shape[1]
    rows, log_vars = _recursion(raw)
    rows = [
        ops.pad(row, ((0, 0), (0, num_lags - row.shape[1]), (0, 0))) for row in rows
    ]
    return ops.stack([ops.zeros_like(raw), *rows], axis=1), log_vars


def predictor(raw, order):
    """Return the prediction of one order and the error that it leaves.

    Parameters
    ----------
    raw : [n, num_lags, 2], float
        As :func:`predictors`.
    order : [n], int
        The prediction's, at most ``num_lags``.

    Returns
    -------
    a : [n, num_lags, 2], float
    log_var : [n], float
    """
    used = ops.arange(raw.shape[1])[None] < order[:, None]
    # A coefficient of zero leaves the recursion where it is.
    rows, log_vars = _recursion(raw * ops.cast(used, "float32")[..., None])
    return rows[-1], log_vars[:, -1]


def _recursion(raw):
    """Return the multipliers of each order from 1 on, and all log variances."""
    size = ops.sqrt(ops.sum(raw**2, axis=-1) + _TINY)
    k = raw * (ops.tanh(size) / size)[..., None]
    # ln(1 - tanh^2), which does not vanish by rounding.
    log_left = 2 * (_LOG_2 - size - ops.softplus(-2 * size))
    re, im, rows = k[:, :0, 0], k[:, :0, 1], []
    for i in range(raw.shape[1]):
        r, q = k[:, i : i + 1, 0], k[:, i : i + 1, 1]
        back_re, back_im = ops.flip(re, axis=1), ops.flip(im, axis=1)
        re, im = (
            ops.concatenate([re - r * back_re - q * back_im, r], axis=1),
            ops.concatenate([im - q * back_re + r * back_im, q], axis=1),
        )
        rows.append(ops.stack([re, im], axis=-1))
    return rows, ops.pad(ops.cumsum(log_left, axis=1), ((0, 0), (1, 0)))
