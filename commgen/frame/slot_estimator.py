"""MMSE estimate of the whole slot under a mixture."""

import numpy as np
from scipy.special import i0e, i1e

from commgen.coding.compiled import compiled
from commgen.frame.estimator import FrameEstimator
from commgen.frame.frame import Frame
from commgen.frame.slot_mixture import GridMixture
from commgen.frame.slot_observation import LEAST_NOISE, SlotObservation


class SlotEstimator(FrameEstimator):
    r"""Posterior mean and variance of the slot under a mixture.

    The numbers of :class:`~commgen.phy.SlotPriorEstimator` for one antenna and one
    stream; the formulas are those of
    :class:`~commgen.frame.slot_observation.SlotObservation`.

    Parameters
    ----------
    frame
        The grid.
    mixture
        The prior, over [num_ofdm_symbols, num_effective_subcarriers].
    least
        Components less probable than this share of the most probable one are left out
        of a frame, which saves most of the time; 0 keeps all.

    Input, Output
    -------------
    As in :class:`~commgen.frame.estimator.FrameEstimator`.

    Raises
    ------
    ValueError
        If the mixture is over another grid, or ``least`` is not in 0..1.
    """

    name = "slot"

    def __init__(self, frame: Frame, mixture: GridMixture, *, least: float = 1e-3):
        super().__init__(frame)
        if mixture.event_shape != frame.grid_shape:
            raise ValueError(
                "mixture must have the event_shape [num_ofdm_symbols, "
                f"num_effective_subcarriers] = {frame.grid_shape}, got "
                f"{mixture.event_shape}."
            )
        if not 0 <= least < 1:
            raise ValueError(f"least must be in 0..1, got {least}.")
        observed = SlotObservation.of(mixture, np.flatnonzero(frame.pilot_mask))
        K, _, _, rank = observed.spread.shape
        seen = observed.vectors.conj().transpose(1, 0, 2).reshape(-1, K * rank)
        self._to_seen = observed.projection.conj().astype(np.complex64)
        self._to_parts = seen.astype(np.complex64)
        self._log_weights = mixture.log_weights.astype(np.float32)
        self._least = np.float32(least)
        self._floor = np.float32(mixture.floor)
        self._has_line = observed.has_line
        self._s2 = (observed.singular**2).astype(np.float32)
        self._line = observed.line.astype(np.complex64)
        self._tables = (
            observed.singular.astype(np.float32),
            self._line,
            observed.specular.astype(np.complex64),
            np.ascontiguousarray(observed.spread[:, 0].swapaxes(1, 2), np.complex64),
            observed.prior_power,
            observed.gone[0],
        )
        self._bases = (
            np.ascontiguousarray(mixture.time, np.complex64),
            np.ascontiguousarray(mixture.frequency.T, np.complex64),
        )

    def responsibilities(self, y, no) -> np.ndarray:
        """Return p(k | y), [batch, num_components]; arguments as of a call."""
        return self._posterior(*self._checked(y, no))[1]

    def _estimate(self, y, no):
        z, p, rho = self._posterior(y, no)
        v = np.broadcast_to(no + self._floor, len(y))
        p = np.where(p < self._least * p.max(axis=1, keepdims=True), 0, p)
        p /= p.sum(axis=1, keepdims=True)
        h_hat, err_var = _moments(z, p, rho, v, self._tables, self._bases)
        return h_hat.reshape(y.shape), err_var.reshape(y.shape) + self._floor

    def _posterior(self, y, no):
        """Return what is seen of each component, its probability, and E[exp(j phi)]."""
        pilots = self.matched_pilots(y).reshape(len(y), -1)
        z = (pilots @ self._to_seen @ self._to_parts).reshape(-1, *self._s2.shape)
        v = np.broadcast_to(no + self._floor, len(y))
        reckoned = np.maximum(v, np.float32(LEAST_NOISE))
        fit, inner, shift = _fits(z, reckoned, self._s2, self._line)
        log_p = self._log_weights + fit
        rho = np.zeros_like(inner)
        if self._has_line:
            kappa = 2 * np.abs(inner)
            log_p = log_p + np.log(i0e(kappa)) + kappa - shift
            if np.any(v < reckoned):
                _, inner, _ = _fits(z, v, self._s2, self._line)
            rho = _phases(inner)
        p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
        return z, (p / p.sum(axis=1, keepdims=True)).astype(np.float32), rho


