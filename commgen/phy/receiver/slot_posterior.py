"""Posterior of the channel over a slot whose symbols are known, some with doubt."""

from typing import Any

import numpy as np

from commgen.phy.estimation.covariance import GridCovariance

#: Share of the channel's power that may be left out of the covariance; err_var has it.
TOLERANCE = 1e-6
_CHUNK_BYTES = 32 * 2**20


class SlotPosterior:
    r"""LMMSE estimate of the channel from pilots and soft data symbols.

    .. math:: y_i = \sum_s \bar{x}_{s i} h_{s i} + w_i, \qquad
              \mathrm{E}|w_i|^2 = N_0 + \sum_s \mathrm{E}|h_{s i}|^2 \, v_{s i}

    at resource element :math:`i`, with mean :math:`\bar{x}` and variance :math:`v` of
    what stream :math:`s` sent and the last estimate's :math:`\mathrm{E}|h|^2`: what is
    not known of a symbol counts as white noise (Song, Singer and Sung, "Soft input
    channel estimation for turbo equalization", IEEE Trans. Signal Process. 52(10),
    2004). With :math:`h_s = (G_t \otimes G_f) c_s` and :math:`c \sim \mathcal{CN}(0,
    I)` the posterior of :math:`c` has the precision :math:`I + B^H W B`, and is exact:
    the noise may differ from element to element. Time and frequency are contracted one
    after the other, so that the number of resource elements enters linearly.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter.
    covariance : GridCovariance
        Of the channel of each stream at each antenna, all alike and independent.
    tolerance
        Share of the power that is left out, so that fewer unknowns remain.

    Input
    -----
    y : [batch, num_rx_ant, num_ofdm_symbols, num_effective_subcarriers], complex
        Received grid.
    no
        Noise variance.
    x_mean, x_var : [batch, num_streams, num_ofdm_symbols, num_effective_subcarriers]
        Of what was sent, as of :class:`~commgen.phy.receiver.SoftGrid`.
    h_power : [batch, num_rx_ant, num_streams, num_ofdm_symbols, num_effective_subcarriers], float
        Last estimate of |h|^2, error variance included.

    Output
    ------
    h_hat : as ``h_power``, complex64
    err_var : as ``h_power``, float32

    Raises
    ------
    ValueError
        If the covariance has another size than the grid.
    """  # noqa: E501

    def __init__(
        self,
        resource_grid: Any,
        covariance: GridCovariance,
        *,
        tolerance: float = TOLERANCE,
    ):
        found = (len(covariance.time), len(covariance.frequency))
        num_subcarriers = len(np.asarray(resource_grid.effective_subcarrier_ind))
        wanted = (resource_grid.num_ofdm_symbols, num_subcarriers)
        if found != wanted:
            raise ValueError(
                "covariance must be over the grid's OFDM symbols and effective "
                f"subcarriers, {wanted[0]} and {wanted[1]}, got {found[0]} and "
                f"{found[1]}."
            )
        self._G_t, self._G_f = (
            reduced_root(root, tolerance)
            for root in (covariance.time, covariance.frequency)
        )
        full, kept = (
            np.outer(*((np.abs(G) ** 2).sum(1) for G in pair))
            for pair in (
                (covariance.time, covariance.frequency),
                (self._G_t, self._G_f),
            )
        )
        self._left_out = np.maximum(full - kept, 0)
        self._pairs_t, self._pairs_f = _pairs(self._G_t), _pairs(self._G_f)

    @property
    def rank(self) -> int:
        """Unknowns of one stream at one antenna."""
        return self._G_t.shape[1] * self._G_f.shape[1]

    def __call__(self, y, no, x_mean, x_var, h_power):
        """Return ``h_hat`` and ``err_var``."""
        num_streams, num_rx_ant = x_mean.shape[1], y.shape[1]
        rows = np.indices(y.shape[:2]).reshape(2, -1).T  # a slot at an antenna each
        h_hat = np.empty((len(rows), *h_power.shape[2:]), np.complex64)
        err_var = np.empty(h_hat.shape, np.float32)
        size = num_streams * self.rank
        floats = size**2 + len(self._G_t) * num_streams**2 * self._pairs_f.shape[1]
        step = max(1, _CHUNK_BYTES // (16 * floats))
        for i in range(0, len(rows), step):
            b, r = rows[i : i + step].T
            x = x_mean[b].astype(np.complex128)
            noise = no + np.sum(x_var[b] * h_power[b, r], axis=1, dtype=np.float64)
            part = slice(i, i + len(b))
            h_hat[part], err_var[part] = self._infer(y[b, r], x, 1 / noise)
        shape = (len(y), num_rx_ant, *h_hat.shape[1:])
        return h_hat.reshape(shape), err_var.reshape(shape)

    def _infer(self, y, x, weight):
        """Posterior for rows of y [n, T, F], x [n, S, T, F], weight [n, T, F]."""
        n, num_streams = x.shape[:2]
        r_t, r_f = self._G_t.shape[1], self._G_f.shape[1]
        precision = np.empty((n, num_streams, r_t, r_f, num_streams, r_t, r_f), complex)
        for s in range(num_streams):
            for u in range(num_streams):
                block = self._gram(weight * np.conj(x[:, s]) * x[:, u])
                precision[:, s, :, :, u] = block
        size = num_streams * r_t * r_f
        precision = precision.reshape(n, size, size)
        cov = np.linalg.inv(precision + np.eye(size))
        seen = (weight * y)[:, None] * np.conj(x)
        seen = np.matmul(np.matmul(self._G_t.conj().T, seen), self._G_f.conj())
        c = np.matmul(cov, seen.reshape(n, size, 1)).reshape(n, num_streams, r_t, r_f)
        h = np.matmul(np.matmul(self._G_t, c), self._G_f.T)
        cov = cov.reshape(n, num_streams, r_t, r_f, num_streams, r_t, r_f)
        variance = [self._variance(cov[:, s, :, :, s]) for s in range(num_streams)]
        return h, np.maximum(np.stack(variance, axis=1), 0) + self._left_out

    def _gram(self, weight):
        """Return B^H diag(weight) B, [n, r_t, r_f, r_t, r_f]."""
        r_t, r_f = self._G_t.shape[1], self._G_f.shape[1]
        K = weight @ self._pairs_f  # [n, T, r_f * r_f]
        block = np.matmul(self._pairs_t.T, K)
        return block.reshape(-1, r_t, r_t, r_f, r_f).transpose(0, 1, 3, 2, 4)

    def _variance(self, cov):
        """Return diag(B cov B^H), [n, T, F], of cov [n, r_t, r_f, r_t, r_f]."""
        n, r_t, r_f = cov.shape[:3]
        cov = cov.transpose(0, 1, 3, 2, 4).reshape(n, r_t * r_t, r_f * r_f)
        return np.real(np.matmul(self._pairs_t.conj(), cov) @ self._pairs_f.conj().T)


def reduced_root(root, tolerance: float) -> np.ndarray:
    """Keep the strongest part of a square root G of a covariance."""
    u, s, _ = np.linalg.svd(np.asarray(root, complex), full_matrices=False)
    power = np.cumsum(s[::-1] ** 2)[::-1]  # of this direction and all weaker ones
    keep = power > tolerance * power[0]
    return u[:, keep] * s[keep]


def _pairs(G) -> np.ndarray:
    """Return conj(G[i, a]) G[i, b], [n, rank * rank]."""
    return (np.conj(G)[:, :, None] * G[:, None, :]).reshape(len(G), -1)
