"""Monotone rational-quadratic splines (Durkan et al., NeurIPS 2019)."""

import numpy as np

from commgen.generative._untyped import ops

# Least share of the interval in a bin, and least slope at a knot.
_LEAST_BIN = 1e-3
_LEAST_SLOPE = 1e-3
# softplus(_UNIT_SLOPE) + _LEAST_SLOPE = 1.
_UNIT_SLOPE = float(np.log(np.expm1(1 - _LEAST_SLOPE)))


def num_spline_parameters(num_bins) -> int:
    """Return how many numbers describe a spline of ``num_bins`` bins."""
    return 3 * num_bins - 1


def spline(x, parameters, interval, *, inverse=False):
    r"""Map x by a monotone spline, the identity outside of an interval.

    In bin k, with :math:`\xi` the position in it, s its mean slope and d the slopes at
    its knots (eqs. 4 and 5 of the source; 6 to 8 for the inverse),

    .. math:: g = y_k + (y_{k+1} - y_k)
        \frac{s\xi^2 + d_k\xi(1-\xi)}{s + (d_{k+1} + d_k - 2s)\,\xi(1-\xi)}

    Parameters
    ----------
    x : [...], float
    parameters : [..., 3 num_bins - 1], float
        Widths, heights, and slopes at the inner knots, before softmax and softplus;
        zeros are the identity.
    interval
        Its two ends.
    inverse
        Map back.

    Returns
    -------
    y : [...], float
        The image of x, or what it is the image of.
    log_slope : [...], float
        ln(dy/dx) of the map that was done.
    """
    low, high = interval
    num = (parameters.shape[-1] + 1) // 3
    inside = ops.logical_and(x > low, x < high)
    u = ops.clip(x, low, high)
    x_knots = _knots(parameters[..., :num], low, high)
    y_knots = _knots(parameters[..., num : 2 * num], low, high)
    slopes = ops.softplus(parameters[..., 2 * num :] + _UNIT_SLOPE) + _LEAST_SLOPE
    ends = ops.ones_like(slopes[..., :1])
    slopes = ops.concatenate([ends, slopes, ends], axis=-1)
    inner = (y_knots if inverse else x_knots)[..., 1:-1]
    k = ops.sum(ops.cast(u[..., None] >= inner, "int32"), axis=-1)
    chosen = ops.one_hot(k, num, dtype="float32")
    x0, x1, y0, y1, d0, d1 = (
        ops.sum(chosen * part, axis=-1)
        for knots in (x_knots, y_knots, slopes)
        for part in (knots[..., :-1], knots[..., 1:])
    )
    s = (y1 - y0) / (x1 - x0)
    bend = d0 + d1 - 2 * s
    if inverse:
        xi = _position(u - y0, y1 - y0, s, d0, bend)
        y = x0 + xi * (x1 - x0)
    else:
        xi = (u - x0) / (x1 - x0)
        y = y0 + (y1 - y0) * (s * xi**2 + d0 * xi * (1 - xi)) / (
            s + bend * xi * (1 - xi)
        )
    rise = d1 * xi**2 + 2 * s * xi * (1 - xi) + d0 * (1 - xi) ** 2
    log_slope = 2 * ops.log(s) + ops.log(rise) - 2 * ops.log(s + bend * xi * (1 - xi))
    log_slope = ops.where(inside, -log_slope if inverse else log_slope, 0.0)
    return ops.where(inside, y, x), log_slope


def _position(rise, height, s, d0, bend):
    """Solve for the position in a bin at which the spline has risen by ``rise``."""
    a = height * (s - d0) + rise * bend
    b = height * d0 - rise * bend
    c = -s * rise
    root = ops.sqrt(ops.maximum(b**2 - 4 * a * c, 0.0))
    return 2 * c / (-b - root)


def _knots(raw, low, high):
    """Return the ends of bins whose shares are a softmax, [..., num + 1]."""
    num = raw.shape[-1]
    shares = _LEAST_BIN + (1 - num * _LEAST_BIN) * ops.softmax(raw, axis=-1)
    inner = low + (high - low) * ops.cumsum(shares, axis=-1)[..., :-1]
    first = ops.full_like(raw[..., :1], low)
    return ops.concatenate([first, inner, ops.full_like(first, high)], axis=-1)