def _phases(inner: np.ndarray) -> np.ndarray:
    """Return E[exp(j phi)] of a phase with 2 |inner| of concentration, complex64."""
    size = np.abs(inner)
    ratio = i1e(2 * size) / i0e(2 * size)
    return (inner * (ratio / np.maximum(size, 1e-30))).astype(np.complex64)


@compiled
def _fits(z, v, s2, line):
    """Log-likelihoods, u^H (S^2 + v)^-1 z and u^H (S^2 + v)^-1 u, each [batch, K]."""
    num, K, rank = z.shape
    fit, shift = np.zeros((num, K), np.float32), np.zeros((num, K), np.float32)
    inner = np.zeros((num, K), np.complex64)
    for b in range(num):
        over = np.float32(1) / v[b]
        for k in range(K):
            for r in range(rank):
                total = np.float32(1) / (s2[k, r] + v[b])
                x, u = z[b, k, r], line[k, r]
                power = x.real * x.real + x.imag * x.imag
                fit[b, k] += power * s2[k, r] * over * total
                fit[b, k] -= np.log1p(s2[k, r] * over)
                inner[b, k] += u.conjugate() * x * total
                shift[b, k] += (u.real * u.real + u.imag * u.imag) * total
    return fit, inner, shift


@compiled
def _moments(z, p, rho, v, tables, bases):
    """Mean and variance on the grid, but for the floor, of components with p > 0.

    In loops: array expressions take Numba twice as long to compile, and run slower.
    """
    s, line, specular, spread, prior, gone = tables
    num, K, rank = z.shape
    size = len(bases[0]) * bases[1].shape[1]
    h_hat = np.zeros((num, size), np.complex64)
    var, apart = np.zeros((num, size), np.float32), np.zeros(size, np.float32)
    parts = np.empty((K, size), np.complex64)
    c = np.empty((2, specular.shape[1]), np.complex64)
    rows = np.empty((bases[0].shape[1], bases[1].shape[1]), np.complex64)
    for b in range(num):
        for i in range(size):
            apart[i] = 0
        for k in range(K):
            share = p[b, k]
            if share == 0:
                continue
            has_line = False
            for i in range(c.shape[1]):
                c[0, i], c[1, i] = rho[b, k] * specular[k, i], specular[k, i]
            _add(var[b], prior[k], share)
            for r in range(rank):
                gain = s[k, r] / (s[k, r] * s[k, r] + v[b])
                x = gain * (z[b, k, r] - rho[b, k] * line[k, r])
                _add_complex(c[0], spread[k, r], x)
                _add(var[b], gone[k, r], -share * s[k, r] * gain)
                if line[k, r] != 0:
                    has_line = True
                    _add_complex(c[1], spread[k, r], -gain * line[k, r])
            if has_line:
                left = 1 - (rho[b, k].real ** 2 + rho[b, k].imag ** 2)
                _to_grid(c[1], bases, rows, parts[k])
                _add_power(apart, parts[k], share * max(left, np.float32(0)))
            _to_grid(c[0], bases, rows, parts[k])
            _add_complex(h_hat[b], parts[k], np.complex64(share))
        for i in range(size):
            var[b, i] = max(var[b, i], np.float32(0)) + apart[i]
        for k in range(K):
            if p[b, k] != 0:
                _add_distance(var[b], parts[k], h_hat[b], p[b, k])
    return h_hat, var


@compiled
def _to_grid(c, bases, rows, out):
    """Write B_t c B_f^T, flat."""
    B_t, B_f = bases
    num_f = len(B_f)
    width = B_f.shape[1]
    for t in range(len(rows)):
        for i in range(width):
            rows[t, i] = 0
        for f in range(num_f):
            _add_complex(rows[t], B_f[f], c[t * num_f + f])
    for t in range(len(B_t)):
        for i in range(width):
            total = np.complex64(0)
            for j in range(len(rows)):
                total += B_t[t, j] * rows[j, i]
            out[t * width + i] = total


@compiled
def _add(y, x, scale):
    for i in range(len(y)):
        y[i] += np.float32(scale) * x[i]


@compiled
def _add_complex(y, x, scale):
    for i in range(len(y)):
        y[i] += scale * x[i]


@compiled
def _add_power(y, x, scale):
    for i in range(len(y)):
        y[i] += np.float32(scale) * (x[i].real * x[i].real + x[i].imag * x[i].imag)


@compiled
def _add_distance(y, x, mean, scale):
    for i in range(len(y)):
        e = x[i] - mean[i]
        y[i] += np.float32(scale) * (e.real * e.real + e.imag * e.imag)
