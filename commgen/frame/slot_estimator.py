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
        return h_hat, err_var + self._floor

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
    """Mean and variance on the grid, but for the floor, of components with p > 0."""
    s, line, specular, spread, prior, gone = tables
    B_t, B_f = bases
    num, _, rank = z.shape
    T, F = len(B_t), B_f.shape[1]
    h_hat = np.zeros((num, T, F), np.complex64)
    err_var = np.zeros((num, T, F), np.float32)
    x, open_ = np.empty(rank, np.complex64), np.empty(rank, np.complex64)
    for b in range(num):
        used = np.flatnonzero(p[b])
        parts = np.empty((len(used), T * F), np.complex64)
        mean = np.zeros(T * F, np.complex64)
        var, apart = np.zeros(T * F, np.float32), np.zeros(T * F, np.float32)
        for i in range(len(used)):
            k = used[i]
            var += p[b, k] * prior[k]
            for r in range(rank):
                gain = s[k, r] / (s[k, r] * s[k, r] + v[b])
                x[r] = gain * (z[b, k, r] - rho[b, k] * line[k, r])
                open_[r] = gain * line[k, r]
                var -= (p[b, k] * s[k, r] * gain) * gone[k, r]
            c = x @ spread[k] + rho[b, k] * specular[k]
            parts[i] = _on_grid(c, B_t, B_f)
            mean += p[b, k] * parts[i]
            left = 1 - (rho[b, k].real ** 2 + rho[b, k].imag ** 2)
            if left > 0 and np.any(line[k] != 0):
                path = _on_grid(specular[k] - open_ @ spread[k], B_t, B_f)
                apart += (p[b, k] * left) * _power(path)
        var = np.maximum(var, np.float32(0)) + apart
        for i in range(len(used)):
            var += p[b, used[i]] * _power(parts[i] - mean)
        h_hat[b], err_var[b] = mean.reshape(T, F), var.reshape(T, F)
    return h_hat, err_var


@compiled
def _on_grid(c, B_t, B_f):
    """Return B_t c B_f^T, flat."""
    rows = c.reshape(B_t.shape[1], B_f.shape[0]) @ B_f
    return (B_t @ rows).reshape(-1)


@compiled
def _power(x):
    return x.real * x.real + x.imag * x.imag
